// How a SAM 2 is tuned to what a person has verified.

import { z } from "zod";
import type { LearnerSettings } from "../../sam2/training/learner.ts";
import { learnerSettings, nanoSettings } from "../pretrain/sam2_settings.ts";

/** The settings of a tuning, as they stand in its record. */
export const TuneSettings = z.object({
  seed: z.int().nonnegative(),
  steps: z.int().positive(),
  rate: z.number().positive(),
  /** Whether the encoder learns too, at a tenth of the rate. */
  encoder: z.boolean(),
  /** Frames or clips of a step. */
  batch: z.int().positive(),
  /** Frames of the longest clips. */
  clipFrames: z.int().min(2),
  /** How many of 100 steps are on generated scenes, so that what is known is not forgotten. */
  replay: z.number().min(0).max(1),
});
export type TuneSettings = z.infer<typeof TuneSettings>;

/** What is done unless something else is asked for. */
export const defaultTuneSettings: TuneSettings = {
  seed: 1,
  steps: 400,
  rate: 4e-5,
  encoder: false,
  batch: 4,
  clipFrames: 4,
  replay: 0.5,
};

/** What the learner is told: as in pretraining, but for what learns and how far back the average reaches. */
export function tuneLearnerSettings(
  { encoder }: TuneSettings,
): LearnerSettings {
  const pretraining = learnerSettings(nanoSettings);
  return {
    ...pretraining,
    moduleRates: { ...pretraining.moduleRates, encoder: encoder ? 0.1 : 0 },
    averageShare: 0.98,
  };
}

/** Rises over a tenth of the steps, then falls to nothing along a cosine. */
export function tuneRateAt(
  step: number,
  { steps, rate }: TuneSettings,
): number {
  const warmup = Math.max(1, Math.floor(steps / 10));
  if (step < warmup) return rate * (step + 1) / warmup;
  const done = (step - warmup) / Math.max(1, steps - warmup);
  return rate * (1 + Math.cos(Math.PI * done)) / 2;
}
