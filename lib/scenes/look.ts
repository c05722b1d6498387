// The look of a scene: what its background and all its things share.

import type { Random } from "../base/random.ts";
import { drawLight, type Light } from "./light.ts";
import { type Colour, drawColour, type Palette } from "./palette.ts";
import { drawStyle, type TextureStyle } from "./texture.ts";

/** What the things of one scene share. */
export type Look = {
  readonly palette: Palette;
  readonly base: Colour;
  readonly style: TextureStyle;
  readonly light: Light;
  /** Probability of glints. */
  readonly wetness: number;
  /** 1/128 of the picture's side, in pixels. */
  readonly unit: number;
};

/** Draws the look of a scene. */
export function drawLook(
  random: Random,
  palette: Palette,
  sidePx: number,
): Look {
  return {
    palette,
    base: drawColour(random, palette),
    style: drawStyle(random, palette),
    light: drawLight(random),
    wetness: palette === "endoscopic" ? 0.6 : 0.15,
    unit: sidePx / 128,
  };
}
