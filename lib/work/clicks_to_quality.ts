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
import { dice, iou } from "../masks/metrics.ts";
import { type Click, nextClick } from "../masks/next_click.ts";
import type { Frames } from "../media/frames.ts";
import type { WorkOptions } from "./import.ts";
import type { OpenModel } from "./open_model.ts";
import { openImage, type Zoom } from "./segment.ts";
import type { Truth } from "./truth.ts";

/** One object on one frame, clicked until it was good. */
export type ClickTrial = {
  readonly object: number;
  readonly frame: number;
  readonly clicks: readonly Click[];
  /** The IoU after each click. */
  readonly ious: readonly number[];
  /** Dice after each click. */
  readonly dices: readonly number[];
};

/** What was seen in a trial. */
export type SeenTrial = {
  readonly image: RgbImage;
  readonly truth: Bitmap;
  /** The mask after each click. */
  readonly masks: readonly Bitmap[];
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

/** How often one object is clicked. */
export type ClickLimits = {
  /** Default 20. */
  readonly maxClicks?: number;
  /** Stops where the IoU is reached; default 0.95. */
  readonly until?: number;
  /** As many are given at least, unless nothing is wrong any more; default 1. */
  readonly leastClicks?: number;
  /** Default off. */
  readonly zoom?: Zoom;
};

/** Which objects are clicked on which frames, and how often. */
export type ClickOptions = WorkOptions & ClickLimits & {
  /** Default every tenth frame with a truth. */
  readonly frames?: readonly number[];
  /** Takes every trial with its pictures. */
  readonly onTrial?: (
    trial: ClickTrial,
    seen: SeenTrial,
  ) => void | Promise<void>;
};

/** Clicks every object that is there on every chosen frame. */
export async function simulateClicks(
  { model, frames }: {
    readonly model: Pick<OpenModel, "engine">;
    readonly frames: Pick<Frames, "read">;
  },
  truth: Truth,
  {
    frames: chosen = truth.frames.filter((_, i) => i % 10 === 0),
    onTrial,
    onProgress,
    signal,
    ...limits
  }: ClickOptions = {},
): Promise<readonly ClickTrial[]> {
  const report = startProgress("click", chosen.length, { onProgress });
  const trials: ClickTrial[] = [];
  for (const [i, frame] of chosen.entries()) {
    throwIfCancelled(signal, `clicking at frame ${frame}`);
    const image = await frames.read(frame);
    for (const object of truth.objects) {
      const right = await truth.maskAt(object, frame);
      if (isEmpty(right)) continue;
      const { masks, ...clicked } = await clickObject(
        model,
        image,
        right,
        limits,
      );
      const trial = { object, frame, ...clicked };
      trials.push(trial);
      await onTrial?.(trial, { image, truth: right, masks });
    }
    report(i + 1);
  }
  return trials;
}

/** Clicks one object on one image until it is good, from no mask. */
export async function clickObject(
  model: Pick<OpenModel, "engine">,
  image: RgbImage,
  truth: Bitmap,
  { maxClicks = 20, until = 0.95, leastClicks = 1, zoom = "off" }: ClickLimits =
    {},
): Promise<
  Pick<ClickTrial, "clicks" | "ious" | "dices"> & Pick<SeenTrial, "masks">
> {
  const open = openImage(model, image);
  const clicks: Click[] = [];
  const masks: Bitmap[] = [];
  const ious: number[] = [];
  const dices: number[] = [];
  const isGood = () =>
    ious.length >= leastClicks && (ious.at(-1) ?? 0) >= until;
  try {
    while (ious.length < maxClicks && !isGood()) {
      const click = nextClick(truth, masks.at(-1) ?? createBitmap(truth));
      if (!click) break; // nothing is wrong any more
      clicks.push(click);
      const prompts = clicks.map((each) =>
        ({ kind: "point", ...each }) as const
      );
      const { mask } = await open.segment(prompts, { zoom });
      masks.push(mask);
      ious.push(iou(truth, mask));
      dices.push(dice(truth, mask));
    }
  } finally {
    await open.close();
  }
  return { clicks, ious, dices, masks };
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
  trials: readonly Pick<ClickTrial, "ious">[],
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
  trials: readonly Pick<ClickTrial, "ious">[],
): readonly number[] {
  return meanByClicks(trials.map(({ ious }) => ious));
}

/** The mean of values after each click; who got there earlier keeps the last one. */
export function meanByClicks(
  rows: readonly (readonly number[])[],
): readonly number[] {
  const most = Math.max(0, ...rows.map((values) => values.length));
  return Array.from({ length: most }, (_, i) => {
    const values = rows.map((row) => row[i] ?? row.at(-1) ?? 0);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}
