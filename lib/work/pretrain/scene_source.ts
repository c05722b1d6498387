// Scenes in blocks, made by a worker while the block before is learnt from.
//
// A block is known by its number: the same seed and number give the same
// scenes, so that a run that goes on after a kill sees what it would have seen.

import type { TrainingClip } from "../../sam2/training/training_clip.ts";

/** What the worker is asked for. */
export type SceneOrder = {
  readonly number: number;
  readonly seeds: readonly number[];
  readonly side: number;
  readonly frames: number;
};

/** A source of blocks of scenes of one kind. */
export type SceneSource = {
  /** The scenes of a block; the next block is begun. */
  block(number: number): Promise<readonly TrainingClip[]>;
  close(): void;
};

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
  const made = new Map<number, Promise<readonly TrainingClip[]>>();
  const waiting = new Map<
    number,
    PromiseWithResolvers<readonly TrainingClip[]>
  >();
  worker.onmessage = (
    { data }: MessageEvent<{ number: number; clips: TrainingClip[] }>,
  ) => {
    waiting.get(data.number)?.resolve(data.clips);
    waiting.delete(data.number); // it would keep the scenes alive
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const error = new Error(`Cannot generate scenes: ${event.message}`);
    for (const { reject } of waiting.values()) reject(error);
  };
  const order = (number: number) => {
    const known = made.get(number);
    if (known) return known;
    const asked = Promise.withResolvers<readonly TrainingClip[]>();
    const { promise } = asked;
    waiting.set(number, asked);
    const seeds = Array.from(
      { length: size },
      (_, i) => seed + number * size + i,
    );
    worker.postMessage({ number, seeds, side, frames } satisfies SceneOrder);
    promise.catch(() => {}); // whoever asks for the block is told
    made.set(number, promise);
    return promise;
  };
  return {
    block: async (number) => {
      const block = order(number);
      order(number + 1);
      for (const old of made.keys()) {
        if (old < number) made.delete(old);
      }
      return await block;
    },
    close: () => worker.terminate(),
  };
}
