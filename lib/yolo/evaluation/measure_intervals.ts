// Mean average precision with intervals that resample patients.
//
// Every resample measures the drawn patients anew, a patient drawn twice with
// all labels and detections twice, by the rule of 8.4. Detections are matched
// and sorted once; a resample only counts, which keeps a thousand of them to
// seconds.

import { averagePrecision } from "./average_precision.ts";
import {
  bootstrapByGroup,
  type BootstrapOptions,
  type Interval,
} from "./bootstrap.ts";
import type { EvaluatedImage } from "./evaluated_image.ts";
import {
  countedClass,
  type ImageOverlaps,
  overlapsOfBoxes,
  overlapsOfMasks,
} from "./geometry_measures.ts";
import { iouThresholds, matchDetections } from "./match_detections.ts";

/** Mean average precision over classes, with intervals. */
export type MeasureIntervals = {
  readonly map50: Interval;
  readonly map50to95: Interval;
};

/** Measures boxes, or masks; `patientOf` tells whose an image is. */
export function measureIntervals<Image extends EvaluatedImage>(
  images: readonly Image[],
  patientOf: (image: Image) => string,
  { masks = false, ...options }:
    & { masks?: boolean }
    & BootstrapOptions = {},
): MeasureIntervals {
  const patients = [...new Set(images.map(patientOf))];
  const numberOf = new Map(patients.map((patient, i) => [patient, i]));
  const classes = rankClasses(
    images,
    (image) => numberOf.get(patientOf(image)) ?? 0,
    masks ? overlapsOfMasks : overlapsOfBoxes,
  );
  const interval = (thresholds: readonly number[]) =>
    bootstrapByGroup(
      [...patients.keys()],
      (drawn) => {
        const times = new Uint32Array(patients.length);
        for (const patient of drawn) times[patient]++;
        return meanAveragePrecision(classes, times, thresholds);
      },
      options,
    );
  return {
    map50: interval([0]),
    map50to95: interval([...iouThresholds.keys()]),
  };
}

/** One class: what was detected, most confident first, and what is labelled. */
type RankedClass = {
  readonly patients: Uint32Array;
  /** One bit for each threshold: the detection is right. */
  readonly correct: Uint16Array;
  /** How many labels each patient has. */
  readonly labelsOf: ReadonlyMap<number, number>;
};

function rankClasses<Image extends EvaluatedImage>(
  images: readonly Image[],
  patientOf: (image: Image) => number,
  overlapsOf: (image: EvaluatedImage, index: number) => ImageOverlaps,
): RankedClass[] {
  type Row = { confidence: number; patient: number; correct: number };
  const rows = new Map<number, Row[]>();
  const labels = new Map<number, Map<number, number>>();
  for (const [i, image] of images.entries()) {
    const patient = patientOf(image);
    const detections = image.detections.toSorted((a, b) =>
      b.confidence - a.confidence
    );
    const labelClasses = image.labels.map(countedClass);
    const correct = matchDetections({
      iousDL: overlapsOf({ ...image, detections }, i).iousDL,
      detectionClasses: detections.map(({ classNumber }) => classNumber),
      labelClasses,
    });
    for (const [d, { classNumber, confidence }] of detections.entries()) {
      const row = { confidence, patient, correct: bitsOf(correct, d) };
      const own = rows.get(classNumber);
      if (own) own.push(row);
      else rows.set(classNumber, [row]);
    }
    for (const classNumber of labelClasses) {
      if (classNumber < 0) continue;
      const own = labels.get(classNumber) ?? new Map<number, number>();
      labels.set(classNumber, own);
      own.set(patient, (own.get(patient) ?? 0) + 1);
    }
  }
  return [...labels].map(([classNumber, labelsOf]) => {
    const own = (rows.get(classNumber) ?? [])
      .sort((a, b) => b.confidence - a.confidence);
    return {
      patients: Uint32Array.from(own, ({ patient }) => patient),
      correct: Uint16Array.from(own, ({ correct }) => correct),
      labelsOf,
    };
  });
}

function bitsOf(correctDT: Uint8Array, detection: number): number {
  const thresholds = iouThresholds.length;
  let bits = 0;
  for (let t = 0; t < thresholds; t++) {
    bits |= correctDT[detection * thresholds + t] << t;
  }
  return bits;
}

/** Over the classes that are labelled; undefined when none is. */
function meanAveragePrecision(
  classes: readonly RankedClass[],
  times: Uint32Array,
  thresholds: readonly number[],
): number | undefined {
  let sum = 0, count = 0;
  for (const ranked of classes) {
    let labels = 0;
    for (const [patient, own] of ranked.labelsOf) {
      labels += own * times[patient];
    }
    if (labels === 0) continue;
    let detections = 0;
    for (const patient of ranked.patients) detections += times[patient];
    for (const t of thresholds) {
      sum += detections === 0
        ? 0
        : averagePrecision(curveOf(ranked, times, { labels, detections, t }));
      count++;
    }
  }
  return count === 0 ? undefined : sum / count;
}

function curveOf(
  { patients, correct }: RankedClass,
  times: Uint32Array,
  { labels, detections, t }: {
    readonly labels: number;
    readonly detections: number;
    readonly t: number;
  },
) {
  const recall = new Float64Array(detections);
  const precision = new Float64Array(detections);
  let right = 0, at = 0;
  for (let d = 0; d < patients.length; d++) {
    const isRight = (correct[d] >> t) & 1;
    for (let n = times[patients[d]]; n > 0; n--) {
      right += isRight;
      recall[at] = right / labels;
      precision[at] = right / ++at;
    }
  }
  return { recall, precision };
}
