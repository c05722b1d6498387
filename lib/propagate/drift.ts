// Drift: how much a propagated mask should be doubted, from 0 (sure) to 1.
//
// Until it is calibrated on verified frames: one minus the worst of presence,
// predicted IoU, how far the area stayed the same, and how little the centroid
// jumped against the diagonal of the box.

import type { Bitmap } from "../base/image.ts";
import { areaPx, boxOf, centroidOf } from "../masks/bitmap.ts";

/** What drift is made of; each part is 1 when nothing speaks against the mask. */
export type DriftParts = {
  /** Probability that the object is there, 0..1. */
  readonly presence: number;
  /** The model's own estimate, 0..1. */
  readonly predictedIou: number;
  /** Smaller area over larger area against the frame before. */
  readonly areaKept: number;
  /** One minus the jump of the centroid over the diagonal of the box before. */
  readonly placeKept: number;
};

/** Compares a mask with the one of the frame before it, in the direction of the pass. */
export function driftParts(
  mask: Bitmap,
  before: Bitmap | undefined,
  scores: { readonly presenceScore: number; readonly predictedIou: number },
): DriftParts {
  return {
    presence: scores.presenceScore,
    predictedIou: scores.predictedIou,
    areaKept: before ? areaKept(areaPx(mask), areaPx(before)) : 1,
    placeKept: before ? placeKept(mask, before) : 1,
  };
}

/** One minus the weakest part, cut to 0..1. */
export function driftScore(parts: DriftParts): number {
  const weakest = Math.min(...Object.values(parts));
  return 1 - Math.min(Math.max(weakest, 0), 1);
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
