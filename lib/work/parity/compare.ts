// Comparing what we compute with what the official code printed.

import type { Tensor } from "../../base/tensor.ts";

/** One compared number or tensor. */
export type Comparison = {
  readonly name: string;
  readonly error: number;
  /** `std`: in units of the golden tensor's standard deviation. */
  readonly unit: "std" | "abs" | "rel" | "exact";
  readonly tolerance: number;
  readonly ok: boolean;
};

/** Something the golden folder holds, and how to compare it. */
export type Check = {
  readonly name: string;
  /** Compares; undefined when nothing here computes it yet. */
  readonly compare?: () => Promise<readonly Comparison[]>;
  /** How many comparisons it stands for. */
  readonly count: number;
};

/** Of the standard deviation: one thousandth is what an issue allows; 1e-5 is usual. */
export const tensorTolerance = 1e-3;

/** The largest difference over the golden's standard deviation. */
export function compareTensor(
  name: string,
  found: Float32Array,
  wanted: Float32Array,
  { tolerance = tensorTolerance }: { tolerance?: number } = {},
): Comparison {
  if (found.length !== wanted.length) return mismatch(name);
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    largest = worse(largest, Math.abs(found[i] - wanted[i]));
  }
  return overDeviation(name, largest, summarise(wanted), tolerance);
}

/**
 * An error in units of the deviation. A tensor that is constant but for
 * rounding (an empty mask is −10 and −9.999999) has none to measure by: there
 * the error counts as it is.
 */
function overDeviation(
  name: string,
  error: number,
  { std, min, max }: Pick<Summary, "std" | "min" | "max">,
  tolerance: number,
): Comparison {
  const rounding = 2 ** -23 * Math.max(Math.abs(min), Math.abs(max));
  return std <= 4 * rounding
    ? judged(name, error, "abs", tolerance)
    : judged(name, error / std, "std", tolerance);
}

/** A single number, absolutely. */
export function compareNumber(
  name: string,
  found: number,
  wanted: number,
  { tolerance = 1e-3 }: { tolerance?: number } = {},
): Comparison {
  return judged(name, Math.abs(found - wanted), "abs", tolerance);
}

/** Something that is the same or is not. */
export function compareExactly(
  name: string,
  found: unknown,
  wanted: unknown,
): Comparison {
  const isSame = JSON.stringify(found) === JSON.stringify(wanted);
  return judged(name, isSame ? 0 : 1, "exact", 0);
}

/** A tensor of which the golden keeps samples and moments. */
export type Summary = {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly number[];
};

/** The largest difference of samples and moments over the standard deviation. */
export function compareSummary(
  name: string,
  found: Tensor,
  wanted: Summary,
  { tolerance = tensorTolerance }: { tolerance?: number } = {},
): Comparison {
  const { data } = found;
  const size = wanted.shape.reduce((product, dim) => product * dim, 1);
  if (data.length !== size) return mismatch(name);
  const moments = summarise(data);
  const n = wanted.samples.length;
  let largest = 0;
  wanted.samples.forEach((sample, i) => {
    const at = Math.floor(i * size / n);
    largest = worse(largest, Math.abs(data[at] - sample));
  });
  for (const key of ["mean", "std", "min", "max"] as const) {
    largest = worse(largest, Math.abs(moments[key] - wanted[key]));
  }
  return overDeviation(name, largest, wanted, tolerance);
}

function summarise(data: Float32Array) {
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  for (const value of data) {
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const mean = sum / data.length;
  let squares = 0;
  for (const value of data) squares += (value - mean) ** 2;
  const std = Math.sqrt(squares / data.length); // of the whole tensor, not a sample
  return { mean, std, min, max };
}

/** The larger error; what is no number is infinitely wrong. */
function worse(largest: number, error: number): number {
  return Number.isNaN(error) ? Infinity : Math.max(largest, error);
}

function mismatch(name: string): Comparison {
  return judged(name, Infinity, "abs", 0);
}

/** A comparison with its verdict. */
export function judged(
  name: string,
  raw: number,
  unit: Comparison["unit"],
  tolerance: number,
): Comparison {
  const error = Number.isNaN(raw) ? Infinity : raw;
  return { name, error, unit, tolerance, ok: error <= tolerance };
}
