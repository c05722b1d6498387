// The worker that generates pictures with boxes while another core learns.

/// <reference lib="deno.worker" />

import type { LoadedSample } from "../../yolo/training/sample.ts";
import type { BlockOrder, MadeBlock } from "./block_source.ts";
import { makeDetectorScene } from "./detector_scene.ts";

self.onmessage = (
  { data }: MessageEvent<BlockOrder<{ readonly side: number }>>,
) => {
  const { number, seeds, how } = data;
  const made = seeds.map((seed) => makeDetectorScene(seed, how));
  const buffers = made.map(({ image }) => image.data.buffer as ArrayBuffer);
  self.postMessage({ number, made } satisfies MadeBlock<LoadedSample>, buffers);
};
