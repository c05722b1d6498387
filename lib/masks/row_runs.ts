// Run lengths row by row within a box, as CVAT and others keep masks; those of
// COCO, which the project uses itself, go column by column (rle.ts).

import type { Bitmap } from "../base/image.ts";
import type { Box, Size } from "../base/tensor.ts";
import { createBitmap } from "./bitmap.ts";

/** Counts the runs of a mask within a box, row by row, background first. */
export function rowRuns(
  { width, data }: Bitmap,
  { x0, y0, x1, y1 }: Box,
): number[] {
  const counts: number[] = [];
  let inside = false, run = 0;
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      if (data[y * width + x] > 0 !== inside) {
        counts.push(run);
        run = 0;
        inside = !inside;
      }
      run++;
    }
  }
  counts.push(run);
  return counts;
}

/**
 * Draws runs within a box into a mask of the size of the frame.
 *
 * Background at the end may be missing; throws when the box or the runs reach
 * out of the frame.
 */
export function rowRunsToBitmap(
  counts: readonly number[],
  { x0, y0, x1, y1 }: Box,
  size: Size,
): Bitmap {
  const [boxWidth, boxHeight] = [x1 - x0, y1 - y0];
  const sum = counts.reduce((a, b) => a + b, 0);
  const fits = x0 >= 0 && y0 >= 0 && x1 <= size.width && y1 <= size.height &&
    boxWidth > 0 && boxHeight > 0;
  if (!fits || sum > boxWidth * boxHeight) {
    throw new RangeError(
      `Cannot draw a mask: ${sum} pixels in the box ${x0},${y0} to ${x1},${y1} of ${size.width}x${size.height}`,
    );
  }
  const bitmap = createBitmap(size);
  let at = 0;
  for (const [i, count] of counts.entries()) {
    const end = at + count;
    while (i % 2 === 1 && at < end) {
      const [x, y] = [at % boxWidth, Math.floor(at / boxWidth)];
      const run = Math.min(end - at, boxWidth - x);
      const from = (y0 + y) * size.width + x0 + x;
      bitmap.data.fill(1, from, from + run);
      at += run;
    }
    if (i % 2 === 0) at += count;
  }
  return bitmap;
}
