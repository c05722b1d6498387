// What a decoder pass gives, and which of its masks goes on.

import type { Bitmap } from "../../base/image.ts";
import type { Tensor } from "../../base/tensor.ts";
import { absentLogit } from "../selection.ts";

/** What a pass over B objects found. */
export type Pass = {
  /** `[B, 4, h, w]` logits */
  readonly masks: Tensor;
  readonly ious: Tensor;
  readonly objectScore: Tensor;
  readonly pointers: Tensor;
};

/** The mask that counts for every object: 0, or the best by predicted IoU of 1 to 3. */
export function choosePasses(
  { ious }: Pass,
  isAmbiguous: boolean,
): readonly number[] {
  const b = ious.dims[0];
  return Array.from({ length: b }, (_, i) => {
    if (!isAmbiguous) return 0;
    const of = (k: number) => ious.data[i * 4 + k];
    return [2, 3].reduce((best, k) => of(k) > of(best) ? k : best, 1);
  });
}

/** The logits of the chosen masks, `[h · w]` each. */
export function chosenLogits(
  { masks }: Pass,
  chosen: readonly number[],
): readonly Float32Array[] {
  const area = masks.dims[2] * masks.dims[3];
  return chosen.map((k, i) =>
    masks.data.slice((i * 4 + k) * area, (i * 4 + k + 1) * area)
  );
}

/** Logits as they may be fed back as a mask prompt, within ±32. */
export function clampLogits(logits: Float32Array): Float32Array {
  return logits.map((value) => Math.min(Math.max(value, -32), 32));
}

/** Logits `[side/4]²` as masks at half the side, each pixel interpolated. */
export function toHalfMask(logits: Float32Array, quarter: number): Bitmap {
  const half = quarter * 2;
  const data = new Uint8Array(half * half);
  const edge = quarter - 1;
  for (let y = 0; y < half; y++) {
    const [y0, y1, v] = between(y, edge);
    for (let x = 0; x < half; x++) {
      const [x0, x1, u] = between(x, edge);
      const top = logits[y0 * quarter + x0] * (1 - u) +
        logits[y0 * quarter + x1] * u;
      const bottom = logits[y1 * quarter + x0] * (1 - u) +
        logits[y1 * quarter + x1] * u;
      data[y * half + x] = top * (1 - v) + bottom * v > 0 ? 1 : 0;
    }
  }
  return { width: half, height: half, data };
}

/** The two source pixels of a pixel at twice the size, and the share of the second. */
function between(i: number, edge: number): [number, number, number] {
  const at = Math.min(Math.max((i + 0.5) / 2 - 0.5, 0), edge);
  const low = Math.floor(at);
  return [low, Math.min(low + 1, edge), at - low];
}

/** The chosen pointers, `[B, C]`. */
export function chosenPointers(
  { pointers }: Pass,
  chosen: readonly number[],
): Tensor {
  const c = pointers.dims[2];
  const data = new Float32Array(chosen.length * c);
  chosen.forEach((k, i) => {
    const from = (i * 4 + k) * c;
    data.set(pointers.data.subarray(from, from + c), i * c);
  });
  return { dims: [chosen.length, c], data };
}

/** Gradients of what was chosen as gradients of all four, `[B, 4, …]`. */
export function spreadToFour(
  gradient: Tensor,
  chosen: readonly number[],
  dims: readonly number[],
): Tensor {
  const size = gradient.data.length / chosen.length;
  const data = new Float32Array(chosen.length * 4 * size);
  chosen.forEach((k, i) => {
    const part = gradient.data.subarray(i * size, (i + 1) * size);
    data.set(part, (i * 4 + k) * size);
  });
  return { dims, data };
}

/** What goes into a memory: nothing where the object is taken for absent. */
export function gatedLogits(
  logits: readonly Float32Array[],
  { objectScore, masks }: Pass,
): Tensor {
  const [b, , h, w] = masks.dims;
  const data = new Float32Array(b * h * w);
  logits.forEach((own, i) => {
    const at = i * h * w;
    if (objectScore.data[i] > 0) data.set(own, at);
    else data.fill(absentLogit, at, at + h * w);
  });
  return { dims: [b, 1, h, w], data };
}

/** Adds gradients of one value that arrive from several places. */
export function sumOf(...parts: readonly (Tensor | undefined)[]): Tensor {
  const found = parts.filter((part) => part !== undefined);
  if (found.length === 0) throw new RangeError("No gradient arrived");
  const [{ dims, data }, ...rest] = found;
  if (rest.length === 0) return found[0];
  const sum = data.slice();
  for (const { data: more } of rest) {
    for (let i = 0; i < sum.length; i++) sum[i] += more[i];
  }
  return { dims, data: sum };
}
