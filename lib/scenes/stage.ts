// A stage: all that a clip shows, before it is filmed; and the filming.

import type { Random } from "../base/random.ts";
import { develop, type Development } from "./after_effects.ts";
import { placeBackground } from "./camera_view.ts";
import type { Canvas } from "./field.ts";
import type { Film } from "./film.ts";
import type { Path } from "./motion.ts";
import { type Layers, placeThing, type Thing } from "./placing.ts";
import type { SceneImage, SceneObject } from "./scene_object.ts";
import { SPRITE_CHANNELS } from "./surface.ts";

/** How large the picture is and how many frames there are. */
export type Extent = { readonly sidePx: number; readonly frames: number };

/** All that a clip shows. */
export type Stage = {
  readonly background: Canvas;
  readonly things: readonly StagedThing[];
  readonly camera: Path;
  readonly development: Development;
};

/** A thing, and what it is called when it is an object; others only hide or distract. */
export type StagedThing = {
  readonly thing: Thing;
  readonly object?: SceneObject;
};

/** The side of a background: a moving camera sees more than one picture's worth. */
export function backgroundSide({ sidePx, frames }: Extent): number {
  return frames > 1 ? sidePx + 2 * Math.round(sidePx * 0.25) : sidePx;
}

/** The film of a stage. */
export function filmStage(random: Random, stage: Stage, sidePx: number): Film {
  return {
    objects: stage.things.flatMap(({ object }) => object ?? []),
    frame: (time) => takePicture(random, stage, sidePx, time),
  };
}

function takePicture(
  random: Random,
  { background, things, camera, development }: Stage,
  sidePx: number,
  time: number,
): SceneImage {
  const size = { width: sidePx, height: sidePx };
  const pixels = sidePx * sidePx;
  const layers: Layers = {
    canvas: { ...size, data: new Float32Array(pixels * 3) },
    identities: new Uint8Array(pixels),
    layer: new Float32Array(pixels * SPRITE_CHANNELS),
  };
  const pose = camera(time);
  placeBackground(background, layers.canvas, pose);
  for (const { thing } of things) placeThing(layers, thing, pose, time);
  const { border } = development;
  if (border) {
    border.data.forEach((seen, i) => {
      if (seen < 0.5) layers.identities[i] = 0;
    });
  }
  const data = develop(random, layers.canvas, development, time);
  return {
    image: { ...size, data },
    identities: { ...size, data: layers.identities },
  };
}
