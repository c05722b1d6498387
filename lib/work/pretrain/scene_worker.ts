// The worker that generates scenes while another core learns from them.

/// <reference lib="deno.worker" />

import { makeScene } from "../../scenes/scene.ts";
import type { SceneOrder } from "./scene_source.ts";

self.onmessage = ({ data }: MessageEvent<SceneOrder>) => {
  const { number, seeds, side, frames } = data;
  const clips = seeds.map((seed) => {
    const scene = makeScene(seed, { side, frames });
    return {
      side,
      images: scene.frames.map(({ image }) => image.data),
      identities: scene.frames.map(({ identities }) => identities.data),
    };
  });
  const buffers = clips.flatMap(({ images, identities }) =>
    [...images, ...identities].map(({ buffer }) => buffer as ArrayBuffer)
  );
  self.postMessage({ number, clips }, buffers);
};
