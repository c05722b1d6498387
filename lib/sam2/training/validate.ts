// How good a learner is on clips that it has never seen.
//
// Stills: the first frame of every clip, with three clicks, each where a person
// would click next. Tracking: the other frames, from the mask of these clicks.

import type { Bitmap } from "../../base/image.ts";
import { createBitmap } from "../../masks/bitmap.ts";
import { iou } from "../../masks/metrics.ts";
import { nextClick } from "../../masks/next_click.ts";
import { batchTruths, type Sam2Batch } from "./batch.ts";
import { attentionCall, type Remembered } from "./clip_step.ts";
import type { Sam2Learner } from "./learner.ts";
import {
  choosePasses,
  chosenLogits,
  chosenPointers,
  clampLogits,
  gatedLogits,
  toHalfMask,
} from "./passes.ts";
import { type Asked, promptTensors } from "./simulated_prompts.ts";
import { encodeBatch, passOf } from "./still_step.ts";

/** Mean IoUs, of masks at half the side. */
export type Sam2Validation = {
  /** After 1, 2 and 3 clicks on the first frame. */
  readonly iouByClicks: readonly number[];
  /** On every later frame where the object is. */
  readonly iouByFrame: readonly number[];
  /** The mean of 1 click, 3 clicks and all later frames. */
  readonly score: number;
};

const clicks = 3;

/** Validates on batches of one object for each clip, all of one length. */
export async function validateSam2(
  learner: Sam2Learner,
  batches: readonly Sam2Batch[],
): Promise<Sam2Validation> {
  const byClicks: number[][] = Array.from({ length: clicks }, () => []);
  const byFrame: number[][] = [];
  for (const batch of batches) {
    await validateBatch(learner, batch, { byClicks, byFrame });
  }
  const iouByClicks = byClicks.map(mean);
  const iouByFrame = byFrame.slice(1).map(mean);
  const tracked = mean(byFrame.slice(1).flat());
  const score = (iouByClicks[0] + iouByClicks[clicks - 1] + tracked) / 3;
  return { iouByClicks, iouByFrame, score };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

async function validateBatch(
  learner: Sam2Learner,
  batch: Sam2Batch,
  { byClicks, byFrame }: {
    readonly byClicks: readonly number[][];
    readonly byFrame: number[][];
  },
) {
  const { side, clips, objects } = batch;
  const shape = { images: clips.length, side, objects: objects[0].length };
  const frames = clips[0].images.length;
  const tracked: Remembered[] = [];
  for (let t = 0; t < frames; t++) {
    const { maps } = await encodeBatch(learner, batch, { frame: t });
    const truths = batchTruths(batch, t);
    const attention = t === 0
      ? undefined
      : attentionCall(learner, shape, { fpn2: maps.fpn2, tracked });
    const pixels = attention
      ? (await learner.run(
        { ...attention.call, way: "forward" },
        attention.feeds,
      )).pixels
      : maps.fpn2;
    let asked: Asked = { points: truths.map(() => []) };
    let found: readonly Bitmap[] = truths.map((truth) => createBitmap(truth));
    const passes = t === 0 ? clicks : 1;
    for (let k = 0; k < passes; k++) {
      if (t === 0) asked = withNextClicks(asked, truths, found);
      const { isAmbiguous, ...prompts } = promptTensors(asked, side);
      const picksBest = t === 0
        ? isAmbiguous
        : learner.weights.config.multimaskForTracking;
      const pass = passOf(
        await learner.run({
          module: "decoder",
          way: "forward",
          ...shape,
          points: prompts.labels.dims[1],
          from: t === 0 ? "encoder" : "attention",
          choice: picksBest ? "best" : "single",
          lossSide: side / 2,
          isRemembered: false,
        }, { pixels, fpn0: maps.fpn0, fpn1: maps.fpn1, ...prompts }),
      );
      const chosen = choosePasses(pass, picksBest);
      const logits = chosenLogits(pass, chosen);
      found = logits.map((own, i) =>
        t > 0 && pass.objectScore.data[i] <= 0
          ? createBitmap(truths[i])
          : toHalfMask(own, side / 4)
      );
      const there = truths.flatMap((truth, i) =>
        truth.data.includes(1) ? [iou(truth, found[i])] : []
      );
      if (t === 0) byClicks[k].push(...there);
      asked = { ...asked, masks: logits.map(clampLogits) };
      if (k < passes - 1) continue;
      (byFrame[t] ??= []).push(...there);
      const { memory } = await learner.run(
        { module: "memory", way: "forward", ...shape },
        {
          fpn2: maps.fpn2,
          mask: gatedLogits(logits, pass),
          objectScore: pass.objectScore,
          isPrompted: {
            dims: [truths.length, 1, 1, 1],
            data: new Float32Array(truths.length).fill(t === 0 ? 1 : 0),
          },
        },
      );
      const pointer = chosenPointers(pass, chosen);
      tracked.push({ pointer, memory: { value: memory } });
    }
  }
}

/** A click more for every object; where nothing is wrong any more, the last one again. */
function withNextClicks(
  { points, masks }: Asked,
  truths: readonly Bitmap[],
  found: readonly Bitmap[],
): Asked {
  return {
    masks,
    points: points.map((own, i) => {
      const click = nextClick(truths[i], found[i]);
      const next = click
        ? {
          x: 2 * click.x + 0.5,
          y: 2 * click.y + 0.5,
          label: click.sign === "+" ? 1 : 0,
        }
        : own.at(-1) ?? { x: 0, y: 0, label: 1 };
      return [...own, next];
    }),
  };
}
