// The simulated annotator: where a person would click next.
//
// As in RITM's evaluation (SamsungLabs/ritm_interactive_segmentation,
// isegm/inference/clicker.py): of what is missing and what is too much, the
// error with the greater inner distance gets the click, at its deepest pixel.

import type { Bitmap } from "../base/image.ts";
import { subtract } from "./bitmap.ts";
import { findDeepest } from "./distance.ts";

/** A click on a pixel: "+" asks for more of the object there, "-" for less. */
export type Click = {
  readonly x: number;
  readonly y: number;
  readonly sign: "+" | "-";
};

/**
 * Finds the click that corrects the worst error; undefined when there is none.
 *
 * @example The first click goes into the middle of the object
 * ```ts
 * import { createBitmap, nextClick } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const truth = { width: 3, height: 3, data: new Uint8Array(9).fill(1) };
 * deepEqual(nextClick(truth, createBitmap(truth)), { x: 1, y: 1, sign: "+" });
 * ```
 */
export function nextClick(
  truth: Bitmap,
  prediction: Bitmap,
): Click | undefined {
  const missing = findDeepest(subtract(truth, prediction));
  const tooMuch = findDeepest(subtract(prediction, truth));
  const missingDepth = missing?.depthSquared ?? 0;
  const tooMuchDepth = tooMuch?.depthSquared ?? 0;
  if (missing && missingDepth > tooMuchDepth) {
    return { ...missing.point, sign: "+" };
  }
  return tooMuch && { ...tooMuch.point, sign: "-" };
}
