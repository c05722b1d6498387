// Tensors of which the goldens of YOLO keep samples: flat index
// floor((2j + 1) · n / (2k)), j from 0 to k − 1.

import { z } from "zod";
import type { Tensor } from "../../base/tensor.ts";
import { type Comparison, judged } from "./compare.ts";

/** A tensor by its samples. */
export const Sampled = z.looseObject({
  shape: z.array(z.int()),
  std: z.number().optional(),
  samples: z.array(z.number()),
});
export type Sampled = z.infer<typeof Sampled>;

/** The flat index of sample j of k in a tensor of n elements. */
export function sampleIndex(j: number, k: number, n: number): number {
  return Math.floor((2 * j + 1) * n / (2 * k));
}

/** The largest difference of the samples. */
export function compareSamples(
  name: string,
  found: Tensor,
  { samples, std }: Pick<Sampled, "samples" | "std">,
  { tolerance, unit = "abs", only = () => true }: {
    readonly tolerance: number;
    readonly unit?: "abs" | "std";
    /** Which flat indexes are compared; default all. */
    readonly only?: (index: number) => boolean;
  },
): Comparison {
  const n = found.data.length;
  let largest = 0;
  samples.forEach((sample, j) => {
    const at = sampleIndex(j, samples.length, n);
    if (!only(at)) return;
    const error = Math.abs(found.data[at] - sample);
    largest = Number.isNaN(error) ? Infinity : Math.max(largest, error);
  });
  const scale = unit === "std" ? std ?? 0 : 1;
  return judged(name, largest / scale, unit, tolerance);
}
