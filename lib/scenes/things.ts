// Things of any kind, as the everyday and the free scenes show them: shapes
// and instruments, where and how large, single, in flocks, hidden by others.

import type { Random } from "../base/random.ts";
import {
  anyAngle,
  happens,
  logUniform,
  normal,
  pick,
  uniform,
  whole,
} from "./chance.ts";
import { dimSprite, type Draft } from "./drafts.ts";
import { turnLight } from "./light.ts";
import { drawPassing } from "./motion.ts";
import type { SceneObject } from "./scene_object.ts";
import { drawShape } from "./shapes.ts";
import type { Extent } from "./stage.ts";
import type { Look } from "./look.ts";
import { type Contrast, drawSurface, type Surface } from "./surface.ts";
import { drawTool } from "./tool.ts";

/** Draws one to six things; the last one lies near the middle. */
export function draftThings(
  random: Random,
  look: Look,
  extent: Extent,
  { tools = 0.14 }: { tools?: number } = {},
): Draft[] {
  const count = pick(random, COUNTS);
  const [least, most] = count < 3
    ? [0.09, 1.3]
    : [0.06, count < 4 ? 0.9 : 0.55];
  const drafts = Array.from({ length: count }, (_, k) => {
    if (happens(random, tools)) return draftTool(random, look, extent);
    const size = extent.sidePx * logUniform(random, least, most);
    const place = () =>
      k === count - 1 ? uniform(random, 0.2, 0.8) : uniform(random, 0.05, 0.95);
    return draftShape(random, look, size, { x: place(), y: place() });
  });
  if (happens(random, 0.15)) drafts.push(...flockOf(random, drafts[0]));
  if (extent.frames > 1 && happens(random, 0.2)) {
    drafts.push(draftPasser(random, look, extent));
  }
  return drafts;
}

/** Of twenty scenes: six with one thing, five with two, and so on. */
// deno-fmt-ignore
const COUNTS = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 6, 6];

/** An instrument with its tip around the middle, from any side. */
export function draftTool(
  random: Random,
  look: Look,
  { sidePx }: Extent,
): Draft {
  return {
    sprite: drawTool(random, look, sidePx),
    what: { kind: "instrument", detectorClass: "instrument" },
    angle: anyAngle(random),
    x: 0.5 + normal(random, 0, 0.2),
    y: 0.5 + normal(random, 0, 0.2),
  };
}

/** A shape with a surface. */
export function draftShape(
  random: Random,
  look: Look,
  sizePx: number,
  { x, y, contrast }: { x: number; y: number; contrast?: Contrast },
): Draft {
  const angle = anyAngle(random);
  const side = Math.max(12, Math.round(sizePx * 1.15));
  const turned = { ...look, light: turnLight(look.light, angle) };
  const shape = drawShape(random, side);
  const surface = drawSurface(random, shape, turned, contrast);
  return {
    sprite: surface.sprite,
    what: nameSurface(look, surface),
    angle,
    x,
    y,
  };
}

/** In tissue, what stands out is called a polyp and what is sunk an ulcer. */
function nameSurface(
  { palette }: Look,
  { contrast, relief }: Surface,
): Omit<SceneObject, "id"> {
  if (palette === "grey") return { kind: "lesion" };
  if (palette !== "endoscopic" || contrast === "far" || relief === "flat") {
    return { kind: "thing" };
  }
  return relief === "sunk"
    ? { kind: "ulcer", detectorClass: "depression" }
    : { kind: "polyp", detectorClass: "protrusion" };
}

/** More of the same kind around a thing: the click decides which is meant. */
function flockOf(random: Random, draft: Draft): Draft[] {
  const isNamed = happens(random, 0.7);
  return Array.from({ length: whole(random, 1, 4) }, () => ({
    ...draft,
    sprite: dimSprite(draft.sprite, Math.exp(normal(random, 0, 0.08))),
    what: isNamed ? draft.what : undefined,
    angle: draft.angle + normal(random, 0, 0.6),
    aspect: Math.exp(normal(random, 0, 0.3)),
    x: draft.x + normal(random, 0, 0.3),
    y: draft.y + normal(random, 0, 0.3),
  }));
}

/** Something that crosses the picture in front of all, and is no object. */
function draftPasser(random: Random, look: Look, extent: Extent): Draft {
  const { sidePx, frames } = extent;
  const draft = happens(random, 0.4)
    ? draftTool(random, look, extent)
    : draftShape(random, look, sidePx * logUniform(random, 0.15, 0.6), {
      x: 0.5,
      y: 0.5,
      contrast: "far",
    });
  return {
    ...draft,
    what: undefined,
    x: uniform(random, 0.3, 0.7),
    y: uniform(random, 0.3, 0.7),
    path: drawPassing(random, sidePx, frames),
  };
}
