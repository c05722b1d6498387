// Clicks to quality: how often a person has to click until a mask is good.
//
// The person is simulated (masks/next_click.ts): from no mask, each click goes
// into the middle of the worst error, until the mask agrees with the truth or
// the clicks are used up. NoC, the number of clicks, is counted as in RITM's
// evaluation: a mask that never gets there counts with all clicks.

import type { Bitmap, RgbImage } from "../base/image.ts";
import { throwIfCancelled } from "../base/errors.ts";
import { startProgress } from "../base/progress.ts";
import { createBitmap, isEmpty } from "../masks/bitmap.ts";
import { iou } from "../masks/metrics.ts";
import { nextClick } from "../masks/next_click.ts";
import type { Frames } from "../media/frames.ts";
import { toFrameMask } from "../propagate/propagate.ts";
import type { Engine } from "../sam2/engine.ts";
import { encodeFrame } from "../sam2/image.ts";
import { addPrompt, type Interaction } from "../sam2/interact.ts";
import type { WorkOptions } from "./import.ts";
import type { OpenModel } from "./open_model.ts";
import type { Truth } from "./truth.ts";

/** One object on one frame, clicked until it was good. */
export type ClickTrial = {
  readonly object: number;
  readonly frame: number;
  /** The IoU after each click. */
  readonly ious: readonly number[];
};

/** How many clicks a quality takes. */
export type ClicksNeeded = {
  readonly quality: number;
  /** Mean number of clicks, NoC. */
  readonly meanClicks: number;
  /** Trials that got there. */
  readonly reached: number;
  readonly trials: number;
};

/** Which objects are clicked on which frames, and how often. */
export type ClickOptions = WorkOptions & {
  /** Default every tenth frame with a truth. */
  readonly frames?: readonly number[];
  readonly maxClicks?: number;
  /** Stops where the IoU is reached; default 0.95. */
  readonly until?: number;
};

/** Clicks every object that is there on every chosen frame. */
export async function simulateClicks(
  { model, frames }: {
    readonly model: OpenModel;
    readonly frames: Frames;
  },
  truth: Truth,
  {
    frames: chosen = truth.frames.filter((_, i) => i % 10 === 0),
    maxClicks = 20,
    until = 0.95,
    onProgress,
    signal,
  }: ClickOptions = {},
): Promise<readonly ClickTrial[]> {
  const report = startProgress("click", chosen.length, { onProgress });
  const trials: ClickTrial[] = [];
  for (const [i, frame] of chosen.entries()) {
    throwIfCancelled(signal, `clicking at frame ${frame}`);
    const image = await frames.read(frame);
    for (const object of truth.objects) {
      const mask = await truth.maskAt(object, frame);
      if (isEmpty(mask)) continue;
      const stop = { maxClicks, until };
      const ious = await clickUntil(model.engine, image, mask, stop);
      trials.push({ object, frame, ious });
    }
    report(i + 1);
  }
  return trials;
}

async function clickUntil(
  engine: Engine,
  image: RgbImage,
  truth: Bitmap,
  { maxClicks, until }: { maxClicks: number; until: number },
): Promise<number[]> {
  const features = await encodeFrame(engine, image);
  const frameSize = { width: image.width, height: image.height };
  const ious: number[] = [];
  let given: Interaction | undefined;
  let shown = createBitmap(frameSize);
  try {
    while (ious.length < maxClicks && (ious.at(-1) ?? 0) < until) {
      const click = nextClick(truth, shown);
      if (!click) break; // nothing is wrong any more
      const prompt = { kind: "point", ...click } as const;
      const place = { frame: 0, frameSize };
      given = await addPrompt(engine, features, given, prompt, place);
      shown = toFrameMask(given.result.lowRes, frameSize);
      ious.push(iou(truth, shown));
    }
  } finally {
    await engine.releaseFeatures(features);
  }
  return ious;
}

/**
 * Counts the clicks that a quality takes.
 *
 * @example One mask is good after two clicks, one never
 * ```ts
 * import { clicksNeeded } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const trials = [{ object: 1, frame: 0, ious: [0.5, 0.9] }, { object: 1, frame: 9, ious: [0.2, 0.3] }];
 * const needed = clicksNeeded(trials, 0.8, { maxClicks: 4 });
 * deepEqual(needed, { quality: 0.8, meanClicks: 3, reached: 1, trials: 2 }); // (2 + 4) / 2
 * ```
 */
export function clicksNeeded(
  trials: readonly ClickTrial[],
  quality: number,
  { maxClicks = 20 }: { maxClicks?: number } = {},
): ClicksNeeded {
  const counts = trials.map(({ ious }) =>
    ious.findIndex((value) => value >= quality) + 1
  );
  const total = counts.reduce((sum, count) => sum + (count || maxClicks), 0);
  return {
    quality,
    meanClicks: total / trials.length,
    reached: counts.filter((count) => count > 0).length,
    trials: trials.length,
  };
}

/** The mean IoU after each click; who got there earlier keeps the last one. */
export function meanIouByClicks(
  trials: readonly ClickTrial[],
): readonly number[] {
  const most = Math.max(0, ...trials.map(({ ious }) => ious.length));
  return Array.from({ length: most }, (_, i) => {
    const values = trials.map(({ ious }) => ious[i] ?? ious.at(-1) ?? 0);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}
