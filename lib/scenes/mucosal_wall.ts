// Walls of hollow organs: lining, vessels, folds or hills, glitter.

import type { Random } from "../base/random.ts";
import { shadeRelief } from "./background.ts";
import { happens, uniform } from "./chance.ts";
import { type Canvas, clamp01, type Field, flatField } from "./field.ts";
import { drawTubeLight } from "./folds.ts";
import type { Look } from "./look.ts";
import { noiseField } from "./noise_bank.ts";
import { type Colour, drawAxis, type Palette } from "./palette.ts";
import { paintTexture, paintVessels } from "./texture.ts";

/** A wall, and the light at each of its points. */
export type Wall = { readonly canvas: Canvas; readonly light: Field };

/** Which organ is looked into, and by what. */
export type Organ = "colon" | "stomach" | "small bowel";

/** The colours of a lining. */
export function drawLining(random: Random, organ: Organ): Colour {
  const bright = uniform(random, 0.5, 0.95);
  switch (organ) {
    case "colon": {
      const green = bright * uniform(random, 0.42, 0.75);
      return [bright, green, green * uniform(random, 0.65, 1)];
    }
    case "stomach": {
      const green = bright * uniform(random, 0.35, 0.6);
      return [bright, green, green * uniform(random, 0.5, 0.85)];
    }
    // Capsules see in the light of bile.
    case "small bowel": {
      const green = bright * uniform(random, 0.5, 0.9);
      return [bright, green, green * uniform(random, 0.2, 0.65)];
    }
  }
}

/** A calm look for a lining: few noises, no stripes. */
export function lineLook(random: Random, look: Look, organ: Organ): Look {
  const palette: Palette = "endoscopic";
  return {
    ...look,
    palette,
    base: drawLining(random, organ),
    style: {
      palette,
      amplitude: Math.exp(uniform(random, Math.log(0.012), Math.log(0.09))),
      axis: drawAxis(random, palette),
      secondAxis: drawAxis(random, palette),
      grain: happens(random, 0.4) ? uniform(random, 0, 0.03) : 0,
      pattern: happens(random, 0.35) ? "vessels" : "none",
    },
    wetness: 0.75,
  };
}

/** Paints a wall as seen along a tube (`isTube`) or from straight above. */
export function drawWall(
  random: Random,
  look: Look,
  sidePx: number,
  isTube: boolean,
): Wall {
  const { unit } = look;
  const size = { width: sidePx, height: sidePx, unit };
  const canvas = paintTexture(random, look.base, look.style, size);
  if (happens(random, 0.3)) {
    paintVessels(random, canvas, "endoscopic", unit * uniform(random, 0.5, 1));
  }
  if (happens(random, isTube ? 0.5 : 0.8)) shadeRelief(random, canvas, look);
  if (!isTube) {
    if (happens(random, 0.5)) addGlitter(random, canvas, unit);
    return { canvas, light: flatField(sidePx, sidePx, 1) };
  }
  const { light, crests } = drawTubeLight(random, sidePx, unit);
  for (let i = 0, p = 0; i < light.data.length; i++, p += 3) {
    canvas.data[p] *= light.data[i];
    canvas.data[p + 1] *= light.data[i];
    canvas.data[p + 2] *= light.data[i];
  }
  if (happens(random, 0.65)) addGlitter(random, canvas, unit, crests);
  return { canvas, light };
}

/** Small glints in patches; more of them where `where` is high. */
export function addGlitter(
  random: Random,
  { width, height, data }: Canvas,
  unit: number,
  where?: Field,
) {
  const fine = noiseField(random, width, height, { unit, scale: 0.35 });
  const patches = noiseField(random, width, height, { unit, smooth: true });
  const least = uniform(random, 1.6, 2.8);
  const strength = uniform(random, 0.4, 1);
  const attraction = uniform(random, 0.5, 2.5);
  for (let i = 0, p = 0; i < fine.data.length; i++) {
    const here = fine.data[i] + 0.5 * patches.data[i] +
      (where ? attraction * where.data[i] : 0);
    const a = strength * clamp01((here - least) * 2.5);
    for (let c = 0; c < 3; c++, p++) data[p] += (1.1 - data[p]) * a;
  }
}
