// Images and masks at the size the networks want.
//
// The official image predictor resizes with torch's bilinear, antialiased;
// video folders there use PIL and videos decord. Here everything takes the one
// rule of the image predictor, so that a frame gives the same mask either way.

import type { RgbImage } from "../base/image.ts";
import type { Size, Tensor } from "../base/tensor.ts";

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

/**
 * Squeezes an image to a square and normalises it.
 *
 * @returns `[1, 3, side, side]`
 */
export function normaliseImage(
  image: RgbImage,
  side: number,
): Tensor<[batch: number, channels: number, height: number, width: number]> {
  const square = { width: side, height: side };
  const data = new Float32Array(3 * side * side);
  for (let c = 0; c < 3; c++) {
    // every third byte of the image is one plane
    const plane = { values: image.data, first: c, step: 3 };
    resamplePlane(plane, { from: image, to: square }, data, c * side * side);
  }
  const area = side * side;
  for (let c = 0; c < 3; c++) {
    for (let i = c * area; i < (c + 1) * area; i++) {
      data[i] = (data[i] / 255 - mean[c]) / deviation[c];
    }
  }
  return { dims: [1, 3, side, side], data };
}

/**
 * Resizes planes bilinearly, averaging where they shrink, as
 * torch.nn.functional.interpolate(antialias=True, align_corners=False) does.
 *
 * @param planes `[n, from.height, from.width]`
 * @returns `[n, to.height, to.width]`
 */
export function resample(
  planes: Float32Array,
  { from, to }: { readonly from: Size; readonly to: Size },
): Float32Array {
  if (from.width === to.width && from.height === to.height) {
    return planes.slice();
  }
  const area = from.width * from.height;
  const count = planes.length / area;
  const out = new Float32Array(count * to.width * to.height);
  for (let n = 0; n < count; n++) {
    const plane = { values: planes, first: n * area, step: 1 };
    resamplePlane(plane, { from, to }, out, n * to.width * to.height);
  }
  return out;
}

/** Resizes one plane, whose values lie `step` apart from `first` on, into `out` from `at` on. */
function resamplePlane(
  { values, first, step }: {
    readonly values: Float32Array | Uint8Array;
    readonly first: number;
    readonly step: number;
  },
  { from, to }: { readonly from: Size; readonly to: Size },
  out: Float32Array,
  at: number,
) {
  const columns = triangleWeights(from.width, to.width);
  const rows = triangleWeights(from.height, to.height);
  // [from.height, from.width] -> [from.height, to.width]
  const narrow = new Float32Array(from.height * to.width);
  for (let y = 0; y < from.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const { start, weights } = columns[x];
      let i = first + (y * from.width + start) * step;
      let sum = 0;
      for (let k = 0; k < weights.length; k++, i += step) {
        sum += weights[k] * values[i];
      }
      narrow[y * to.width + x] = sum;
    }
  }
  // -> [to.height, to.width]
  for (let y = 0; y < to.height; y++) {
    const { start, weights } = rows[y];
    for (let x = 0; x < to.width; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) {
        sum += weights[k] * narrow[(start + k) * to.width + x];
      }
      out[at + y * to.width + x] = sum;
    }
  }
}

/** For each of `to` pixels the first of its source pixels and their weights. */
function triangleWeights(from: number, to: number) {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(Math.floor(centre - support + 0.5), 0);
    const end = Math.min(Math.floor(centre + support + 0.5), from);
    const raw = Array.from({ length: end - start }, (_, k) => {
      const distance = Math.abs(start + k - centre + 0.5) / support;
      return Math.max(0, 1 - distance);
    });
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return { start, weights: raw.map((weight) => weight / total) };
  });
}
