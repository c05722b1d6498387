// The small arithmetic of masks: how large, where, and one mask with another.
//
// A bitmap is row-major, one byte a pixel, 1 inside. Every function here reads
// any byte above 0 as inside and writes only 0 and 1.

import type { Bitmap } from "../base/image.ts";
import type { Box, Point, Size } from "../base/tensor.ts";
import { requireSameSize } from "./same_size.ts";

/** Makes an empty mask. */
export function createBitmap({ width, height }: Size): Bitmap {
  return { width, height, data: new Uint8Array(width * height) };
}

/** Counts the pixels inside a mask. */
export function areaPx({ data }: Bitmap): number {
  let area = 0;
  for (let i = 0; i < data.length; i++) if (data[i]) area++;
  return area;
}

/** Says whether a mask has no pixel inside. */
export function isEmpty({ data }: Bitmap): boolean {
  for (let i = 0; i < data.length; i++) if (data[i]) return false;
  return true;
}

/**
 * Finds the smallest box around a mask, half open; undefined when it is empty.
 *
 * @example The box of two pixels
 * ```ts
 * import { boxOf } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const bitmap = { width: 3, height: 2, data: Uint8Array.of(0, 1, 1, 0, 0, 0) };
 * deepEqual(boxOf(bitmap), { x0: 1, y0: 0, x1: 3, y1: 1 });
 * ```
 */
export function boxOf({ width, height, data }: Bitmap): Box | undefined {
  let x0 = width, y0 = height, x1 = 0, y1 = 0;
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    let first = 0;
    while (first < width && row[first] === 0) first++;
    if (first === width) continue;
    let last = width - 1;
    while (row[last] === 0) last--;
    if (y < y0) y0 = y;
    y1 = y + 1;
    if (first < x0) x0 = first;
    if (last >= x1) x1 = last + 1;
  }
  return y1 === 0 ? undefined : { x0, y0, x1, y1 };
}

/** Finds the mean of the pixel centres of a mask; undefined when it is empty. */
export function centroidOf({ width, data }: Bitmap): Point | undefined {
  let area = 0, sumX = 0, sumY = 0;
  for (let i = 0, y = 0; i < data.length; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] === 0) continue;
      area++;
      sumX += x;
      sumY += y;
    }
  }
  if (area === 0) return undefined;
  return { x: sumX / area + 0.5, y: sumY / area + 0.5 }; // pixel 0 is centred at 0.5
}

/** What is inside any of the masks. */
export function unionOf(first: Bitmap, ...others: readonly Bitmap[]): Bitmap {
  const { width, height } = first;
  const data = new Uint8Array(width * height);
  for (const other of [first, ...others]) {
    requireSameSize(first, other);
    for (let i = 0; i < data.length; i++) if (other.data[i]) data[i] = 1;
  }
  return { width, height, data };
}

/** What is inside the first mask and outside the second. */
export function subtract(bitmap: Bitmap, removed: Bitmap): Bitmap {
  requireSameSize(bitmap, removed);
  const { width, height } = bitmap;
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    data[i] = bitmap.data[i] && !removed.data[i] ? 1 : 0;
  }
  return { width, height, data };
}

/** Says whether two masks have the same size and the same pixels inside. */
export function sameBitmap(a: Bitmap, b: Bitmap): boolean {
  if (a.width !== b.width || a.height !== b.height) return false;
  for (let i = 0; i < a.data.length; i++) {
    if (a.data[i] > 0 !== b.data[i] > 0) return false;
  }
  return true;
}
