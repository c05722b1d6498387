// Distance transform: how deep inside a mask each pixel lies.
//
// Exact and Euclidean, in squared pixels until the end, so that ties are real
// ties: Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled
// Functions" (2012), down the columns and then along the rows. What lies
// outside the image counts as outside the mask.

import type { Bitmap } from "../base/image.ts";
import type { Box, Point } from "../base/tensor.ts";
import { boxOf } from "./bitmap.ts";

/** Distance of every pixel to the nearest pixel outside the mask; 0 outside it. */
export function distanceInside(bitmap: Bitmap): Float32Array {
  const distances = new Float32Array(bitmap.width * bitmap.height);
  const box = boxOf(bitmap);
  if (!box) return distances;
  const squares = squaresInBox(bitmap, box);
  const width = box.x1 - box.x0;
  for (let i = 0, y = box.y0; y < box.y1; y++) {
    for (let x = box.x0; x < box.x0 + width; x++) {
      distances[y * bitmap.width + x] = Math.sqrt(squares[i++]);
    }
  }
  return distances;
}

/**
 * Finds the pixel farthest from the outside, by its column and row; undefined
 * when the mask is empty. Of equally deep pixels the first of the first row.
 *
 * @example The middle of a square
 * ```ts
 * import { deepestPoint } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const bitmap = { width: 3, height: 3, data: new Uint8Array(9).fill(1) };
 * deepEqual(deepestPoint(bitmap), { x: 1, y: 1 });
 * ```
 */
export function deepestPoint(bitmap: Bitmap): Point | undefined {
  return findDeepest(bitmap)?.point;
}

/** Finds the deepest pixel and its depth, in squared pixels. */
export function findDeepest(
  bitmap: Bitmap,
): { readonly point: Point; readonly depthSquared: number } | undefined {
  const box = boxOf(bitmap);
  if (!box) return undefined;
  const squares = squaresInBox(bitmap, box);
  let best = 0;
  for (let i = 1; i < squares.length; i++) {
    if (squares[i] > squares[best]) best = i;
  }
  const width = box.x1 - box.x0;
  const x = best % width;
  const point = { x: box.x0 + x, y: box.y0 + (best - x) / width };
  return { point, depthSquared: squares[best] };
}

/** Squared distances inside the box of the mask; everything around it is outside. */
function squaresInBox(bitmap: Bitmap, box: Box): Int32Array {
  const width = box.x1 - box.x0;
  const height = box.y1 - box.y0;

  // Down and up the columns: pixels to the nearest outside one of the column.
  const depths = new Int32Array(width * height);
  for (let i = 0, y = 0; y < height; y++) {
    let from = (y + box.y0) * bitmap.width + box.x0;
    for (let x = 0; x < width; x++, i++, from++) {
      if (bitmap.data[from]) depths[i] = y === 0 ? 1 : depths[i - width] + 1;
    }
  }
  for (let x = 0, i = width * (height - 1); x < width; x++, i++) {
    if (depths[i] > 1) depths[i] = 1;
  }
  for (let i = width * (height - 1) - 1; i >= 0; i--) {
    if (depths[i] > depths[i + width] + 1) depths[i] = depths[i + width] + 1;
  }

  // Along each row: the lowest of the parabolas that stand on its depths.
  const squares = new Int32Array(width * height);
  const envelope = createEnvelope(width);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    lowerEnvelope(
      depths.subarray(row, row + width),
      squares.subarray(row, row + width),
      envelope,
    );
  }
  return squares;
}

type Envelope = { readonly at: Int32Array; readonly start: Float64Array };

function createEnvelope(width: number): Envelope {
  return { at: new Int32Array(width + 2), start: new Float64Array(width + 3) };
}

/** `squares[x]` = least `(x - q)² + depths[q]²` over all q, with depth 0 at both ends. */
function lowerEnvelope(
  depths: Int32Array,
  squares: Int32Array,
  { at, start }: Envelope,
) {
  const width = depths.length;
  const height = (q: number) => q < 0 || q >= width ? 0 : depths[q] * depths[q];

  // The parabolas that are lowest somewhere, and where each begins to be.
  let last = 0;
  at[0] = -1;
  start[0] = -Infinity;
  start[1] = Infinity;
  for (let q = 0; q <= width; q++) {
    const own = height(q) + q * q;
    let meets = 0;
    for (;;) {
      const p = at[last];
      meets = (own - height(p) - p * p) / (2 * (q - p));
      if (meets > start[last]) break;
      last--;
    }
    at[++last] = q;
    start[last] = meets;
    start[last + 1] = Infinity;
  }

  for (let x = 0, k = 0; x < width; x++) {
    while (start[k + 1] < x) k++;
    const q = at[k];
    squares[x] = (x - q) * (x - q) + height(q);
  }
}
