// What changes from step to step: learning rates, momentum, averages.
//
// Rates fall in a line to a hundredth (or along a cosine), after a warm-up that
// starts from nothing. Defaults and roundings follow MODELS 2.6.

import type { Optimiser } from "./optimise.ts";

/** The settings of a run that the schedule follows. */
export type Schedule = {
  readonly epochs: number;
  readonly batchesPerEpoch: number;
  readonly batch: number;
  /** Gradients are gathered over so many images. */
  readonly nominalBatch: number;
  readonly rate: number;
  /** Share of the rate at the end. */
  readonly lastShare: number;
  readonly isCosine: boolean;
  readonly warmUpEpochs: number;
  /** Rate of the offsets at the start of the warm-up. */
  readonly warmUpOffsetRate: number;
  readonly momentum: number;
  /** Momentum at the start of the warm-up; only where the optimiser warms it up. */
  readonly warmUpMomentum?: number;
};

/** What one batch is learnt with. */
export type StepSettings = {
  /** Of weights, scales, offsets. */
  readonly rates: readonly [number, number, number];
  readonly momentum: number;
  /** Batches whose gradients are gathered before a step. */
  readonly accumulate: number;
};

/** The settings of a batch, counted from 0 over all epochs. */
export function settingsAt(
  schedule: Schedule,
  batchNumber: number,
): StepSettings {
  const epoch = Math.floor(batchNumber / schedule.batchesPerEpoch);
  const full = schedule.rate * shareAt(schedule, epoch);
  const gather = Math.max(
    1,
    Math.round(schedule.nominalBatch / schedule.batch),
  );
  const warmUp = warmUpBatches(schedule);
  if (warmUp === 0 || batchNumber > warmUp) {
    const rates = [full, full, full] as const;
    return { rates, momentum: schedule.momentum, accumulate: gather };
  }
  const from = (start: number, end: number) =>
    start + (end - start) * batchNumber / warmUp;
  const { momentum, warmUpMomentum = momentum } = schedule;
  return {
    rates: [
      from(0, full),
      from(0, full),
      from(schedule.warmUpOffsetRate, full),
    ],
    momentum: from(warmUpMomentum, momentum),
    accumulate: Math.max(
      1,
      Math.round(from(1, schedule.nominalBatch / schedule.batch)),
    ),
  };
}

/** Batches of the warm-up; a short run warms up in all epochs but the last. */
export function warmUpBatches(
  { warmUpEpochs, epochs, batchesPerEpoch }: Schedule,
): number {
  const least = Math.min(warmUpEpochs, epochs - 1);
  return Math.max(0, Math.round(least * batchesPerEpoch));
}

function shareAt(
  { epochs, lastShare, isCosine }: Schedule,
  epoch: number,
): number {
  const done = epoch / epochs;
  const left = isCosine
    ? (1 + Math.cos(Math.PI * done)) / 2
    : Math.max(1 - done, 0);
  return left * (1 - lastShare) + lastShare;
}

/** How much of the moving average stays at an update, counted from 1. */
export function averageShareAt(update: number): number {
  return 0.9999 * (1 - Math.exp(-update / 2000));
}

/** The optimiser and rate that suit a run: AdamW, for very long ones MuSGD. */
export function chooseOptimiser(
  { images, batch, epochs, classCount }: {
    readonly images: number;
    readonly batch: number;
    readonly epochs: number;
    readonly classCount: number;
  },
): { readonly optimiser: Optimiser; readonly rate: number } {
  const updates = Math.ceil(images / Math.max(batch, 64)) * epochs;
  if (updates > 10_000) return { optimiser: "musgd", rate: 0.01 };
  const rate = 0.002 * 5 / (4 + classCount);
  return { optimiser: "adamw", rate: Math.round(rate * 1e6) / 1e6 };
}
