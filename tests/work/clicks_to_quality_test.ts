import { deepEqual, equal, ok } from "node:assert/strict";
import {
  clicksNeeded,
  readTruth,
  sampleTruthPath,
  simulateClicks,
} from "medannotate";
import { openFrames } from "../../lib/media/open_frames.ts";
import { sampleClipPath } from "../../lib/notebook/sample.ts";
import { meanIouByClicks } from "../../lib/work/clicks_to_quality.ts";
import { openSmallModel } from "./small_clip.ts";

const trial = { object: 1, frame: 0 };

Deno.test("clicksNeeded() counts a mask that never gets there with all clicks", () => {
  const trials = [{ ...trial, ious: [0.9] }, { ...trial, ious: [0.1, 0.2] }];
  const { meanClicks, reached } = clicksNeeded(trials, 0.9, { maxClicks: 20 });
  deepEqual([meanClicks, reached], [10.5, 1]); // (1 + 20) / 2
});

Deno.test("meanIouByClicks() keeps the last IoU of whoever was done", () => {
  const trials = [{ ...trial, ious: [1] }, { ...trial, ious: [0.25, 0.5] }];
  deepEqual(meanIouByClicks(trials), [0.625, 0.75]);
  deepEqual(meanIouByClicks([]), []);
});

Deno.test("simulateClicks() stops where the mask is good, and skips objects that are not there", async () => {
  const frames = await openFrames(sampleClipPath);
  const model = await openSmallModel();
  try {
    const truth = await readTruth(sampleTruthPath, frames);
    const options = { frames: [0, 45], maxClicks: 4, until: 0.6 };
    const trials = await simulateClicks({ model, frames }, truth, options);
    const places = trials.map(({ object, frame }) => [object, frame]);
    deepEqual(places, [[1, 0], [1, 45], [2, 45]]);
    for (const { ious } of trials) {
      ok(ious.length === 4 || ious[ious.length - 1] >= 0.6);
      equal(ious.slice(0, -1).some((iou) => iou >= 0.6), false);
    }
  } finally {
    await model.close();
    await frames.close();
  }
});
