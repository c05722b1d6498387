// Colours that belong together: tissue, nature, greys, anything.

import type { Random } from "../base/random.ts";
import { clamp01 } from "./field.ts";
import { normal, uniform } from "./chance.ts";

/** Which colours a scene or a thing is made of. */
export type Palette = "endoscopic" | "natural" | "grey" | "free";

/** Red, green and blue, 0 to 1; or a direction between colours. */
export type Colour = readonly [red: number, green: number, blue: number];

/** How often each palette is drawn where any will do. */
export const PALETTE_SHARES: Readonly<Record<Palette, number>> = {
  endoscopic: 0.42,
  natural: 0.3,
  grey: 0.13,
  free: 0.15,
};

/** A colour of a palette. */
export function drawColour(random: Random, palette: Palette): Colour {
  switch (palette) {
    case "endoscopic": {
      const red = uniform(random, 0.35, 0.95);
      const green = red * uniform(random, 0.3, 0.85);
      return [red, green, green * uniform(random, 0.5, 1.1)];
    }
    case "grey": {
      const value = uniform(random, 0.03, 0.95);
      return [value, value, value];
    }
    case "natural": {
      const value = uniform(random, 0.08, 0.9);
      const channel = () =>
        Math.max(0.02, clamp01(value + normal(random, 0, 0.12)));
      return [channel(), channel(), channel()];
    }
    case "free": {
      const channel = () => uniform(random, 0.02, 1);
      return [channel(), channel(), channel()];
    }
  }
}

/** A direction in which the colours of a palette vary, of length 1.7: white minus black. */
export function drawAxis(random: Random, palette: Palette): Colour {
  if (palette === "grey") return [1, 1, 1];
  const common = uniform(random, 0.3, 1);
  const axis = [0, 0, 0].map(() => common + normal(random, 0, 0.35));
  const gain = 1.7 / Math.max(1e-3, Math.hypot(...axis));
  return [axis[0] * gain, axis[1] * gain, axis[2] * gain];
}

/** A colour moved along a direction, kept between nearly black and white. */
export function shiftColour(
  [red, green, blue]: Colour,
  [r, g, b]: Colour,
  amount: number,
): Colour {
  const channel = (value: number) => Math.max(0.02, clamp01(value));
  return [
    channel(red + r * amount),
    channel(green + g * amount),
    channel(blue + b * amount),
  ];
}

/** A colour between two others. */
export function mixColour(a: Colour, b: Colour, t: number): Colour {
  return [
    a[0] + (b[0] - a[0]) * t,
    a[1] + (b[1] - a[1]) * t,
    a[2] + (b[2] - a[2]) * t,
  ];
}
