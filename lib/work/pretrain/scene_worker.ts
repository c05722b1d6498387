// The worker that generates scenes while another core learns from them.

/// <reference lib="deno.worker" />

import { makeScene } from "../../scenes/scene.ts";
import type { TrainingClip } from "../../sam2/training/training_clip.ts";
import type { BlockOrder, MadeBlock } from "./block_source.ts";
import type { SceneMaking } from "./scene_source.ts";

self.onmessage = ({ data }: MessageEvent<BlockOrder<SceneMaking>>) => {
  const { number, seeds, how: { side, frames } } = data;
  const made = seeds.map((seed) => {
    const scene = makeScene(seed, { side, frames });
    return {
      side,
      images: scene.frames.map(({ image }) => image.data),
      identities: scene.frames.map(({ identities }) => identities.data),
    };
  });
  const buffers = made.flatMap(({ images, identities }) =>
    [...images, ...identities].map(({ buffer }) => buffer as ArrayBuffer)
  );
  self.postMessage({ number, made } satisfies MadeBlock<TrainingClip>, buffers);
};
