// The abdomen in keyhole surgery: glossy organs over each other in the dark,
// and instruments that come from the border.

import type { Random } from "../base/random.ts";
import { anyAngle, happens, normal, pick, uniform, whole } from "./chance.ts";
import { type Draft, stageDrafts } from "./drafts.ts";
import type { Canvas } from "./field.ts";
import { drawBlood } from "./fluids.ts";
import type { Look } from "./look.ts";
import { addGlitter } from "./mucosal_wall.ts";
import { STILL } from "./motion.ts";
import { type Colour, drawColour, mixColour } from "./palette.ts";
import { placeThing } from "./placing.ts";
import { drawShape } from "./shapes.ts";
import { backgroundSide, type Extent } from "./stage.ts";
import { drawSurface, SPRITE_CHANNELS } from "./surface.ts";
import { drawStyle, paintTexture } from "./texture.ts";
import { draftTool } from "./things.ts";

const TISSUES: readonly Colour[] = [
  [0.42, 0.16, 0.13], // liver
  [0.3, 0.11, 0.1],
  [0.9, 0.68, 0.25], // fat
  [0.85, 0.6, 0.4],
  [0.85, 0.52, 0.47], // peritoneum
  [0.7, 0.35, 0.3],
  [0.5, 0.48, 0.38], // gallbladder
  [0.8, 0.6, 0.58], // bowel
  [0.6, 0.12, 0.1], // raw surface
];

/** Draws organs as a background, and drafts of instruments, blood and a few organs. */
export function drawAbdomen(random: Random, common: Look, extent: Extent) {
  const look: Look = { ...common, base: drawTissue(random), wetness: 0.7 };
  const side = backgroundSide(extent);
  const size = { width: side, height: side, unit: look.unit };
  let background = paintTexture(random, look.base, calmStyle(random), size);
  const organs = Array.from(
    { length: whole(random, 2, 7) },
    () => draftOrgan(random, look, extent),
  );
  const named = happens(random, 0.45) ? whole(random, 1, 2) : 0;
  const hidden = organs.slice(0, Math.max(0, organs.length - named));
  background = paintOrgans(random, background, hidden, side);
  if (happens(random, 0.5)) addGlitter(random, background, look.unit);
  const drafts = organs.slice(hidden.length);
  if (happens(random, 0.15)) drafts.push(draftBlood(random, look, extent));
  const tools = happens(random, 0.9) || drafts.length === 0
    ? whole(random, 1, 3)
    : 0;
  for (let k = 0; k < tools; k++) {
    drafts.push(draftTool(random, look, extent));
  }
  return { background, drafts };
}

function drawTissue(random: Random): Colour {
  const colour = pick(random, TISSUES);
  return mixColour(
    colour,
    drawColour(random, "endoscopic"),
    uniform(random, 0, 0.4),
  );
}

function calmStyle(random: Random) {
  const style = drawStyle(random, "endoscopic");
  return {
    ...style,
    amplitude: Math.min(0.07, style.amplitude),
    pattern: style.pattern === "vessels" ? "vessels" as const : "none" as const,
  };
}

function draftOrgan(random: Random, look: Look, { sidePx }: Extent): Draft {
  const tissue = {
    ...look,
    base: drawTissue(random),
    style: calmStyle(random),
  };
  const size = Math.round(sidePx * uniform(random, 0.4, 1.5));
  const kind = happens(random, 0.6)
    ? "blob"
    : happens(random, 0.6)
    ? "island"
    : "ellipse";
  const shape = drawShape(random, size, kind);
  const { sprite } = drawSurface(random, shape, tissue, "same");
  return {
    sprite,
    what: { kind: "organ" },
    angle: anyAngle(random),
    x: uniform(random, 0, 1),
    y: uniform(random, 0, 1),
    aspect: Math.exp(normal(random, 0, 0.35)),
    isFixed: true,
    shadow: 0.6,
  };
}

/** Paints organs into the background, where they are no objects. */
function paintOrgans(
  random: Random,
  background: Canvas,
  drafts: readonly Draft[],
  side: number,
): Canvas {
  const layers = {
    canvas: background,
    identities: new Uint8Array(side * side),
    layer: new Float32Array(side * side * SPRITE_CHANNELS),
  };
  for (
    const { thing } of stageDrafts(random, drafts, { sidePx: side, frames: 1 })
  ) {
    placeThing(layers, thing, STILL, 0);
  }
  return background;
}

function draftBlood(random: Random, look: Look, { sidePx }: Extent): Draft {
  const size = Math.max(12, Math.round(sidePx * uniform(random, 0.1, 0.6)));
  return {
    sprite: drawBlood(random, look, size),
    what: { kind: "blood", detectorClass: "fluid artefact" },
    angle: anyAngle(random),
    x: uniform(random, 0.2, 0.8),
    y: uniform(random, 0.2, 0.8),
    isFixed: true,
    shadow: 0,
  };
}
