// Endoscopic scenes.

import type { Random } from "../base/random.ts";
import { drawDevelopment } from "./after_effects.ts";
import { drawBackground } from "./background.ts";
import { stageDrafts } from "./drafts.ts";
import { drawLook } from "./everyday.ts";
import { drawCameraPath } from "./motion.ts";
import { backgroundSide, type Extent, type Stage } from "./stage.ts";
import { draftThings } from "./things.ts";

/** Draws an endoscopic stage. */
export function drawEndoscopy(random: Random, extent: Extent): Stage {
  const { sidePx, frames } = extent;
  const palette = "endoscopic";
  const look = drawLook(random, palette, sidePx);
  return {
    background: drawBackground(random, look, backgroundSide(extent)),
    things: stageDrafts(random, draftThings(random, look, extent), extent),
    camera: drawCameraPath(random, sidePx, frames),
    development: drawDevelopment(random, { palette, sidePx, frames }),
  };
}
