// How long a click and a tracked frame of a model take, on the sample clip.

import type { RgbImage } from "../../lib/base/image.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import { sampleClipPath } from "../../lib/notebook/sample.ts";
import { propagateMasks } from "../../lib/propagate/propagate.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import { addPrompt } from "../../lib/sam2/interact.ts";
import type { OpenModel } from "../../lib/work/open_model.ts";
import { planWhole } from "../propagate/plan_whole.ts";
import { msOf } from "./measure.ts";

const clicks = 50;
const frameCount = 60;
const warmFrames = 17; // until all memories and pointers are there
const click = { kind: "point", x: 290, y: 200, sign: "+" } as const;

/** Medians in milliseconds; a frame is encoded, tracked with 7 memories and 16 pointers, and remembered. */
export async function measureSpeed({ engine }: OpenModel) {
  const frames = await openFrames(sampleClipPath);
  try {
    const images: RgbImage[] = [];
    for (let i = 0; i < frameCount; i++) images.push(await frames.read(i));
    const place = { frame: 0, frameSize: frames.size };
    const features = await encodeFrame(engine, images[0]);
    const clicked: number[] = [];
    for (let i = 0; i < clicks; i++) {
      clicked.push(
        await msOf(() => addPrompt(engine, features, undefined, click, place)),
      );
    }
    await engine.releaseFeatures(features);
    const source = {
      engine,
      frameCount,
      frameSize: frames.size,
      conditions: new Map([[1, [{ frame: 0, prompts: [click] }]]]),
      readFeatures: (frame: number) => encodeFrame(engine, images[frame]),
    };
    const tracked: number[] = [];
    let lastMs = performance.now();
    const steps = planWhole(1, [0], frameCount);
    for await (const _ of propagateMasks(source, steps)) {
      const nowMs = performance.now();
      tracked.push(nowMs - lastMs);
      lastMs = nowMs;
    }
    return {
      clickMs: median(clicked),
      frameMs: median(tracked.slice(warmFrames)),
    };
  } finally {
    await frames.close();
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
