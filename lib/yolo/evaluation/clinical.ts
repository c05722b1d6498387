// What a clinician asks of a detector: does it find the lesions, how soon, and
// how often does it call for nothing?
//
// A lesion is an object of a sequence that is followed over its frames. It is
// found when it was detected on enough frames; a detection counts when it is
// confident enough and overlaps enough, in descending confidence, each label
// once, as in 8.4's rule. Every other confident detection is a false positive,
// a second box on a found lesion too, unless it lies on a label that is
// ignored or a crowd. Intervals resample patients. Frames without a patient's
// code count by their sequence, as one patient each.

import {
  bootstrapByGroup,
  type BootstrapOptions,
  type Interval,
  quantile,
} from "./bootstrap.ts";
import {
  type EvaluatedFrame,
  type LesionMeasure,
  measurePatient,
  type PatientCounts,
  patientOf,
} from "./clinical_patient.ts";

/** The clinical measures of some patients. */
export type PatientsMeasures = {
  readonly patients: number;
  readonly sequences: number;
  readonly frames: number;
  /** What the frames last together; null where a sequence has no times. */
  readonly minutes: number | null;
  readonly lesions: number;
  readonly lesionsFound: number;
  readonly falsePositives: number;
  /** Share of lesions that were found. */
  readonly lesionSensitivity: Interval;
  /** Share of labels, frame by frame, that were found. */
  readonly frameSensitivity: Interval;
  /** Share of frames without a label on which nothing was detected. */
  readonly emptyFrameSpecificity: Interval;
  readonly falsePositivesPerFrame: Interval;
  /** Of the frames given: of every tenth frame, it is that of a tenth of the frame rate. */
  readonly falsePositivesPerMinute: Interval;
  /** The median over the lesions that were detected at all, in seconds. */
  readonly medianDelayS: Interval;
};

/** The clinical measures of a detector; plain data that JSON keeps. */
export type ClinicalMeasures = {
  readonly leastIou: number;
  readonly leastConfidence: number;
  readonly leastFrames: number;
  readonly all: PatientsMeasures;
  /** Patients that were in training; only where they are told. */
  readonly seen?: PatientsMeasures;
  readonly unseen?: PatientsMeasures;
  readonly lesions: readonly LesionMeasure[];
};

/**
 * Measures a detector on sequences of patients.
 *
 * @param options.leastFrames on how many frames a lesion must be detected to count as found
 * @param options.seenPatients those that were in training, to be told apart
 *
 * @example Found on the second of two frames, 40 ms late
 * ```ts
 * import { evaluateClinically } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const box = { x0: 10, y0: 10, x1: 30, y1: 30 };
 * const labels = [{ classNumber: 0, box, lesion: "1" }];
 * const place = { patient: "P1", sequence: "S1", labels };
 * const { all } = evaluateClinically([
 *   { image: "0", timeS: 0, ...place, detections: [] },
 *   {
 *     image: "1",
 *     timeS: 0.04,
 *     ...place,
 *     detections: [{ classNumber: 0, confidence: 0.8, box }],
 *   },
 * ]);
 * equal(all.lesionSensitivity.value, 1);
 * equal(all.frameSensitivity.value, 0.5);
 * equal(all.medianDelayS.value, 0.04);
 * ```
 */
export function evaluateClinically(
  frames: readonly EvaluatedFrame[],
  {
    leastIou = 0.5,
    leastConfidence = 0.25,
    leastFrames = 1,
    seenPatients,
    ...bootstrap
  }: {
    leastIou?: number;
    leastConfidence?: number;
    leastFrames?: number;
    seenPatients?: ReadonlySet<string>;
  } & BootstrapOptions = {},
): ClinicalMeasures {
  const limits = { leastIou, leastConfidence, leastFrames };
  const byPatient = Map.groupBy(frames, patientOf);
  const patients = [...byPatient].map(([patient, own]) =>
    measurePatient(patient, own, limits)
  );
  const measure = (chosen: readonly PatientCounts[]) =>
    summarise(chosen, bootstrap);
  const isSeen = ({ patient }: PatientCounts) =>
    seenPatients?.has(patient) ?? false;
  return {
    ...limits,
    all: measure(patients),
    ...(seenPatients
      ? {
        seen: measure(patients.filter(isSeen)),
        unseen: measure(patients.filter((patient) => !isSeen(patient))),
      }
      : {}),
    lesions: patients.flatMap(({ lesions }) => lesions),
  };
}

function summarise(
  patients: readonly PatientCounts[],
  bootstrap: BootstrapOptions,
): PatientsMeasures {
  const interval = (
    statistic: (patients: readonly PatientCounts[]) => number,
  ) => bootstrapByGroup(patients, statistic, bootstrap);
  const share = (
    part: (patient: PatientCounts) => number,
    whole: (patient: PatientCounts) => number,
  ) => interval((drawn) => total(drawn, part) / total(drawn, whole)); // 0/0 does not exist
  const minutes = total(patients, (patient) => patient.minutes);
  return {
    patients: patients.length,
    sequences: total(patients, ({ sequences }) => sequences),
    frames: total(patients, ({ frames }) => frames),
    minutes: Number.isFinite(minutes) ? minutes : null,
    lesions: total(patients, ({ lesions }) => lesions.length),
    lesionsFound: total(patients, lesionsFound),
    falsePositives: total(patients, ({ falsePositives }) => falsePositives),
    lesionSensitivity: share(lesionsFound, ({ lesions }) => lesions.length),
    frameSensitivity: share(
      ({ labelsFound }) => labelsFound,
      ({ labels }) => labels,
    ),
    emptyFrameSpecificity: share(
      ({ emptyFramesQuiet }) => emptyFramesQuiet,
      ({ emptyFrames }) => emptyFrames,
    ),
    falsePositivesPerFrame: share(
      ({ falsePositives }) => falsePositives,
      ({ frames }) => frames,
    ),
    falsePositivesPerMinute: share(
      ({ falsePositives }) => falsePositives,
      ({ minutes }) => minutes,
    ),
    medianDelayS: interval(medianDelay),
  };
}

function lesionsFound({ lesions }: PatientCounts): number {
  return lesions.filter(({ isFound }) => isFound).length;
}

function medianDelay(patients: readonly PatientCounts[]): number {
  const delays = patients.flatMap(({ lesions }) => lesions)
    .map(({ delayS }) => delayS).filter((delay) => delay !== null)
    .sort((a, b) => a - b);
  return delays.length === 0 ? NaN : quantile(delays, 0.5);
}

function total<Item>(items: readonly Item[], value: (item: Item) => number) {
  return items.reduce((sum, item) => sum + value(item), 0);
}
