// Precision, recall and average precision as Ultralytics' validation prints them.
//
// Only classes with at least one label count. Precision and recall are those
// at one confidence for all classes: where the mean F1, smoothed, is highest.
// Curves have 1,000 points from 0 to 1, of confidence or of recall.

import {
  averagePrecision,
  interpolate,
  precisionEnvelope,
} from "./average_precision.ts";
import { iouThresholds, type UltralyticsRule } from "./match_detections.ts";

/** All detections of a data set, matched. */
export type MatchedDetections = {
  readonly confidences: ArrayLike<number>;
  readonly classes: ArrayLike<number>;
  /** `[detections, 10]`, from {@link matchDetections} of each image. */
  readonly correctDT: Uint8Array;
  /** Of every label of every image. */
  readonly labelClasses: ArrayLike<number>;
};

/** How well one class is found. */
export type UltralyticsClass = {
  readonly classNumber: number;
  readonly labels: number;
  readonly detections: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly ap50: number;
  readonly ap75: number;
  readonly ap50to95: number;
  /** At each of the ten thresholds. */
  readonly ap: readonly number[];
};

/** Four curves of 1,000 points. */
export type DetectionCurves = {
  /** Over the confidence. */
  readonly precision: readonly number[];
  readonly recall: readonly number[];
  readonly f1: readonly number[];
  /** Precision over the recall, at an overlap of 0.5. */
  readonly precisionByRecall: readonly number[];
};

/** How well all classes are found; means over the classes that have labels, 0 where none has. */
export type UltralyticsMeasures = {
  readonly rule: UltralyticsRule;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly map50: number;
  readonly map75: number;
  readonly map50to95: number;
  /** Where the smoothed mean F1 is highest; precision and recall are taken there. */
  readonly bestConfidence: number;
  readonly classes: readonly UltralyticsClass[];
};

const points = 1000;
const tiny = 1e-16; // keeps divisions by nothing at 0, as the package does

/** Measures matched detections; the curves come beside, they are long. */
export function measureByUltralytics(
  matched: MatchedDetections,
  { rule = "8.4" }: { rule?: UltralyticsRule } = {},
): {
  readonly measures: UltralyticsMeasures;
  /** Of each entry of `measures.classes`. */
  readonly classCurves: readonly DetectionCurves[];
  readonly meanCurves: DetectionCurves;
} {
  const labels = countByClass(matched.labelClasses);
  const rows = rowsByClass(matched);
  const classes = [...labels.keys()].sort((a, b) => a - b);
  const found = classes.map((classNumber) =>
    measureClass(matched, rows.get(classNumber) ?? [], {
      labels: labels.get(classNumber) ?? 0,
      rule,
    })
  );
  const meanCurves = meanOfCurves(found.map(({ curves }) => curves));
  const best = indexOfHighest(smoothed(meanCurves.f1));
  const perClass = found.map(({ ap, curves, detections }, i) =>
    classAt(best, curves, {
      classNumber: classes[i],
      labels: labels.get(classes[i]) ?? 0,
      detections,
      ap,
    })
  );
  const mean = (value: (row: UltralyticsClass) => number) =>
    perClass.length === 0
      ? 0
      : perClass.reduce((sum, row) => sum + value(row), 0) / perClass.length;
  return {
    measures: {
      rule,
      precision: mean((row) => row.precision),
      recall: mean((row) => row.recall),
      f1: mean((row) => row.f1),
      map50: mean((row) => row.ap50),
      map75: mean((row) => row.ap75),
      map50to95: mean((row) => row.ap50to95),
      bestConfidence: best / (points - 1),
      classes: perClass,
    },
    classCurves: found.map(({ curves }) => curves),
    meanCurves,
  };
}

function countByClass(classes: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < classes.length; i++) {
    counts.set(classes[i], (counts.get(classes[i]) ?? 0) + 1);
  }
  return counts;
}

