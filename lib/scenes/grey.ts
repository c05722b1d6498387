// Grey scenes drawn flat: any texture, ultrasound, or shadows of things that
// the rays go through.

import type { Random } from "../base/random.ts";
import { drawDevelopment } from "./after_effects.ts";
import { drawBackground } from "./background.ts";
import { pickByShare, uniform } from "./chance.ts";
import { type Draft, stageDrafts } from "./drafts.ts";
import { drawLook, type Look } from "./look.ts";
import { drawCameraPath } from "./motion.ts";
import { backgroundSide, type Extent, type Stage } from "./stage.ts";
import { type Sprite, SPRITE_CHANNELS } from "./surface.ts";
import { draftThings } from "./things.ts";
import { drawProbe } from "./ultrasound.ts";

const SCANS = { flat: 0.6, ultrasound: 0.27, rays: 0.13 };

/** Draws a grey stage. */
export function drawGrey(random: Random, extent: Extent): Stage {
  const { sidePx, frames } = extent;
  const scan = pickByShare(random, SCANS);
  const drawn = drawLook(random, "grey", sidePx);
  const look = scan === "flat" ? drawn : calm(random, drawn);
  const background = drawBackground(random, look, backgroundSide(extent));
  const tools = scan === "ultrasound" ? 0.05 : 0.14;
  const drafts = draftThings(random, look, extent, { tools });
  const plan = drawDevelopment(random, { palette: "grey", sidePx, frames });
  const probe = scan === "ultrasound" ? drawProbe(random, sidePx) : undefined;
  return {
    background,
    things: stageDrafts(
      random,
      scan === "rays"
        ? drafts.map((draft) => letThrough(random, draft))
        : drafts,
      extent,
    ),
    camera: drawCameraPath(random, sidePx, frames),
    development: probe
      ? { ...plan, probe, border: probe.fan, glints: [], motionBlur: undefined }
      : plan,
  };
}

/** Scanners show smooth tissue of middle greys. */
function calm(random: Random, look: Look): Look {
  const value = uniform(random, 0.15, 0.7);
  const { style } = look;
  return {
    ...look,
    base: [value, value, value],
    style: {
      ...style,
      amplitude: Math.min(0.12, style.amplitude),
      pattern: style.pattern === "patch" ? "patch" : "none",
    },
    wetness: 0,
  };
}

/** Makes a thing transparent; its mask stays. */
function letThrough(random: Random, draft: Draft): Draft {
  const through = uniform(random, 0.2, 0.8);
  const { sprite } = draft;
  const data = sprite.data.slice();
  for (let q = 3; q < data.length; q += SPRITE_CHANNELS) data[q] *= through;
  const seen: Sprite = { ...sprite, data };
  return { ...draft, sprite: seen, shadow: 0 };
}
