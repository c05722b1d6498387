// Stills or clips of generated scenes, in blocks.

import type { TrainingClip } from "../../sam2/training/training_clip.ts";
import { type BlockSource, openBlockSource } from "./block_source.ts";

/** How the worker is asked to make scenes. */
export type SceneMaking = {
  readonly side: number;
  readonly frames: number;
};

/** A source of blocks of scenes of one kind. */
export type SceneSource = BlockSource<TrainingClip>;

/** Opens a source. */
export function openSceneSource(
  { seed, side, frames, size }: {
    /** The scenes have the seeds from here on. */
    readonly seed: number;
    readonly side: number;
    /** Of each scene; 1 makes stills. */
    readonly frames: number;
    /** Scenes of a block. */
    readonly size: number;
  },
): SceneSource {
  const worker = new Worker(import.meta.resolve("./scene_worker.ts"), {
    type: "module",
  });
  const how: SceneMaking = { side, frames };
  return openBlockSource(worker, { seed, size, how });
}
