// Features of a frame in half precision: what a cache keeps.
//
// Whoever caches rounds every frame's features this way, those that were just
// computed too, so that a cache changes time and never a mask. Half precision
// keeps 11 bits; masks of real clips differ by single pixels (README, Numbers).

import { sizeOf, type Tensor } from "../base/tensor.ts";

/** The three maps that the encoder gives, as numbers. */
export type FeatureMaps = {
  readonly fpn0: Tensor;
  readonly fpn1: Tensor;
  readonly fpn2: Tensor;
};

/** Half-precision numbers: fpn0, fpn1 and fpn2 one after the other. */
export type HalfFeatures = Float16Array<ArrayBuffer>;

/** The shapes of the maps at an input side, as the encoder gives them. */
export function featureDims(
  { channels, side }: { readonly channels: number; readonly side: number },
): Readonly<Record<keyof FeatureMaps, readonly [1, number, number, number]>> {
  return {
    fpn0: [1, channels / 8, side / 4, side / 4],
    fpn1: [1, channels / 4, side / 8, side / 8],
    fpn2: [1, channels, side / 16, side / 16],
  };
}

/** Rounds features; undefined where a value does not fit half precision (above 65,504, or not finite). */
export function toHalf(
  { fpn0, fpn1, fpn2 }: FeatureMaps,
): HalfFeatures | undefined {
  const maps = [fpn0, fpn1, fpn2];
  const length = maps.reduce((sum, { data }) => sum + data.length, 0);
  const half = new Float16Array(length);
  let at = 0;
  for (const { data } of maps) {
    half.set(data, at);
    at += data.length;
  }
  const bits = new Uint16Array(half.buffer);
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i] & 0x7c00) === 0x7c00) return undefined; // infinite, or no number
  }
  return half;
}

/** Widens features again. */
export function fromHalf(
  half: HalfFeatures,
  shape: { readonly channels: number; readonly side: number },
): FeatureMaps {
  let at = 0;
  const next = (dims: readonly number[]): Tensor => {
    const part = half.subarray(at, at += sizeOf(dims));
    return { dims, data: new Float32Array(part) };
  };
  const { fpn0, fpn1, fpn2 } = featureDims(shape);
  return { fpn0: next(fpn0), fpn1: next(fpn1), fpn2: next(fpn2) };
}
