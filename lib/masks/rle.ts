// Run lengths: how masks are kept in the database and written to COCO and SA-V.
//
// Pixels are read down each column in turn; the counts alternate between
// background and object and start with background. The compressed text is that
// of pycocotools, byte for byte, written from its published description (a
// variable length code of 5 bits a character; differences to the count two
// places before, from the fourth count on).

import type { Bitmap } from "../base/image.ts";
import { boxOf } from "./bitmap.ts";

/** A mask as run lengths, column by column, background first. */
export type Rle = {
  readonly size: readonly [height: number, width: number];
  readonly counts: readonly number[];
};

/**
 * Turns a mask into run lengths.
 *
 * @example One column of two pixels, then another
 * ```ts
 * import { bitmapToRle } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const bitmap = { width: 2, height: 2, data: Uint8Array.of(0, 1, 1, 1) };
 * deepEqual(bitmapToRle(bitmap), { size: [2, 2], counts: [1, 3] });
 * ```
 */
export function bitmapToRle(bitmap: Bitmap): Rle {
  const { width, height, data } = bitmap;
  const box = boxOf(bitmap);
  if (!box) return { size: [height, width], counts: [width * height] };

  const counts: number[] = [];
  let inside = false;
  let start = 0; // where the present run began, counted down the columns
  const turn = (at: number) => {
    counts.push(at - start);
    start = at;
    inside = !inside;
  };
  for (let x = box.x0; x < box.x1; x++) {
    // A run may go on from the foot of one column to the top of the next.
    if (inside && data[x] === 0) turn(x * height);
    for (let y = box.y0, i = y * width + x; y < box.y1; y++, i += width) {
      if (data[i] > 0 !== inside) turn(x * height + y);
    }
    if (inside && box.y1 < height) turn(x * height + box.y1);
  }
  if (inside && box.x1 < width) turn(box.x1 * height);
  counts.push(width * height - start);
  return { size: [height, width], counts };
}

/** Turns run lengths into a mask; throws when they do not fill the size. */
export function rleToBitmap({ size: [height, width], counts }: Rle): Bitmap {
  requireFilled({ size: [height, width], counts });
  const data = new Uint8Array(width * height);
  let at = 0;
  for (let run = 0; run < counts.length; run++) {
    const end = at + counts[run];
    if (run % 2 === 1 && end > at) {
      let y = at % height;
      let i = y * width + (at - y) / height;
      for (; at < end; at++) {
        data[i] = 1;
        i += width;
        if (++y === height) {
          y = 0;
          i -= width * height - 1; // the top of the next column
        }
      }
    }
    at = end;
  }
  return { width, height, data };
}

/**
 * Writes counts as the compressed text of pycocotools.
 *
 * @example Counts and their text
 * ```ts
 * import { decodeCounts, encodeCounts } from "medannotate";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * equal(encodeCounts([6, 1, 40, 4]), "61X13");
 * deepEqual(decodeCounts("61X13"), [6, 1, 40, 4]);
 * ```
 */
export function encodeCounts(counts: readonly number[]): string {
  const codes: number[] = [];
  for (let i = 0; i < counts.length; i++) {
    let rest = i > 2 ? counts[i] - counts[i - 2] : counts[i];
    for (let more = true; more;) {
      const bits = rest & 31;
      rest >>= 5;
      // Done when what is left is only the sign that bit 16 already tells.
      more = rest !== (bits & 16 ? -1 : 0);
      codes.push(48 + bits + (more ? 32 : 0));
    }
  }
  let text = "";
  for (let i = 0; i < codes.length; i += 4096) { // so many arguments are safe
    text += String.fromCharCode(...codes.slice(i, i + 4096));
  }
  return text;
}

/** Reads the compressed text of pycocotools; throws when it is malformed. */
export function decodeCounts(text: string): number[] {
  const counts: number[] = [];
  let value = 0;
  let shift = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) - 48;
    if (code < 0 || code > 63) {
      throw malformed(`character ${i} is ${JSON.stringify(text[i])}`);
    }
    if (shift > 30) throw malformed(`the number at ${i} is too long`);
    value |= (code & 31) << shift;
    shift += 5;
    if (code & 32) continue;
    if (code & 16 && shift < 32) value |= -1 << shift; // the sign
    const count = counts.length > 2 ? value + counts[counts.length - 2] : value;
    if (count < 0) throw malformed(`count ${counts.length} is ${count}`);
    counts.push(count);
    value = shift = 0;
  }
  if (shift > 0) throw malformed("it ends inside a number");
  return counts;
}

/** Counts the pixels inside a mask from its run lengths. */
export function rleAreaPx({ counts }: Rle): number {
  let area = 0;
  for (let run = 1; run < counts.length; run += 2) area += counts[run];
  return area;
}

/** Counts the pixels inside both masks, from their run lengths. */
export function rleIntersectionPx(a: Rle, b: Rle): number {
  if (a.size[0] !== b.size[0] || a.size[1] !== b.size[1]) {
    throw new RangeError(
      `Cannot compare run lengths: [height, width] is [${a.size}] and [${b.size}]`,
    );
  }
  let both = 0;
  let i = 0, j = 0; // the present run of each
  let endA = a.counts[0] ?? 0, endB = b.counts[0] ?? 0;
  let at = 0;
  while (i < a.counts.length && j < b.counts.length) {
    const end = Math.min(endA, endB);
    if (i % 2 === 1 && j % 2 === 1) both += end - at;
    at = end;
    if (endA === end) endA += a.counts[++i] ?? 0;
    if (endB === end) endB += b.counts[++j] ?? 0;
  }
  return both;
}

/** Intersection over union of two masks from their run lengths; 1 when both are empty. */
export function rleIou(a: Rle, b: Rle): number {
  const both = rleIntersectionPx(a, b);
  const either = rleAreaPx(a) + rleAreaPx(b) - both;
  return either === 0 ? 1 : both / either;
}

function requireFilled({ size: [height, width], counts }: Rle) {
  let sum = 0;
  for (const count of counts) {
    if (!Number.isInteger(count) || count < 0) {
      throw new RangeError(`Cannot read run lengths: a count is ${count}`);
    }
    sum += count;
  }
  if (sum !== width * height) {
    throw new RangeError(
      `Cannot read run lengths: they add up to ${sum}, expected ${height}x${width} (height x width) = ${
        width * height
      }`,
    );
  }
}

function malformed(fact: string): SyntaxError {
  return new SyntaxError(`Cannot decode run lengths: ${fact}`);
}
