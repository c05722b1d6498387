// How alike two frames look: the difference hash and its Hamming distance.
//
// The picture is averaged into 9x8 fields of grey; each of the 64 bits says
// whether a field is darker than the one to its right. Copies in another size
// or compression differ by a few bits, unrelated pictures by about 32.

import type { RgbImage } from "../../base/image.ts";

/** 64 bits as two unsigned numbers: the upper four rows, the lower four. */
export type ImageHash = readonly [upper: number, lower: number];

const COLUMNS = 9;
const ROWS = 8;

/** Computes the difference hash of a picture. */
export function imageHash(image: RgbImage): ImageHash {
  const grey = fieldsOf(image);
  const halves = [0, 0];
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column + 1 < COLUMNS; column++) {
      const i = row * COLUMNS + column;
      const half = row < ROWS / 2 ? 0 : 1;
      halves[half] = (halves[half] << 1) | (grey[i] < grey[i + 1] ? 1 : 0);
    }
  }
  return [halves[0] >>> 0, halves[1] >>> 0];
}

/** Counts the bits in which two hashes differ, 0 to 64. */
export function hashDistance(a: ImageHash, b: ImageHash): number {
  return countBits(a[0] ^ b[0]) + countBits(a[1] ^ b[1]);
}

/** Says whether all pixels of a picture are the same, as before the light is on. */
export function isPlain({ data }: RgbImage): boolean {
  for (let i = 3; i < data.length; i++) {
    if (data[i] !== data[i - 3]) return false;
  }
  return true;
}

/** The pair with the smallest distance; undefined when one side is empty. */
export function findNearest<Item extends { readonly hash: ImageHash }>(
  some: readonly Item[],
  others: readonly Item[],
): { a: Item; b: Item; distance: number } | undefined {
  let nearest: { a: Item; b: Item; distance: number } | undefined;
  let smallest = Infinity;
  for (const a of some) {
    for (const b of others) {
      const distance = hashDistance(a.hash, b.hash);
      if (distance >= smallest) continue;
      smallest = distance;
      nearest = { a, b, distance };
    }
  }
  return nearest;
}

/** The mean of red, green and blue in each field; a field has at least one pixel. */
function fieldsOf({ width, height, data }: RgbImage): Float64Array {
  const grey = new Float64Array(COLUMNS * ROWS);
  for (let row = 0; row < ROWS; row++) {
    const [y0, y1] = spanOf(row, ROWS, height);
    for (let column = 0; column < COLUMNS; column++) {
      const [x0, x1] = spanOf(column, COLUMNS, width);
      let sum = 0;
      for (let y = y0; y < y1; y++) {
        const end = 3 * (y * width + x1);
        for (let i = 3 * (y * width + x0); i < end; i++) sum += data[i];
      }
      grey[row * COLUMNS + column] = sum / ((x1 - x0) * (y1 - y0));
    }
  }
  return grey;
}

function spanOf(i: number, count: number, side: number): [number, number] {
  const from = Math.floor(i * side / count);
  return [from, Math.max(from + 1, Math.floor((i + 1) * side / count))];
}

/** Counts the bits of a 32-bit number, pairs, fours and eights at a time. */
function countBits(value: number): number {
  let bits = value - ((value >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
