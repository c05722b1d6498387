// How well a predicted mask agrees with the truth: region and boundary.
//
// J (region, intersection over union) and F (boundary) follow the official
// DAVIS evaluation, davis2017/metrics.py (davisvideochallenge/davis2017-evaluation):
// one-pixel boundaries, matched within 0.8 % of the image diagonal.

import type { Bitmap } from "../base/image.ts";
import { areaPx, createBitmap } from "./bitmap.ts";
import { dilate } from "./morphology.ts";
import { requireSameSize } from "./same_size.ts";

/**
 * Intersection over union, DAVIS J; 1 when both masks are empty.
 *
 * @example One pixel shared, three in all
 * ```ts
 * import { iou } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const a = { width: 3, height: 1, data: Uint8Array.of(1, 1, 0) };
 * const b = { width: 3, height: 1, data: Uint8Array.of(0, 1, 1) };
 * equal(iou(a, b), 1 / 3);
 * ```
 */
export function iou(a: Bitmap, b: Bitmap): number {
  const { both, either } = countOverlap(a, b);
  return either === 0 ? 1 : both / either;
}

/** Twice the shared area over the sum of both; 1 when both masks are empty. */
export function dice(a: Bitmap, b: Bitmap): number {
  const { both, either } = countOverlap(a, b);
  return either === 0 ? 1 : 2 * both / (either + both);
}

/**
 * Boundary agreement, DAVIS F: the harmonic mean of precision and recall of
 * the boundary pixels.
 *
 * @param boundThreshold how far boundaries may lie apart: below 1 a share of
 *   the image diagonal (rounded up to pixels), else pixels
 */
export function boundaryF(
  truth: Bitmap,
  prediction: Bitmap,
  { boundThreshold = 0.008 }: { boundThreshold?: number } = {},
): number {
  requireSameSize(truth, prediction);
  const reachPx = boundThreshold >= 1
    ? boundThreshold
    : Math.ceil(boundThreshold * Math.hypot(truth.width, truth.height));
  const wanted = boundaryOf(truth);
  const found = boundaryOf(prediction);
  const wantedPx = areaPx(wanted);
  const foundPx = areaPx(found);
  if (wantedPx === 0 && foundPx === 0) return 1;
  if (wantedPx === 0 || foundPx === 0) return 0;

  const near = countOverlap(found, dilate(wanted, reachPx)).both;
  const met = countOverlap(wanted, dilate(found, reachPx)).both;
  const precision = near / foundPx;
  const recall = met / wantedPx;
  return precision + recall === 0
    ? 0
    : 2 * precision * recall / (precision + recall);
}

/** Pixels that differ from the one to the right, below, or both; one pixel thin. */
function boundaryOf(bitmap: Bitmap): Bitmap {
  const { width, height, data } = bitmap;
  const boundary = createBitmap(bitmap);
  for (let i = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const right = x + 1 < width;
      const below = y + 1 < height;
      const own = data[i] > 0;
      if (
        (right && data[i + 1] > 0 !== own) ||
        (below && data[i + width] > 0 !== own) ||
        (right && below && data[i + width + 1] > 0 !== own)
      ) boundary.data[i] = 1;
    }
  }
  return boundary;
}

function countOverlap(a: Bitmap, b: Bitmap) {
  requireSameSize(a, b);
  let both = 0, either = 0;
  for (let i = 0; i < a.data.length; i++) {
    if (a.data[i] > 0) {
      either++;
      if (b.data[i] > 0) both++;
    } else if (b.data[i] > 0) either++;
  }
  return { both, either };
}