/** The detections of each class, most confident first. */
function rowsByClass(
  { confidences, classes }: MatchedDetections,
): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (let d = 0; d < classes.length; d++) {
    const own = rows.get(classes[d]);
    if (own) own.push(d);
    else rows.set(classes[d], [d]);
  }
  for (const own of rows.values()) {
    own.sort((a, b) => confidences[b] - confidences[a]); // stable
  }
  return rows;
}

function measureClass(
  { confidences, correctDT }: MatchedDetections,
  rows: readonly number[],
  { labels, rule }: { labels: number; rule: UltralyticsRule },
) {
  const thresholds = iouThresholds.length;
  if (rows.length === 0) {
    const ap = new Array<number>(thresholds).fill(0);
    return { detections: 0, ap, curves: emptyCurves() };
  }
  const recallAt = (t: number) => {
    const recall = new Float64Array(rows.length);
    const precision = new Float64Array(rows.length);
    let right = 0;
    for (let i = 0; i < rows.length; i++) {
      right += correctDT[rows[i] * thresholds + t];
      recall[i] = right / (labels + tiny);
      precision[i] = right / (i + 1);
    }
    return { recall, precision };
  };
  const at50 = recallAt(0);
  const ap = iouThresholds.map((_, t) =>
    averagePrecision(t === 0 ? at50 : recallAt(t), { rule })
  );
  // over a confidence that falls, so negated: interpolation wants it rising
  const falling = Float64Array.from(rows, (d) => -confidences[d]);
  const envelope = precisionEnvelope(at50, rule);
  const over = (at: (x: number) => number) =>
    Array.from({ length: points }, (_, i) => at(i / (points - 1)));
  const recall = over((x) =>
    interpolate(-x, falling, at50.recall, { left: 0 })
  );
  const precision = over((x) =>
    interpolate(-x, falling, at50.precision, { left: 1 })
  );
  const curves: DetectionCurves = {
    precision,
    recall,
    f1: precision.map((p, i) => 2 * p * recall[i] / (p + recall[i] + tiny)),
    precisionByRecall: over((x) =>
      interpolate(x, envelope.recall, envelope.precision)
    ),
  };
  return { detections: rows.length, ap, curves };
}

function emptyCurves(): DetectionCurves {
  const zeros = new Array<number>(points).fill(0);
  return {
    precision: zeros,
    recall: zeros,
    f1: zeros,
    precisionByRecall: zeros,
  };
}

function meanOfCurves(curves: readonly DetectionCurves[]): DetectionCurves {
  const mean = (key: keyof DetectionCurves) => {
    const sums = new Array<number>(points).fill(0);
    for (const { [key]: values } of curves) {
      for (let i = 0; i < points; i++) sums[i] += values[i];
    }
    return sums.map((sum) => sum / Math.max(1, curves.length));
  };
  return {
    precision: mean("precision"),
    recall: mean("recall"),
    f1: mean("f1"),
    precisionByRecall: mean("precisionByRecall"),
  };
}

/** The mean of 101 neighbours; the ends are repeated. */
function smoothed(values: readonly number[]): number[] {
  const reach = 50; // a tenth of 1,000 points, both sides together
  const at = (i: number) => values[Math.min(Math.max(i, 0), points - 1)];
  return values.map((_, i) => {
    let sum = 0;
    for (let j = i - reach; j <= i + reach; j++) sum += at(j);
    return sum / (2 * reach + 1);
  });
}

function indexOfHighest(values: readonly number[]): number {
  return values.reduce((best, value, i) => value > values[best] ? i : best, 0);
}

function classAt(
  best: number,
  curves: DetectionCurves,
  row: Pick<
    UltralyticsClass,
    "classNumber" | "labels" | "detections" | "ap"
  >,
): UltralyticsClass {
  const precision = curves.precision[best];
  const recall = curves.recall[best];
  const truePositives = Math.round(recall * row.labels);
  return {
    ...row,
    precision,
    recall,
    f1: curves.f1[best],
    truePositives,
    falsePositives: Math.round(
      truePositives / (precision + tiny) - truePositives,
    ),
    ap50: row.ap[0],
    ap75: row.ap[5],
    ap50to95: row.ap.reduce((sum, ap) => sum + ap, 0) / row.ap.length,
  };
}
