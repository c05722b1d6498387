// Drift: how much a propagated mask should be doubted, from 0 (sure) to 1.
//
// A logistic score: the estimated probability that the mask's IoU with the
// truth is below 0.75. The default weights were fitted with the shipped model
// on generated clips (tests/bench/drift_bench.ts measures them on real ones);
// the model's own estimate tells most by far. Once a person has verified or
// corrected frames, `calibrateDrift` moves the score to what they found; the
// order of frames stays the same.

import { z } from "zod";
import type { Bitmap } from "../base/image.ts";
import { areaPx, boxOf, centroidOf } from "../masks/bitmap.ts";

/** What drift is made of; each part but the distance is 1 when nothing speaks against the mask. */
export const DriftParts = z.object({
  /** Probability that the object is there, 0..1. */
  presence: z.number(),
  /** The model's own estimate, 0..1. */
  predictedIou: z.number(),
  /** How little the mask changes when its threshold moves by one: the IoU of both cuts. */
  stability: z.number(),
  /** Smaller area over larger area against the frame before. */
  areaKept: z.number(),
  /** One minus the jump of the centroid over the diagonal of the box before. */
  placeKept: z.number(),
  /** IoU of what both directions gave; undefined where only one passed. */
  agreement: z.number().optional(),
  /** Frames to the condition that the mask was tracked from. */
  distance: z.number(),
}).readonly();
/** What drift is made of; each part but the distance is 1 when nothing speaks against the mask. */
export type DriftParts = z.infer<typeof DriftParts>;

/** Compares a mask with the one of the frame before it, in the direction of the pass. */
export function driftParts(
  mask: Bitmap,
  before: Bitmap | undefined,
  { presenceScore, predictedIou, stability, distance }: {
    readonly presenceScore: number;
    readonly predictedIou: number;
    readonly stability: number;
    readonly distance: number;
  },
): DriftParts {
  return {
    presence: presenceScore,
    predictedIou,
    stability,
    areaKept: before ? areaKept(areaPx(mask), areaPx(before)) : 1,
    placeKept: before ? placeKept(mask, before) : 1,
    distance,
  };
}

/** How much each part speaks against a mask where it is 0 instead of 1. */
const weights = {
  presence: 1,
  predictedIou: 10,
  stability: 3,
  areaKept: 0.5,
  placeKept: 0.5,
  agreement: 0.25,
} as const;
const distanceWeight = 0.2; // for each power of e of the distance
const offset = -3.3;

/** A straight line from the score's logit to the calibrated one. */
export type DriftCalibration = {
  readonly slope: number;
  readonly offset: number;
};

/** How the score stands before anything is verified. */
export const uncalibrated: DriftCalibration = { slope: 1, offset: 0 };

/** The score of a mask, 0 (sure) to 1. */
export function driftScore(
  parts: DriftParts,
  { slope, offset }: DriftCalibration = uncalibrated,
): number {
  return logistic(slope * driftLogit(parts) + offset);
}

function driftLogit(parts: DriftParts): number {
  const against = Object.entries(weights).reduce((sum, [name, weight]) => {
    const part = parts[name as keyof typeof weights] ?? 1; // no second direction
    return sum + weight * (1 - Math.min(Math.max(part, 0), 1));
  }, 0);
  return against + distanceWeight * Math.log1p(parts.distance) + offset;
}

/** The part that raises the score most. */
export function strongestDoubt(
  parts: DriftParts,
): keyof typeof weights | "distance" {
  const amounts = Object.entries(weights).map(([name, weight]) => {
    const part = name as keyof typeof weights;
    return { part, amount: weight * (1 - (parts[part] ?? 1)) };
  });
  const far = distanceWeight * Math.log1p(parts.distance);
  return [...amounts, { part: "distance" as const, amount: far }]
    .reduce((a, b) => b.amount > a.amount ? b : a).part;
}

function logistic(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** A propagated mask that a person has judged. */
export type JudgedMask = {
  readonly parts: DriftParts;
  /** IoU of what was propagated with what the person left; 1 where it was accepted. */
  readonly iou: number;
};

const enough = 0.75;
const fewest = 8; // below that the defaults know more
const steps = 50;
const leastSlope = 0.05; // people never turn the order around

/**
 * Fits the score to verified frames (Platt's scaling, held near the defaults by
 * a Gaussian prior of one around slope 1 and offset 0). Stays uncalibrated below
 * eight frames.
 */
export function calibrateDrift(
  judged: readonly JudgedMask[],
): DriftCalibration {
  if (judged.length < fewest) return uncalibrated;
  const points = judged.map(({ parts, iou }) => ({
    logit: driftLogit(parts),
    isWrong: iou < enough ? 1 : 0,
  }));
  let { slope, offset } = uncalibrated;
  for (let step = 0; step < steps; step++) {
    // Newton's method on the log posterior; the prior adds 1 to the diagonal
    let [g0, g1, h00, h01, h11] = [slope - 1, offset, 1, 0, 1];
    for (const { logit, isWrong } of points) {
      const p = logistic(slope * logit + offset);
      g0 += (p - isWrong) * logit;
      g1 += p - isWrong;
      h00 += p * (1 - p) * logit ** 2;
      h01 += p * (1 - p) * logit;
      h11 += p * (1 - p);
    }
    const determinant = h00 * h11 - h01 ** 2;
    slope -= (h11 * g0 - h01 * g1) / determinant;
    offset -= (h00 * g1 - h01 * g0) / determinant;
  }
  return { slope: Math.max(slope, leastSlope), offset };
}

function areaKept(a: number, b: number): number {
  return a === b ? 1 : Math.min(a, b) / Math.max(a, b);
}

function placeKept(mask: Bitmap, before: Bitmap): number {
  const here = centroidOf(mask);
  const there = centroidOf(before);
  const box = boxOf(before);
  if (!here || !there || !box) return 1; // the area already tells
  const diagonal = Math.hypot(box.x1 - box.x0, box.y1 - box.y0);
  return Math.max(
    0,
    1 - Math.hypot(here.x - there.x, here.y - there.y) / diagonal,
  );
}
