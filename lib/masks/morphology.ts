// Shape operations on masks: parts, holes, specks, growing.
//
// Parts of the object are joined over edges and corners (8) unless said
// otherwise, as EISeg and SAM 2 do when they clean a mask; holes are parts of
// the background that the image border does not touch.

import type { Bitmap } from "../base/image.ts";
import { createBitmap, unionOf } from "./bitmap.ts";

/** The parts of a mask: 0 is background, parts count from 1 in reading order. */
export type Components = {
  /** The part of every pixel, `[height, width]`. */
  readonly labels: Int32Array;
  /** Pixels of each part, by its label; `areasPx[0]` is the background. */
  readonly areasPx: readonly number[];
};

/**
 * Numbers the connected parts of a mask.
 *
 * @example Two pixels that touch at a corner
 * ```ts
 * import { connectedComponents } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const bitmap = { width: 2, height: 2, data: Uint8Array.of(1, 0, 0, 1) };
 * deepEqual(connectedComponents(bitmap, { connectivity: 4 }).areasPx, [2, 1, 1]);
 * deepEqual(connectedComponents(bitmap, { connectivity: 8 }).areasPx, [2, 2]);
 * ```
 */
export function connectedComponents(
  { width, height, data }: Bitmap,
  { connectivity = 8 }: { connectivity?: 4 | 8 } = {},
): Components {
  const labels = new Int32Array(width * height);
  const parents = [0]; // a forest over provisional labels; roots are smallest

  for (let i = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] === 0) continue;
      let label = x > 0 ? labels[i - 1] : 0;
      if (y > 0) {
        label = join(parents, label, labels[i - width]);
        if (connectivity === 8) {
          if (x > 0) label = join(parents, label, labels[i - width - 1]);
          if (x + 1 < width) {
            label = join(parents, label, labels[i - width + 1]);
          }
        }
      }
      if (label === 0) {
        label = parents.length;
        parents.push(label);
      }
      labels[i] = label;
    }
  }

  // Provisional labels -> 1, 2, 3 ... in the order of their first pixel.
  let count = 0;
  const final = parents.map(() => 0);
  for (let label = 1; label < parents.length; label++) {
    const root = rootOf(parents, label);
    final[label] = root === label ? ++count : final[root];
  }
  const areasPx = new Array<number>(count + 1).fill(0);
  for (let i = 0; i < labels.length; i++) {
    labels[i] = final[labels[i]];
    areasPx[labels[i]]++;
  }
  return { labels, areasPx };
}

/** Fills holes of at most so many pixels. */
export function fillHoles(
  bitmap: Bitmap,
  { maxAreaPx = Infinity }: { maxAreaPx?: number } = {},
): Bitmap {
  const { width, height } = bitmap;
  const { labels, areasPx } = connectedComponents(complementOf(bitmap));
  const open = new Set<number>([0]); // background that the border touches
  for (let x = 0; x < width; x++) {
    open.add(labels[x]).add(labels[(height - 1) * width + x]);
  }
  for (let y = 0; y < height; y++) {
    open.add(labels[y * width]).add(labels[(y + 1) * width - 1]);
  }
  const filled = areasPx.map((area, label) =>
    !open.has(label) && area <= maxAreaPx
  );
  filled[0] = true; // the object itself
  return selectLabels(bitmap, labels, filled);
}

/** Removes parts of at most so many pixels. */
export function removeSprinkles(
  bitmap: Bitmap,
  { maxAreaPx }: { maxAreaPx: number },
): Bitmap {
  const { labels, areasPx } = connectedComponents(bitmap);
  const kept = areasPx.map((area, label) => label > 0 && area > maxAreaPx);
  return selectLabels(bitmap, labels, kept);
}

/** Keeps the largest part; of equal ones the first in reading order. */
export function keepLargest(bitmap: Bitmap): Bitmap {
  const { labels, areasPx } = connectedComponents(bitmap);
  let largest = 1;
  for (let label = 2; label < areasPx.length; label++) {
    if (areasPx[label] > areasPx[largest]) largest = label;
  }
  return selectLabels(bitmap, labels, areasPx.map((_, i) => i === largest));
}

/** Grows a mask by a disk: every pixel at most `radiusPx` from one inside. */
export function dilate(bitmap: Bitmap, radiusPx: number): Bitmap {
  const { width, height, data } = unionOf(bitmap); // a copy
  const reach = Math.floor(radiusPx);
  const halfWidths = Array.from(
    { length: 2 * reach + 1 },
    (_, i) => Math.floor(Math.sqrt(radiusPx ** 2 - (i - reach) ** 2)),
  );
  // Disks on the rim cover what disks on all pixels would.
  for (const i of rimOf(bitmap)) {
    const x = i % width;
    const y = (i - x) / width;
    const top = Math.max(0, y - reach);
    const foot = Math.min(height - 1, y + reach);
    for (let row = top; row <= foot; row++) {
      const half = halfWidths[row - y + reach];
      const start = row * width;
      data.fill(
        1,
        start + Math.max(0, x - half),
        start + Math.min(width, x + half + 1),
      );
    }
  }
  return { width, height, data };
}

/** What is outside a mask. */
export function complementOf(bitmap: Bitmap): Bitmap {
  const { width, height, data } = createBitmap(bitmap);
  for (let i = 0; i < data.length; i++) data[i] = bitmap.data[i] ? 0 : 1;
  return { width, height, data };
}

/** Places of the inside pixels that have an outside pixel beside them. */
function rimOf({ width, height, data }: Bitmap): number[] {
  const rim: number[] = [];
  for (let i = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] === 0) continue;
      if (
        (x > 0 && data[i - 1] === 0) || (x + 1 < width && data[i + 1] === 0) ||
        (y > 0 && data[i - width] === 0) ||
        (y + 1 < height && data[i + width] === 0)
      ) rim.push(i);
    }
  }
  return rim;
}

function selectLabels(
  { width, height }: Bitmap,
  labels: Int32Array,
  selected: readonly boolean[],
): Bitmap {
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) data[i] = selected[labels[i]] ? 1 : 0;
  return { width, height, data };
}

/** Joins two provisional labels and returns the smaller root; 0 is none. */
function join(parents: number[], a: number, b: number): number {
  if (a === b || b === 0) return a;
  if (a === 0) return b;
  const rootA = rootOf(parents, a);
  const rootB = rootOf(parents, b);
  const root = Math.min(rootA, rootB);
  parents[rootA] = root;
  parents[rootB] = root;
  return root;
}

function rootOf(parents: number[], label: number): number {
  while (parents[label] !== label) {
    parents[label] = parents[parents[label]]; // halve the way
    label = parents[label];
  }
  return label;
}
