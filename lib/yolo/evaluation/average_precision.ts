// The area under a precision-recall curve, as Ultralytics takes it.
//
// The curve is made monotone from the right, then read at 101 recalls with
// linear interpolation, and integrated by trapezoids (COCO takes the mean of
// 101 maxima instead). From 8.4 on precision falls to 0 behind the last recall
// that was reached; before, the curve ran in a line from there to (1, 0),
// which counted recall that nobody had.

import type { UltralyticsRule } from "./match_detections.ts";

/** Precision at recalls that rise. */
export type PrecisionRecall = {
  readonly recall: Float64Array;
  readonly precision: Float64Array;
};

const recallPoints = 101;

/**
 * Takes the average precision of a curve, 0..1.
 *
 * @example Half of the objects are found, without a false alarm
 * ```ts
 * import { averagePrecision } from "medannotate";
 * import { ok } from "node:assert/strict";
 *
 * const recall = Float64Array.of(0.25, 0.5);
 * const precision = Float64Array.of(1, 1);
 * const newer = averagePrecision({ recall, precision });
 * const older = averagePrecision({ recall, precision }, { rule: "8.3" });
 * ok(Math.abs(newer - 0.495) < 1e-9); // precision is 0 from recall 0.50 on
 * ok(Math.abs(older - 0.75) < 1e-9); // a straight line from there to (1, 0)
 * ```
 */
export function averagePrecision(
  curve: PrecisionRecall,
  { rule = "8.4" }: { rule?: UltralyticsRule } = {},
): number {
  const { recall, precision } = precisionEnvelope(curve, rule);
  let area = 0;
  let last = interpolate(0, recall, precision);
  for (let i = 1; i < recallPoints; i++) {
    const next = interpolate(i / (recallPoints - 1), recall, precision);
    area += (last + next) / 2 / (recallPoints - 1);
    last = next;
  }
  return area;
}

/** The curve with its ends added, never rising from left to right. */
export function precisionEnvelope(
  { recall, precision }: PrecisionRecall,
  rule: UltralyticsRule,
): PrecisionRecall {
  const reached = recall.length > 0 ? recall[recall.length - 1] : 1;
  const end = rule === "8.4"
    ? { recall: [reached, 1], precision: [0, 0] }
    : { recall: [1], precision: [0] };
  const wide = {
    recall: joined(0, recall, end.recall),
    precision: joined(1, precision, end.precision),
  };
  for (let i = wide.precision.length - 2; i >= 0; i--) {
    wide.precision[i] = Math.max(wide.precision[i], wide.precision[i + 1]);
  }
  return wide;
}

/**
 * Reads a curve at x by linear interpolation; `xs` rise. Outside the curve its
 * ends go on, or `left` where it is given; of equal xs the last counts.
 */
export function interpolate(
  x: number,
  xs: Float64Array,
  ys: Float64Array,
  { left = ys[0] }: { left?: number } = {},
): number {
  if (x < xs[0]) return left;
  // the last j with xs[j] <= x
  let j = 0;
  for (let beyond = xs.length; beyond - j > 1;) {
    const middle = (j + beyond) >> 1;
    if (xs[middle] <= x) j = middle;
    else beyond = middle;
  }
  if (j === xs.length - 1 || xs[j] === x) return ys[j];
  return (ys[j + 1] - ys[j]) / (xs[j + 1] - xs[j]) * (x - xs[j]) + ys[j];
}

function joined(
  first: number,
  middle: Float64Array,
  end: readonly number[],
): Float64Array {
  const values = new Float64Array(1 + middle.length + end.length);
  values[0] = first;
  values.set(middle, 1);
  values.set(end, 1 + middle.length);
  return values;
}
