// Fitting an image into the input of the network, and boxes back.
//
// The image keeps its proportions, grey fills the rest. Sizes, roundings and
// the placing of the odd pixel follow MODELS 2.4. Pixels are blended without
// antialias, in whole numbers of 11 bits, as OpenCV's bilinear resize does it:
// rounding otherwise moved boxes by up to a pixel.

import type { RgbImage } from "../base/image.ts";
import type { Box, Size } from "../base/tensor.ts";

/** Where an image lies in the input of the network. */
export type Letterbox = {
  /** Size of the input, pixels. */
  readonly width: number;
  readonly height: number;
  /** Size of the image in it. */
  readonly inner: Size;
  readonly left: number;
  readonly top: number;
  /** Pixels of the input for one of the image. */
  readonly scaleX: number;
  readonly scaleY: number;
};

/** The grey of the filling, 0..255. */
export const fillGrey = 114;

/**
 * Places an image in an input of at most `side` by `side`.
 *
 * @param options.isRect the input is only as large as the image needs, in multiples of the stride; else a square
 * @param options.mayEnlarge whether small images grow
 *
 * @example A wide image in a rectangle
 * ```ts
 * import { planLetterbox } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const { inner, width, height, top } = planLetterbox({ width: 640, height: 480 }, 320, { isRect: true });
 * deepEqual([inner.height, width, height, top], [240, 320, 256, 8]);
 * ```
 */
export function planLetterbox(
  size: Size,
  side: number,
  { isRect = true, stride = 32, mayEnlarge = true }: {
    isRect?: boolean;
    stride?: number;
    mayEnlarge?: boolean;
  } = {},
): Letterbox {
  const fit = Math.min(side / size.height, side / size.width);
  const scale = mayEnlarge ? fit : Math.min(fit, 1);
  const inner = {
    width: Math.max(1, roundHalfEven(size.width * scale)),
    height: Math.max(1, roundHalfEven(size.height * scale)),
  };
  const spare = (length: number) =>
    isRect ? (side - length) % stride : side - length;
  const before = (length: number) =>
    Math.max(0, Math.round(spare(length) / 2 - 0.1));
  return {
    width: inner.width + spare(inner.width),
    height: inner.height + spare(inner.height),
    inner,
    left: before(inner.width),
    top: before(inner.height),
    scaleX: inner.width / size.width, // not quite alike, since sizes are whole
    scaleY: inner.height / size.height,
  };
}

/**
 * Places an image in the middle of an input of a given size.
 *
 * @param options.mayEnlarge whether small images grow; default not
 */
export function placeInside(
  size: Size,
  { width, height }: Size,
  { mayEnlarge = false }: { mayEnlarge?: boolean } = {},
): Letterbox {
  const fit = Math.min(height / size.height, width / size.width);
  const scale = mayEnlarge ? fit : Math.min(fit, 1);
  const inner = {
    width: Math.max(1, roundHalfEven(size.width * scale)),
    height: Math.max(1, roundHalfEven(size.height * scale)),
  };
  const before = (spare: number) => Math.max(0, Math.round(spare / 2 - 0.1));
  return {
    width,
    height,
    inner,
    left: before(width - inner.width),
    top: before(height - inner.height),
    scaleX: inner.width / size.width,
    scaleY: inner.height / size.height,
  };
}

/** Whole numbers next to a half go to the even one, as in Python. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const isHalf = value - floor === 0.5;
  return isHalf ? floor + floor % 2 : Math.round(value);
}

/**
 * Writes an image into the input of the network: planes of red, green and blue, 0..1.
 *
 * @param planes `[3, height, width]` of the letterbox
 */
export function fillLetterbox(
  image: RgbImage,
  place: Letterbox,
  planes: Float32Array,
): void {
  const { width, height, inner, left, top } = place;
  const area = width * height;
  const isWhole = inner.width === width && inner.height === height;
  if (!isWhole) planes.fill(fillGrey / 255);
  const columns = blendAxis(image.width, inner.width);
  const rows = blendAxis(image.height, inner.height);
  const blended = blendedRows(image, rows, columns);
  for (let y = 0; y < inner.height; y++) {
    const row = blended(y);
    let at = (y + top) * width + left;
    for (let i = 0; i < row.length; i += 3, at++) {
      planes[at] = levels[row[i]];
      planes[area + at] = levels[row[i + 1]];
      planes[2 * area + at] = levels[row[i + 2]];
    }
  }
}

