// Intervals that resample groups, such as patients, never single frames.
//
// Frames of one patient resemble each other, so resampling frames would give
// intervals that are far too narrow. Whole groups are drawn with replacement,
// as many as there are; the interval holds the middle 95 % of what the statistic
// then gives (percentile bootstrap, Efron 1979). With few groups it is rough,
// and with one there is none.

import { type Random, seededRandom } from "../../base/random.ts";

/** A number with the interval it lies in. */
export type Interval = {
  /** Of the groups as they are; null where there is nothing to measure. */
  readonly value: number | null;
  /** Null where there are fewer than two groups, or nothing to measure. */
  readonly low: number | null;
  readonly high: number | null;
  readonly groups: number;
  /** Resamples in which the statistic existed; the interval is made of these. */
  readonly samples: number;
};

/** How intervals are made. */
export type BootstrapOptions = {
  readonly seed?: number;
  readonly samples?: number;
  /** The share of resamples inside the interval. */
  readonly level?: number;
};

/**
 * Measures groups, and how much the measure depends on which groups were drawn.
 *
 * @param statistic takes groups, some of them repeatedly; undefined where it does not exist
 *
 * @example The mean of three patients
 * ```ts
 * import { bootstrapByGroup } from "medannotate";
 * import { equal, ok } from "node:assert/strict";
 *
 * const mean = (groups: readonly number[]) =>
 *   groups.reduce((sum, value) => sum + value, 0) / groups.length;
 * const { value, low, high } = bootstrapByGroup([0.5, 0.7, 0.9], mean);
 * equal(value?.toFixed(2), "0.70");
 * ok(low !== null && high !== null && 0.5 <= low && low < 0.7 && high <= 0.9);
 * ```
 */
export function bootstrapByGroup<Group>(
  groups: readonly Group[],
  statistic: (groups: readonly Group[]) => number | undefined,
  { seed = 1, samples = 1000, level = 0.95 }: BootstrapOptions = {},
): Interval {
  if (!(level > 0 && level < 1) || !(samples >= 1)) {
    throw new RangeError(
      `Cannot make an interval of level ${level} from ${samples} samples: expected a level between 0 and 1 and at least one sample`,
    );
  }
  const value = groups.length === 0 ? null : finite(statistic(groups));
  const none = { value, low: null, high: null, groups: groups.length };
  if (groups.length < 2) return { ...none, samples: 0 };
  const random = seededRandom(seed);
  const found: number[] = [];
  for (let i = 0; i < samples; i++) {
    const drawn = finite(statistic(drawAgain(groups, random)));
    if (drawn !== null) found.push(drawn);
  }
  if (found.length === 0) return { ...none, samples: 0 };
  found.sort((a, b) => a - b);
  return {
    ...none,
    low: quantile(found, (1 - level) / 2),
    high: quantile(found, (1 + level) / 2),
    samples: found.length,
  };
}

function drawAgain<Group>(groups: readonly Group[], random: Random): Group[] {
  return groups.map(() => groups[Math.floor(random() * groups.length)]);
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Of sorted values, with linear interpolation between two of them. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}
