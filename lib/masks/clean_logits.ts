// Small holes and sprinkles in mask logits, as SAM 2 cleans its own masks.
//
// Unlike fillHoles() of morphology.ts, every small part of the background is a
// hole, one at the border of the image too: so does the connected component
// kernel of facebookresearch/sam2 at 2b90b9f. Parts are joined over edges and
// corners (8).

import type { Size } from "../base/tensor.ts";
import { complementOf, connectedComponents } from "./morphology.ts";

/**
 * Sets the logits of background parts of at most so many pixels.
 *
 * @param logits `[height · width]`
 * @param options.value 0.1 in the official video predictor, 10 in its image predictor
 * @param options.threshold logits above it are inside
 *
 * @example A hole of one pixel
 * ```ts
 * import { fillLogitHoles } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const logits = Float32Array.of(5, -5, 5);
 * const filled = fillLogitHoles(logits, { width: 3, height: 1 }, { maxAreaPx: 1, value: 10 });
 * deepEqual([...filled], [5, 10, 5]);
 * ```
 */
export function fillLogitHoles(
  logits: Float32Array,
  size: Size,
  { maxAreaPx, value, threshold = 0 }: CleanOptions,
): Float32Array {
  const options = { maxAreaPx, threshold, inside: false };
  const isSmall = smallParts(logits, size, options);
  return logits.map((logit, i) => isSmall[i] ? value : logit);
}

/** Sets the logits of object parts of at most so many pixels; −10 in the official image predictor. */
export function clearLogitSprinkles(
  logits: Float32Array,
  size: Size,
  { maxAreaPx, value, threshold = 0 }: CleanOptions,
): Float32Array {
  const options = { maxAreaPx, threshold, inside: true };
  const isSmall = smallParts(logits, size, options);
  return logits.map((logit, i) => isSmall[i] ? value : logit);
}

type CleanOptions = { maxAreaPx: number; value: number; threshold?: number };

/** 1 at each pixel of a small part of the object, or of the background. */
function smallParts(
  logits: Float32Array,
  { width, height }: Size,
  { maxAreaPx, threshold, inside }: {
    maxAreaPx: number;
    threshold: number;
    inside: boolean;
  },
): Uint8Array {
  if (maxAreaPx <= 0) return new Uint8Array(logits.length);
  const data = Uint8Array.from(logits, (logit) => logit > threshold ? 1 : 0);
  const object = { width, height, data };
  const looked = inside ? object : complementOf(object);
  const { labels, areasPx } = connectedComponents(looked);
  return Uint8Array.from(
    labels,
    (label) => label > 0 && areasPx[label] <= maxAreaPx ? 1 : 0,
  );
}
