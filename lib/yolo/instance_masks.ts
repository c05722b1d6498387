// Masks of single objects from coefficients and prototypes.
//
// A mask is the sum of the prototypes by the object's coefficients; above 0 is
// inside. It is computed only where the object's box lies.

import type { Bitmap } from "../base/image.ts";
import type { Box, Size, Tensor } from "../base/tensor.ts";
import { createBitmap } from "../masks/bitmap.ts";
import type { Letterbox } from "./letterbox.ts";

/** Prototypes of one image, `[count, height, width]`. */
export type Prototypes = Tensor<
  readonly [count: number, height: number, width: number]
>;

/**
 * The mask of an object at the size of the image: what lies in the grey rim of
 * the input is left aside, the rest is enlarged and cut to the box.
 *
 * @param box in pixels of the image
 * @param place of the image in the input
 */
export function maskAtImageSize(
  coefficients: Float32Array,
  prototypes: Prototypes,
  { box, place, size }: {
    readonly box: Box;
    readonly place: Letterbox;
    readonly size: Size;
  },
): Bitmap {
  const [, height, width] = prototypes.dims;
  const scaleX = width / place.width, scaleY = height / place.height;
  const x = { from: place.left * scaleX, length: place.inner.width * scaleX };
  const y = { from: place.top * scaleY, length: place.inner.height * scaleY };
  return enlarge(coefficients, prototypes, { x, y, box, size });
}

/** The mask at the size of the network's input, grey rim included; the box is in its pixels. */
export function maskAtInputSize(
  coefficients: Float32Array,
  prototypes: Prototypes,
  { box, size }: { readonly box: Box; readonly size: Size },
): Bitmap {
  const [, height, width] = prototypes.dims;
  const x = { from: 0, length: width };
  const y = { from: 0, length: height };
  return enlarge(coefficients, prototypes, { x, y, box, size });
}

/** The mask at the size of the prototypes; the box is in their pixels. */
export function maskAtPrototypeSize(
  coefficients: Float32Array,
  prototypes: Prototypes,
  box: Box,
): Bitmap {
  const [, height, width] = prototypes.dims;
  return maskAtInputSize(coefficients, prototypes, {
    box,
    size: { width, height },
  });
}

/** The part of a row of prototypes that is enlarged; may begin between two. */
type Stretch = { readonly from: number; readonly length: number };

/** Bilinear, centres aligned, inside the box only. */
function enlarge(
  coefficients: Float32Array,
  prototypes: Prototypes,
  { x, y, box, size }: {
    readonly x: Stretch;
    readonly y: Stretch;
    readonly box: Box;
    readonly size: Size;
  },
): Bitmap {
  const bitmap = createBitmap(size);
  const firstX = Math.max(0, Math.ceil(box.x0));
  const endX = Math.min(size.width, Math.ceil(box.x1));
  const firstY = Math.max(0, Math.ceil(box.y0));
  const endY = Math.min(size.height, Math.ceil(box.y1));
  if (firstX >= endX || firstY >= endY) return bitmap;
  const [, height, width] = prototypes.dims;
  const columns = blend(x, width, { to: size.width, first: firstX, end: endX });
  const rows = blend(y, height, { to: size.height, first: firstY, end: endY });
  const window = {
    x0: columns.lo[0],
    x1: columns.hi[columns.hi.length - 1] + 1,
    y0: rows.lo[0],
    y1: rows.hi[rows.hi.length - 1] + 1,
  };
  const logits = sumPrototypes(coefficients, prototypes, window);
  const wide = window.x1 - window.x0;
  for (let row = firstY; row < endY; row++) {
    const i = row - firstY;
    const above = (rows.lo[i] - window.y0) * wide;
    const below = (rows.hi[i] - window.y0) * wide;
    const t = rows.t[i];
    for (let column = firstX; column < endX; column++) {
      const j = column - firstX;
      const lo = columns.lo[j] - window.x0, hi = columns.hi[j] - window.x0;
      const s = columns.t[j];
      const a = logits[above + lo] * (1 - s) + logits[above + hi] * s;
      const b = logits[below + lo] * (1 - s) + logits[below + hi] * s;
      if (a * (1 - t) + b * t > 0) bitmap.data[row * size.width + column] = 1;
    }
  }
  return bitmap;
}

function sumPrototypes(
  coefficients: Float32Array,
  { dims: [count, height, width], data }: Prototypes,
  { x0, x1, y0, y1 }: Box,
): Float32Array {
  const wide = x1 - x0;
  const sums = new Float32Array(wide * (y1 - y0));
  for (let k = 0; k < count; k++) {
    const weight = coefficients[k];
    for (let row = y0; row < y1; row++) {
      const from = (k * height + row) * width + x0;
      const to = (row - y0) * wide;
      for (let i = 0; i < wide; i++) sums[to + i] += weight * data[from + i];
    }
  }
  return sums;
}

/** For pixels `first` to `end` of `to`, their two neighbours in a stretch of a row. */
function blend(
  stretch: Stretch,
  available: number,
  { to, first, end }: {
    readonly to: number;
    readonly first: number;
    readonly end: number;
  },
) {
  const lo = new Int32Array(end - first);
  const hi = new Int32Array(end - first);
  const t = new Float32Array(end - first);
  const last = available - 1;
  for (let i = first; i < end; i++) {
    const place = stretch.from + (i + 0.5) * stretch.length / to - 0.5;
    const at = Math.min(Math.max(place, 0), last);
    lo[i - first] = Math.floor(at);
    hi[i - first] = Math.min(lo[i - first] + 1, last);
    t[i - first] = at - lo[i - first];
  }
  return { lo, hi, t };
}
