// Endoscopic scenes: a tube with folds, a wall from above, an abdomen with
// instruments, or free tissue, where any shape may be a finding.

import type { Random } from "../base/random.ts";
import { drawAbdomen } from "./abdomen.ts";
import { drawDevelopment } from "./after_effects.ts";
import { drawBackground } from "./background.ts";
import { draftCaptions, draftInset } from "./captions.ts";
import {
  happens,
  logUniform,
  normal,
  pickByShare,
  uniform,
  whole,
} from "./chance.ts";
import { dimSprite, type Draft, stageDrafts } from "./drafts.ts";
import type { Field } from "./field.ts";
import {
  drawBlood,
  drawBubble,
  drawDebris,
  drawFoam,
  drawPool,
} from "./fluids.ts";
import { turnLight } from "./light.ts";
import { drawLook, type Look } from "./look.ts";
import { drawCameraPath } from "./motion.ts";
import { drawWall, lineLook, type Organ } from "./mucosal_wall.ts";
import { drawParisForm, drawPolyp } from "./paris.ts";
import { backgroundSide, type Extent, type Stage } from "./stage.ts";
import { draftThings, draftTool } from "./things.ts";
import { drawUlcer } from "./ulcer.ts";

const VIEWS = { tube: 0.34, wall: 0.2, abdomen: 0.18, free: 0.28 };
const ORGANS = { colon: 0.55, stomach: 0.15, "small bowel": 0.3 };

/**
 * Draws an endoscopic stage.
 *
 * @param shares how often views and findings are drawn, where that is changed
 */
export function drawEndoscopy(
  random: Random,
  extent: Extent,
  { views, findings }: EndoscopyShares = {},
): Stage {
  const { sidePx, frames } = extent;
  const palette = "endoscopic";
  const view = pickByShare(random, { ...VIEWS, ...views });
  const common = drawLook(random, palette, sidePx);
  const scene = view === "free"
    ? drawFree(random, common, extent)
    : view === "abdomen"
    ? drawAbdomen(random, common, extent)
    : drawLumen(random, common, extent, {
      isTube: view === "tube",
      shares: { ...FINDINGS, ...findings },
    });
  const drafts = [...scene.drafts, ...draftOverlay(random, sidePx)];
  return {
    background: scene.background,
    things: stageDrafts(random, drafts, extent),
    camera: drawCameraPath(random, sidePx, frames),
    development: drawDevelopment(random, { palette, sidePx, frames }),
  };
}

function draftOverlay(random: Random, sidePx: number): Draft[] {
  return [
    ...happens(random, 0.05) ? [draftInset(random, sidePx)] : [],
    ...happens(random, 0.1) ? [draftCaptions(random, sidePx)] : [],
  ];
}

function drawFree(random: Random, look: Look, extent: Extent) {
  return {
    background: drawBackground(random, look, backgroundSide(extent)),
    drafts: draftThings(random, look, extent),
  };
}

const FINDINGS = {
  polyp: 0.62,
  ulcer: 0.1,
  instrument: 0.1,
  pool: 0.05,
  blood: 0.04,
  bubble: 0.03,
  foam: 0.03,
  debris: 0.03,
};

type FindingShares = Readonly<Record<keyof typeof FINDINGS, number>>;

/** How often views and findings are drawn; what is left out is as often as by default. */
export type EndoscopyShares = {
  readonly views?: Readonly<Partial<Record<keyof typeof VIEWS, number>>>;
  /** In hollow organs. */
  readonly findings?: Partial<FindingShares>;
};

/** A hollow organ with one to four findings. */
function drawLumen(
  random: Random,
  common: Look,
  extent: Extent,
  { isTube, shares }: {
    readonly isTube: boolean;
    readonly shares: FindingShares;
  },
) {
  const organ = pickByShare(random, ORGANS);
  const look = lineLook(random, common, organ as Organ);
  const side = backgroundSide(extent);
  const { canvas, light } = drawWall(random, look, side, isTube);
  const count = happens(random, 0.55) ? 1 : whole(random, 2, 4);
  const [least, most] = count === 1 ? [0.09, 1.3] : [0.06, 0.7];
  const drafts = Array.from({ length: count }, () => {
    const finding = pickByShare(random, shares);
    if (finding === "instrument") return draftTool(random, look, extent);
    const size = extent.sidePx * logUniform(random, least, most);
    const [x, y] = [0, 0].map(() => uniform(random, 0.12, 0.88));
    return draftFinding(random, look, { finding, size, x, y, light });
  });
  // What comes from the endoscope lies in front of what grows on the wall.
  drafts.sort((a, b) => Number(isTool(a)) - Number(isTool(b)));
  return { background: canvas, drafts };
}

function isTool({ what }: Draft): boolean {
  return what?.kind === "instrument";
}

function draftFinding(
  random: Random,
  look: Look,
  { finding, size, x, y, light }: {
    finding: Exclude<keyof typeof FINDINGS, "instrument">;
    size: number;
    x: number;
    y: number;
    light: Field;
  },
): Draft {
  const angle = normal(random, 0, 1.2);
  const side = Math.max(12, Math.round(size * 1.15));
  const turned = { ...look, light: turnLight(look.light, angle) };
  const { sprite, what } = drawFinding(random, turned, finding, side);
  return {
    sprite: dimSprite(sprite, lightAt(light, x, y)),
    what,
    angle,
    x,
    y,
    isFixed: true,
    shadow: what.detectorClass === "protrusion" ? 0.6 : 0,
  };
}

function drawFinding(
  random: Random,
  look: Look,
  finding: Exclude<keyof typeof FINDINGS, "instrument">,
  sidePx: number,
) {
  const artefact = "fluid artefact" as const;
  switch (finding) {
    case "polyp": {
      const paris = drawParisForm(random);
      const isSunk = paris === "0-IIc" || paris === "0-III";
      return {
        sprite: drawPolyp(random, look, paris, sidePx),
        what: {
          kind: "polyp" as const,
          detectorClass: isSunk ? "depression" as const : "protrusion" as const,
          paris,
        },
      };
    }
    case "ulcer":
      return {
        sprite: drawUlcer(random, look, sidePx),
        what: { kind: "ulcer" as const, detectorClass: "depression" as const },
      };
    case "pool":
      return {
        sprite: drawPool(random, look, sidePx),
        what: { kind: "fluid" as const, detectorClass: artefact },
      };
    case "blood":
      return {
        sprite: drawBlood(random, look, sidePx),
        what: { kind: "blood" as const, detectorClass: artefact },
      };
    case "bubble":
      return {
        sprite: drawBubble(random, sidePx),
        what: { kind: "bubble" as const, detectorClass: artefact },
      };
    case "foam":
      return {
        sprite: drawFoam(random, sidePx),
        what: { kind: "bubble" as const, detectorClass: artefact },
      };
    case "debris":
      return {
        sprite: drawDebris(random, look, sidePx),
        what: { kind: "debris" as const, detectorClass: undefined },
      };
  }
}

/** How much light there is at a place; things in the dark are lit a bit by themselves. */
function lightAt({ width, data }: Field, x: number, y: number): number {
  const column = Math.min(width - 1, Math.floor(x * width));
  const row = Math.min(width - 1, Math.floor(y * width));
  return Math.max(0.25, Math.min(1.1, data[row * width + column])) ** 0.6;
}
