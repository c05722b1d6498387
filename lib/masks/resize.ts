// Resizing masks and mask logits.
//
// SAM2 predicts masks at a quarter of its input size. The official code scales
// them up with torch.nn.functional.interpolate(mode="bilinear",
// align_corners=False). Same rule here, with coordinates in float64 instead of
// float32: logits of up to 20 differ by less than 0.001.

import type { Bitmap } from "../base/image.ts";
import type { Size, Tensor } from "../base/tensor.ts";

/** Mask logits: above 0 is inside the object. */
export type Logits = Tensor<
  readonly [batch: number, masks: number, height: number, width: number]
>;

/**
 * Resizes every mask of a batch.
 *
 * @param logits `[B, N, h, w]`
 * @param size the wanted height and width, in pixels
 * @returns `[B, N, size.height, size.width]`, still logits
 *
 * @example A step edge becomes a ramp
 * ```ts
 * import { resizeLogits } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const edge = { dims: [1, 1, 1, 2], data: Float32Array.of(0, 1) } as const;
 * const ramp = resizeLogits(edge, { width: 4, height: 1 });
 * deepEqual([...ramp.data], [0, 0.25, 0.75, 1]);
 * ```
 */
export function resizeLogits(logits: Logits, size: Size): Logits {
  const [b, n, h, w] = logits.dims;
  const rows = blendAxis(h, size.height);
  const columns = blendAxis(w, size.width);
  const data = new Float32Array(b * n * size.height * size.width);
  const blended = new Float64Array(w); // the input row at the height of an output row

  let i = 0;
  for (let plane = 0; plane < b * n; plane++) {
    const hw = logits.data.subarray(plane * h * w, (plane + 1) * h * w); // [h, w]
    for (let y = 0; y < size.height; y++) {
      const above = rows.lo[y] * w, below = rows.hi[y] * w, t = rows.t[y];
      for (let x = 0; x < w; x++) {
        blended[x] = mix(hw[above + x], hw[below + x], t);
      }
      for (let x = 0; x < size.width; x++) {
        const { lo, hi, t } = columns;
        data[i++] = mix(blended[lo[x]], blended[hi[x]], t[x]);
      }
    }
  }
  return { dims: [b, n, size.height, size.width], data };
}

/** Resizes a mask: each pixel takes the nearest one, centres aligned. */
export function resizeBitmap(bitmap: Bitmap, { width, height }: Size): Bitmap {
  const data = new Uint8Array(width * height);
  const columns = nearestAxis(bitmap.width, width);
  const rows = nearestAxis(bitmap.height, height);
  for (let i = 0, y = 0; y < height; y++) {
    const row = rows[y] * bitmap.width;
    for (let x = 0; x < width; x++, i++) {
      data[i] = bitmap.data[row + columns[x]];
    }
  }
  return { width, height, data };
}

/** Cuts one mask out of a batch of logits: inside where the logit is above the threshold. */
export function logitsToBitmap(
  { dims: [, n, height, width], data }: Logits,
  { batch = 0, mask = 0, threshold = 0 }: {
    batch?: number;
    mask?: number;
    threshold?: number;
  } = {},
): Bitmap {
  const start = (batch * n + mask) * height * width;
  const bitmap = new Uint8Array(height * width);
  for (let i = 0; i < bitmap.length; i++) {
    bitmap[i] = data[start + i] > threshold ? 1 : 0;
  }
  return { width, height, data: bitmap };
}

/** For each of `to` pixels, its two neighbours among `from` and the blend between them. */
function blendAxis(from: number, to: number) {
  const lo = new Int32Array(to);
  const hi = new Int32Array(to);
  const t = new Float64Array(to);
  for (let i = 0; i < to; i++) {
    const at = Math.max(0, (i + 0.5) * from / to - 0.5); // centres align, edges clamp
    lo[i] = Math.floor(at);
    hi[i] = Math.min(lo[i] + 1, from - 1);
    t[i] = at - lo[i];
  }
  return { lo, hi, t };
}

function nearestAxis(from: number, to: number): Int32Array {
  return Int32Array.from(
    { length: to },
    (_, i) => Math.floor((i + 0.5) * from / to),
  );
}

function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}
