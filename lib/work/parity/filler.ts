// Weights and inputs made by formula, the same in every language.
//
// The official code was run on such tensors, so that goldens of the full sizes
// need no files of a gigabyte. The formula stands in the README of the golden
// folder: FNV-1a of the name, a multiplicative step for each index, a mixer.

import { hashText } from "../../base/random.ts";
import { sizeOf, type Tensor } from "../../base/tensor.ts";

/** Fills a tensor by its name: values in `offset ± scale`. */
export function fillTensor(
  name: string,
  dims: readonly number[],
  { scale, offset = 0 }: { readonly scale: number; readonly offset?: number },
): Tensor {
  const units = fillUnits(name, sizeOf(dims));
  return { dims, data: Float32Array.from(units, (u) => u * scale + offset) };
}

/** The numbers of a name, from −1 to below 1. */
export function fillUnits(name: string, length: number): Float64Array {
  const hash = hashText(name);
  const data = new Float64Array(length);
  for (let i = 0; i < data.length; i++) {
    let x = (hash + Math.imul(i + 1, 0x9e3779b9)) | 0;
    x ^= x >>> 16;
    x = Math.imul(x, 0x85ebca6b);
    x ^= x >>> 13;
    x = Math.imul(x, 0xc2b2ae35);
    x ^= x >>> 16;
    data[i] = (x >>> 0) / 2 ** 32 * 2 - 1;
  }
  return data;
}

/** What a formula weight is, which decides its scale and offset. */
export type WeightKind =
  | "weight"
  | "bias"
  | "norm_weight"
  | "embedding"
  | "gaussian"
  | "gamma";

/** Fills a weight; scale and offset follow its kind. */
export function fillWeight(
  name: string,
  dims: readonly number[],
  kind: WeightKind,
): Tensor {
  switch (kind) {
    case "weight": {
      const isUpscaling = name.includes("output_upscaling.");
      const fanIn = isUpscaling ? dims[0] : sizeOf(dims.slice(1));
      return fillTensor(name, dims, { scale: Math.sqrt(3 / fanIn) });
    }
    case "bias":
      return fillTensor(name, dims, { scale: 0.1 });
    case "norm_weight":
      return fillTensor(name, dims, { scale: 0.2, offset: 1 });
    case "embedding":
      return fillTensor(name, dims, { scale: 0.5 });
    case "gaussian":
      return fillTensor(name, dims, { scale: 1 });
    case "gamma":
      return fillTensor(name, dims, { scale: 0.3, offset: 0.5 });
  }
}
