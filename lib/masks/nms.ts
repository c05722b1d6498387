// Non-maximum suppression: of boxes that overlap much, only the best stays.

import type { Box } from "../base/tensor.ts";

/** Intersection over union of two boxes; 0 when both are empty. */
export function boxIou(a: Box, b: Box): number {
  const width = Math.min(a.x1, b.x1) - Math.max(a.x0, b.x0);
  const height = Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0);
  const both = Math.max(width, 0) * Math.max(height, 0);
  const either = boxArea(a) + boxArea(b) - both;
  return either === 0 ? 0 : both / either;
}

/**
 * Lists which boxes stay, the best score first; of equal scores the earlier box.
 *
 * @param options.iouThreshold a box goes when it overlaps a better one by more
 *
 * @example The second box lies almost on the first
 * ```ts
 * import { suppressBoxes } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const boxes = [
 *   { x0: 0, y0: 0, x1: 10, y1: 10 },
 *   { x0: 0, y0: 0, x1: 10, y1: 9 }, // IoU 0.9 with the first
 *   { x0: 20, y0: 0, x1: 30, y1: 10 },
 * ];
 * deepEqual(suppressBoxes(boxes, [0.7, 0.6, 0.9], { iouThreshold: 0.7 }), [2, 0]);
 * ```
 */
export function suppressBoxes(
  boxes: readonly Box[],
  scores: readonly number[],
  { iouThreshold }: { iouThreshold: number },
): number[] {
  const order = boxes.map((_, i) => i).sort((a, b) => scores[b] - scores[a]);
  const kept: number[] = [];
  for (const i of order) {
    const isDouble = kept.some((better) =>
      boxIou(boxes[better], boxes[i]) > iouThreshold
    );
    if (!isDouble) kept.push(i);
  }
  return kept;
}

/** The area of a box, in square pixels. */
export function boxArea({ x0, y0, x1, y1 }: Box): number {
  return (x1 - x0) * (y1 - y0);
}
