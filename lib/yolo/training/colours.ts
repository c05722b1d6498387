// Colours turned: hue, saturation and brightness by chance.

import type { RgbImage } from "../../base/image.ts";
import type { Random } from "../../base/random.ts";

/**
 * Changes the colours of an image in place: the hue is shifted by up to
 * `hue · 360` degrees, saturation and brightness are multiplied.
 */
export function changeColours(
  { data }: RgbImage,
  { amounts, random }: {
    readonly amounts: {
      readonly hue: number;
      readonly saturation: number;
      readonly brightness: number;
    };
    readonly random: Random;
  },
): void {
  const chance = (amount: number) => (2 * random() - 1) * amount;
  const shift = chance(amounts.hue) * 6; // in sixths of the circle
  const saturate = 1 + chance(amounts.saturation);
  const lighten = 1 + chance(amounts.brightness);
  if (shift === 0 && saturate === 1 && lighten === 1) return;
  for (let i = 0; i < data.length; i += 3) {
    const r = data[i], g = data[i + 1], b = data[i + 2];
    const most = Math.max(r, g, b);
    const spread = most - Math.min(r, g, b);
    const value = Math.min(255, most * lighten);
    if (spread === 0) {
      data[i] = data[i + 1] = data[i + 2] = value;
      continue;
    }
    const hue = shifted(hueOf(r, g, b, most, spread), shift);
    const chroma = value * Math.min(1, spread / most * saturate);
    // the three channels of a hue, each a ramp around the circle
    data[i] = value - chroma * ramp(5, hue);
    data[i + 1] = value - chroma * ramp(3, hue);
    data[i + 2] = value - chroma * ramp(1, hue);
  }
}

/** In sixths of the circle, 0..6 from red. */
function hueOf(
  r: number,
  g: number,
  b: number,
  most: number,
  spread: number,
): number {
  if (most === r) return (g - b) / spread;
  return most === g ? 2 + (b - r) / spread : 4 + (r - g) / spread;
}

function shifted(hue: number, by: number): number {
  return (hue + by + 12) % 6;
}

function ramp(start: number, hue: number): number {
  const k = (start + hue) % 6;
  return Math.max(0, Math.min(k, 4 - k, 1));
}
