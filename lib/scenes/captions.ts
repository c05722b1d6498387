// What an endoscope's processor writes over its picture: rows of signs, and a
// small picture in a corner. No object; it hides what is below.

import type { Random } from "../base/random.ts";
import { happens, uniform, whole } from "./chance.ts";
import type { Draft } from "./drafts.ts";
import { flatCanvas, flatField } from "./field.ts";
import { drawColour } from "./palette.ts";
import { fillOutline } from "./outline.ts";
import { toSprite } from "./surface.ts";

/** Draws one to five rows of signs near a side of the picture. */
export function draftCaptions(random: Random, sidePx: number): Draft {
  const cell = Math.max(
    1,
    Math.round(sidePx / 128 * uniform(random, 0.7, 1.5)),
  );
  const [columns, rows] = [whole(random, 4, 11), whole(random, 1, 5)];
  const cover = flatField(columns * 4 * cell, rows * 7 * cell);
  for (let row = 0; row < rows; row++) {
    const length = whole(random, 2, columns);
    for (let column = 0; column < length; column++) {
      for (let k = 0; k < 15; k++) {
        if (!happens(random, 0.55)) continue;
        const x = (column * 4 + k % 3) * cell;
        const y = (row * 7 + Math.floor(k / 3)) * cell;
        // deno-fmt-ignore
        fillOutline(cover, [x, y, x + cell, y, x + cell, y + cell, x, y + cell]);
      }
    }
  }
  const { width, height } = cover;
  const white = uniform(random, 0.7, 1.1);
  const canvas = flatCanvas(width, height, [white, white, white]);
  return {
    sprite: toSprite(canvas, cover, cover, [0, 0]),
    angle: 0,
    aspect: 1,
    x: happens(random, 0.7) ? 0.01 : uniform(random, 0.5, 0.9),
    y: uniform(random, 0, 0.9),
    shadow: 0,
    isOnScreen: true,
  };
}

/** Draws a small dark or green picture in the lower left corner. */
export function draftInset(random: Random, sidePx: number): Draft {
  const side = Math.round(sidePx * uniform(random, 0.15, 0.35));
  const colour = happens(random, 0.6)
    ? [0.02, uniform(random, 0.1, 0.6), 0.15] as const
    : drawColour(random, "endoscopic");
  const cover = flatField(side, side, 1);
  return {
    sprite: toSprite(flatCanvas(side, side, colour), cover, cover, [0, 0]),
    angle: 0,
    aspect: 1,
    x: 0,
    y: 1 - side / sidePx,
    shadow: 0,
    isOnScreen: true,
  };
}
