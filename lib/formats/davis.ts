// DAVIS masks: one palette PNG per frame, each pixel the number of its object.
//
// Colours are those of Pascal VOC. Where objects overlap, the lowest number
// wins, as in SAM 2's tools/vos_inference.py; whoever must keep overlaps writes
// one folder per object instead (<sequence>/%03d/%05d.png).

import type { Bitmap, IndexImage, Rgb } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";

/** An object's mask with its number, 1..255. */
export type NumberedBitmap = {
  readonly id: number;
  readonly bitmap: Bitmap;
};

/**
 * Makes the palette of Pascal VOC: 256 colours, three bytes each.
 *
 * The bits of the index go to red, green and blue in turn, lowest bits of the
 * index to the highest bits of the channels.
 */
export function vocPalette(): Uint8Array {
  const palette = new Uint8Array(256 * 3);
  for (let index = 0; index < 256; index++) {
    for (let bit = 0; bit < 8; bit++) {
      palette[index * 3 + bit % 3] |= ((index >> bit) & 1) <<
        (7 - Math.floor(bit / 3));
    }
  }
  return palette;
}

/** The colour of an index in the palette of Pascal VOC. */
export function vocColour(index: number): Rgb {
  const [red, green, blue] = vocPalette().subarray(index * 3, index * 3 + 3);
  return [red, green, blue];
}

/**
 * Puts the masks of several objects into one image; the lowest number wins.
 *
 * @example Object 1 covers part of object 2
 * ```ts
 * import { composeIndexImage } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const size = { width: 3, height: 1 };
 * const one = { id: 1, bitmap: { ...size, data: Uint8Array.of(1, 1, 0) } };
 * const two = { id: 2, bitmap: { ...size, data: Uint8Array.of(0, 1, 1) } };
 * deepEqual([...composeIndexImage([one, two], size).data], [1, 1, 2]);
 * ```
 */
export function composeIndexImage(
  objects: readonly NumberedBitmap[],
  { width, height }: Size,
): IndexImage {
  const data = new Uint8Array(width * height);
  const highestFirst = objects.toSorted((a, b) => b.id - a.id);
  for (const { id, bitmap } of highestFirst) {
    if (!Number.isInteger(id) || id < 1 || id > 255) {
      throw new RangeError(
        `Cannot write object ${id} into an index image: expected 1 to 255`,
      );
    }
    if (bitmap.width !== width || bitmap.height !== height) {
      throw new RangeError(
        `Cannot write object ${id} into an index image: its mask is ${bitmap.width}x${bitmap.height}, expected ${width}x${height}`,
      );
    }
    for (let i = 0; i < data.length; i++) if (bitmap.data[i]) data[i] = id;
  }
  return { width, height, data };
}

/** Cuts an index image into the masks of its objects, lowest number first. */
export function splitIndexImage(image: IndexImage): NumberedBitmap[] {
  const { width, height } = image;
  const ids = [...new Set(image.data)].filter((id) => id > 0)
    .sort((a, b) => a - b);
  return ids.map((id) => {
    const data = image.data.map((pixel) => pixel === id ? 1 : 0);
    return { id, bitmap: { width, height, data } };
  });
}

/** Says whether any pixel belongs to two objects, so that one image would lose it. */
export function overlaps(objects: readonly NumberedBitmap[]): boolean {
  const [first, ...others] = objects;
  if (!first) return false;
  const taken = first.bitmap.data.slice();
  for (const { bitmap } of others) {
    for (let i = 0; i < taken.length; i++) {
      if (bitmap.data[i] === 0) continue;
      if (taken[i]) return true;
      taken[i] = 1;
    }
  }
  return false;
}
