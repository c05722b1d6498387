// Drafts of things: what each looks like and is called; then numbers, places
// and movements for all of them.

import type { Random } from "../base/random.ts";
import { anyAngle, happens, normal, uniform } from "./chance.ts";
import { drawThingPath, type Path, STILL } from "./motion.ts";
import { noiseField } from "./noise_bank.ts";
import type { Bending, Shadow } from "./placing.ts";
import type { SceneObject } from "./scene_object.ts";
import type { Extent, StagedThing } from "./stage.ts";
import { type Sprite, SPRITE_CHANNELS } from "./surface.ts";

/** A thing before it has its number, and its place in parts of the side. */
export type Draft = {
  readonly sprite: Sprite;
  /** What it is called; left out for what only hides or distracts. */
  readonly what?: Omit<SceneObject, "id">;
  readonly angle: number;
  readonly x: number;
  readonly y: number;
  readonly aspect?: number;
  readonly path?: Path;
  /** Probability of a shadow. */
  readonly shadow?: number;
  /** Things of tissue stay where they grow: they move with the camera alone. */
  readonly isFixed?: boolean;
  /** Written over the picture: the camera does not move it. */
  readonly isOnScreen?: boolean;
};

/** Gives drafts their numbers, in the order of painting, and all that varies. */
export function stageDrafts(
  random: Random,
  drafts: readonly Draft[],
  extent: Extent,
): readonly StagedThing[] {
  let last = 0;
  return drafts.map((draft) => {
    const id = draft.what ? ++last : 0;
    const staged = { thing: stageDraft(random, draft, id, extent) };
    return draft.what ? { ...staged, object: { id, ...draft.what } } : staged;
  });
}

function stageDraft(
  random: Random,
  draft: Draft,
  id: number,
  { sidePx, frames }: Extent,
) {
  const { sprite, angle, x, y, shadow = 0.35, isFixed = false } = draft;
  const isOnScreen = draft.isOnScreen ?? false;
  const path = isOnScreen
    ? () => STILL
    : draft.path ?? drawThingPath(random, { sidePx, frames, isFixed });
  return {
    sprite,
    id,
    x: x * sidePx,
    y: y * sidePx,
    angle,
    aspect: draft.aspect ?? Math.exp(normal(random, 0, 0.2)),
    path,
    isOnScreen,
    shadow: happens(random, shadow) ? drawShadow(random, sidePx) : undefined,
    bending: frames > 1 && !isOnScreen && happens(random, 0.5)
      ? drawBending(random)
      : undefined,
  };
}

function drawShadow(random: Random, sidePx: number): Shadow {
  return {
    strength: uniform(random, 0.1, 0.6),
    dx: normal(random, 0, sidePx * 0.02),
    dy: normal(random, 0, sidePx * 0.02),
    softnessPx: sidePx * uniform(random, 0.006, 0.04),
  };
}

function drawBending(random: Random): Bending {
  const grid = () => noiseField(random, 16, 16, { smooth: true, scale: 0.2 });
  return {
    x: grid(),
    y: grid(),
    strength: uniform(random, 0, 0.06),
    phase: anyAngle(random),
    speed: uniform(random, 0.2, 0.9),
    flattening: happens(random, 0.4) ? uniform(random, 0, 0.25) : 0,
  };
}

/** A sprite in weaker or stronger light. */
export function dimSprite(sprite: Sprite, factor: number): Sprite {
  const data = sprite.data.slice();
  for (let q = 0; q < data.length; q += SPRITE_CHANNELS) {
    data[q] *= factor;
    data[q + 1] *= factor;
    data[q + 2] *= factor;
  }
  return { ...sprite, data };
}
