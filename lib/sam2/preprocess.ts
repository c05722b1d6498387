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
  const pixels = image.width * image.height;
  const planes = new Float32Array(3 * pixels);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < pixels; i++) {
      planes[c * pixels + i] = image.data[3 * i + c] / 255;
    }
  }
  const square = { width: side, height: side };
  const data = resample(planes, { from: image, to: square });
  const area = side * side;
  for (let c = 0; c < 3; c++) {
    for (let i = c * area; i < (c + 1) * area; i++) {
      data[i] = (data[i] - mean[c]) / deviation[c];
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
  const count = planes.length / (from.width * from.height);
  const columns = triangleWeights(from.width, to.width);
  const rows = triangleWeights(from.height, to.height);
  const out = new Float32Array(count * to.width * to.height);
  const narrow = new Float32Array(from.height * to.width);
  for (let n = 0; n < count; n++) {
    // [from.height, from.width] -> [from.height, to.width]
    for (let y = 0; y < from.height; y++) {
      const row = (n * from.height + y) * from.width;
      for (let x = 0; x < to.width; x++) {
        const { start, weights } = columns[x];
        let sum = 0;
        for (let k = 0; k < weights.length; k++) {
          sum += weights[k] * planes[row + start + k];
        }
        narrow[y * to.width + x] = sum;
      }
    }
    // -> [to.height, to.width]
    for (let y = 0; y < to.height; y++) {
      const { start, weights } = rows[y];
      const at = (n * to.height + y) * to.width;
      for (let x = 0; x < to.width; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) {
          sum += weights[k] * narrow[(start + k) * to.width + x];
        }
        out[at + x] = sum;
      }
    }
  }
  return out;
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
