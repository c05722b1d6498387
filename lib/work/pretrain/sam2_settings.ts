// How a SAM 2 is pretrained; everything that makes a run the same run.

import { z } from "zod";
import type { LearnerSettings } from "../../sam2/training/learner.ts";
import { startingShares } from "../../sam2/training/loss.ts";

/** The settings of a run, as they stand in its run.json. */
export const PretrainSettings = z.object({
  seed: z.int().nonnegative(),
  /** Of the input, in pixels. */
  side: z.int().positive().multipleOf(32),
  steps: z.int().positive(),
  /** Steps in which the rate rises. */
  warmup: z.int().nonnegative(),
  /** The highest rate; it falls along a cosine to a share of 0.03. */
  rate: z.number().positive(),
  /** Images of a step on stills, and objects of each. */
  stills: z.object({ images: z.int().positive(), objects: z.int().positive() }),
  clips: z.object({ images: z.int().positive(), objects: z.int().positive() }),
  /** Frames of the clips that are generated; steps use the first 2 to all of them. */
  clipFrames: z.int().min(2),
  /** How many of 100 steps are on stills. */
  stillShare: z.number().min(0).max(1),
  /** Prompts of a still: at most so many passes. */
  passes: z.int().positive(),
  /** How often a scene is used, each time seen differently. */
  reuse: z.int().positive(),
  weightDecay: z.number().nonnegative(),
  averageShare: z.number().min(0).max(1),
  /** Clips of eight frames to validate on. */
  validationClips: z.int().positive(),
});
export type PretrainSettings = z.infer<typeof PretrainSettings>;

/** The recipe of the nano. */
export const nanoSettings: PretrainSettings = {
  seed: 1,
  side: 128,
  steps: 10_000,
  warmup: 200,
  rate: 5e-4,
  stills: { images: 12, objects: 3 },
  clips: { images: 5, objects: 2 },
  clipFrames: 6,
  stillShare: 0.55,
  passes: 4,
  reuse: 1,
  weightDecay: 0.05,
  averageShare: 0.998,
  validationClips: 48,
};

/** What the learner is told. */
export function learnerSettings(
  { weightDecay, averageShare }: PretrainSettings,
): LearnerSettings {
  return {
    adamW: { beta1: 0.9, beta2: 0.98, clipNorm: 1 },
    shares: startingShares,
    weightDecay,
    moduleRates: { encoder: 1, decoder: 1, attention: 1, memory: 1 },
    averageShare,
  };
}

const finalShare = 0.03;

/** The rate of a step, counted from 0. */
export function rateAt(
  step: number,
  { steps, warmup, rate }: PretrainSettings,
): number {
  if (step < warmup) return rate * (step + 1) / warmup;
  const done = (step - warmup) / Math.max(1, steps - warmup);
  const cosine = (1 + Math.cos(Math.PI * Math.min(1, done))) / 2;
  return rate * (finalShare + (1 - finalShare) * cosine);
}
