// Everyday scenes: land, water, walls or any texture behind things of any kind.

import type { Random } from "../base/random.ts";
import { drawDevelopment } from "./after_effects.ts";
import { drawBackground } from "./background.ts";
import { happens, pickByShare } from "./chance.ts";
import { type Draft, stageDrafts } from "./drafts.ts";
import { drawLandscape, drawWalls } from "./landscape.ts";
import { drawLook } from "./look.ts";
import { drawCameraPath } from "./motion.ts";
import { backgroundSide, type Extent, type Stage } from "./stage.ts";
import { type Sprite, SPRITE_CHANNELS } from "./surface.ts";
import { draftThings } from "./things.ts";

/** Draws an everyday stage; one in seven is of colours of any kind. */
export function drawEveryday(random: Random, extent: Extent): Stage {
  const { sidePx, frames } = extent;
  const palette = happens(random, 0.15) ? "free" : "natural";
  const look = drawLook(random, palette, sidePx);
  const side = backgroundSide(extent);
  const layout = pickByShare(random, {
    texture: 0.55,
    land: 0.33,
    walls: 0.12,
  });
  const background = layout === "texture"
    ? drawBackground(random, look, side)
    : layout === "land"
    ? drawLandscape(random, look, side)
    : drawWalls(random, look, side);
  let drafts = draftThings(random, look, extent, { tools: 0.07 });
  if (layout === "land" && happens(random, 0.3)) {
    drafts = mirrored(drafts, sidePx);
  }
  return {
    background,
    things: stageDrafts(random, drafts, extent),
    camera: drawCameraPath(random, sidePx, frames),
    development: drawDevelopment(random, { palette, sidePx, frames }),
  };
}

/** Puts a faint mirrored copy below each thing, as on water. */
function mirrored(drafts: readonly Draft[], sidePx: number): Draft[] {
  return drafts.flatMap((draft) => {
    const { sprite } = draft;
    const below = {
      ...draft,
      sprite: reflection(sprite),
      what: undefined,
      angle: -draft.angle,
      y: draft.y + 0.7 * sprite.height / sidePx,
      shadow: 0,
    };
    return [below, draft];
  });
}

/** A sprite upside down, half seen, covering nothing. */
function reflection(sprite: Sprite): Sprite {
  const { width, height, data: from } = sprite;
  const data = new Float32Array(from.length);
  const row = width * SPRITE_CHANNELS;
  for (let y = 0; y < height; y++) {
    data.set(from.subarray(y * row, (y + 1) * row), (height - 1 - y) * row);
  }
  for (let q = 0; q < data.length; q += SPRITE_CHANNELS) {
    data[q] *= 0.7;
    data[q + 1] *= 0.7;
    data[q + 2] *= 0.75;
    data[q + 3] *= 0.55;
    data[q + 4] = 0;
  }
  return { ...sprite, data, anchorY: height - sprite.anchorY };
}