/** 0..255 as 0..1. */
const levels = Float32Array.from({ length: 256 }, (_, i) => i / 255);

/** Resizes an image as {@link fillLetterbox} does. */
export function resizeBilinear(image: RgbImage, size: Size): RgbImage {
  const { width, height } = size;
  if (width === image.width && height === image.height) return image;
  const data = new Uint8Array(width * height * 3);
  const columns = blendAxis(image.width, width);
  const rows = blendAxis(image.height, height);
  const blended = blendedRows(image, rows, columns);
  for (let y = 0; y < height; y++) data.set(blended(y), y * width * 3);
  return { width, height, data };
}

/** For each of the new pixels its two neighbours, and their weights in 2048ths. */
type Blend = {
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  readonly low: Int32Array;
  readonly high: Int32Array;
};

function blendAxis(from: number, to: number): Blend {
  const lo = new Int32Array(to);
  const hi = new Int32Array(to);
  const low = new Int32Array(to);
  const high = new Int32Array(to);
  for (let i = 0; i < to; i++) {
    const at = (i + 0.5) * from / to - 0.5; // centres align, edges clamp
    const first = Math.floor(at);
    const t = first < 0 || first >= from - 1 ? 0 : at - first;
    lo[i] = Math.min(Math.max(first, 0), from - 1);
    hi[i] = Math.min(lo[i] + 1, from - 1);
    low[i] = roundHalfEven((1 - t) * 2048);
    high[i] = roundHalfEven(t * 2048);
  }
  return { lo, hi, low, high };
}

/** Gives the rows of the resized image, in order; each is overwritten by the next. */
function blendedRows(image: RgbImage, rows: Blend, columns: Blend) {
  const count = columns.lo.length * 3;
  const row = new Uint8Array(count);
  let above = { y: -1, sums: new Int32Array(count) };
  let below = { y: -1, sums: new Int32Array(count) };
  const fill = (stripe: { y: number; sums: Int32Array }, y: number) => {
    blendColumns(image, y, columns, stripe.sums);
    stripe.y = y;
  };
  return (y: number): Uint8Array => {
    if (below.y === rows.lo[y] && above.y !== rows.lo[y]) {
      [above, below] = [below, above];
    }
    if (above.y !== rows.lo[y]) fill(above, rows.lo[y]);
    if (below.y !== rows.hi[y]) fill(below, rows.hi[y]);
    const low = rows.low[y], high = rows.high[y];
    for (let i = 0; i < count; i++) {
      row[i] = ((low * above.sums[i] >> 16) + (high * below.sums[i] >> 16) +
        2) >> 2;
    }
    return row;
  };
}

/** One image row at the new width, in 128ths. */
function blendColumns(
  { width, data }: RgbImage,
  y: number,
  { lo, hi, low, high }: Blend,
  sums: Int32Array,
) {
  const row = y * width;
  for (let x = 0, i = 0; x < lo.length; x++) {
    let a = (row + lo[x]) * 3, b = (row + hi[x]) * 3;
    const l = low[x], h = high[x];
    sums[i++] = (data[a++] * l + data[b++] * h) >> 4;
    sums[i++] = (data[a++] * l + data[b++] * h) >> 4;
    sums[i++] = (data[a] * l + data[b] * h) >> 4;
  }
}

/** A box of the input in pixels of the image, clipped to it. */
export function boxToImage(box: Box, place: Letterbox, size: Size): Box {
  const x = (value: number) =>
    clamp((value - place.left) / place.scaleX, size.width);
  const y = (value: number) =>
    clamp((value - place.top) / place.scaleY, size.height);
  return { x0: x(box.x0), y0: y(box.y0), x1: x(box.x1), y1: y(box.y1) };
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
