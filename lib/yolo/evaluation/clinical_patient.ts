// What one patient adds to the clinical measures: which lesions were found on
// which frames, and what was called for nothing.

import { claimLabels, type Overlaps } from "./match_detections.ts";
import type { EvaluatedDetection, EvaluatedLabel } from "./evaluated_image.ts";
import { boxIous } from "./iou_matrix.ts";
import { quantile } from "./bootstrap.ts";

/** A frame of a sequence, or an image alone. */
export type EvaluatedFrame = {
  readonly image: string;
  readonly patient?: string;
  readonly sequence?: string;
  /** When it is shown, in seconds from the start of the sequence. */
  readonly timeS?: number;
  readonly labels: readonly (EvaluatedLabel & {
    /** Which lesion of the sequence this is. */
    readonly lesion?: string;
  })[];
  readonly detections: readonly EvaluatedDetection[];
};

/** One lesion over its frames. */
export type LesionMeasure = {
  readonly patient: string;
  readonly sequence: string;
  readonly lesion: string;
  readonly classNumber: number;
  readonly frames: number;
  readonly framesFound: number;
  readonly isFound: boolean;
  /** From its first labelled frame to the first on which it is detected; null when it never is, or without times. */
  readonly delayS: number | null;
};

/** When a detection counts, and a lesion. */
export type ClinicalLimits = {
  readonly leastIou: number;
  readonly leastConfidence: number;
  readonly leastFrames: number;
};

/** What one patient adds to every sum. */
export type PatientCounts = {
  readonly patient: string;
  readonly sequences: number;
  readonly frames: number;
  /** NaN where a sequence has no times. */
  readonly minutes: number;
  readonly lesions: readonly LesionMeasure[];
  readonly labels: number;
  readonly labelsFound: number;
  readonly emptyFrames: number;
  readonly emptyFramesQuiet: number;
  readonly falsePositives: number;
};

function sequenceOf({ sequence, image }: EvaluatedFrame): string {
  return sequence ?? `image ${image}`;
}

/** The patient of a frame; its sequence, or the image, where none is told. */
export function patientOf(frame: EvaluatedFrame): string {
  return frame.patient ?? sequenceOf(frame);
}

/** Judges all frames of a patient. */
export function measurePatient(
  patient: string,
  frames: readonly EvaluatedFrame[],
  limits: ClinicalLimits,
): PatientCounts {
  const sequences = Map.groupBy(frames, sequenceOf);
  const lesions: LesionMeasure[] = [];
  let minutes = 0, labels = 0, labelsFound = 0, falsePositives = 0;
  let emptyFrames = 0, emptyFramesQuiet = 0;
  for (const [sequence, own] of sequences) {
    const judged = own.toSorted((a, b) => (a.timeS ?? 0) - (b.timeS ?? 0))
      .map((frame) => judgeFrame(frame, limits));
    lesions.push(...lesionsOf(judged, { patient, sequence }, limits));
    minutes += minutesOf(own);
    for (const { found, wrong } of judged) {
      labels += found.length;
      labelsFound += found.filter(({ isFound }) => isFound).length;
      falsePositives += wrong;
      if (found.length > 0) continue;
      emptyFrames++;
      if (wrong === 0) emptyFramesQuiet++;
    }
  }
  return {
    patient,
    sequences: sequences.size,
    frames: frames.length,
    minutes,
    lesions,
    labels,
    labelsFound,
    emptyFrames,
    emptyFramesQuiet,
    falsePositives,
  };
}

type JudgedFrame = {
  readonly timeS: number | undefined;
  readonly found: readonly {
    readonly label: EvaluatedFrame["labels"][number];
    readonly isFound: boolean;
  }[];
  /** False positives. */
  readonly wrong: number;
};

/** Says which labels of a frame were found, and counts what is wrong. */
function judgeFrame(
  { labels, detections, timeS }: EvaluatedFrame,
  { leastIou, leastConfidence }: ClinicalLimits,
): JudgedFrame {
  const counted = labels.filter((label) => !label.isCrowd && !label.isIgnored);
  const passed = labels.filter((label) => label.isCrowd || label.isIgnored);
  const confident = detections
    .filter(({ confidence }) => confidence >= leastConfidence)
    .sort((a, b) => b.confidence - a.confidence);
  const labelOf = claimLabels(overlapsOf(confident, counted), leastIou);
  const onPassed = overlapsOf(confident, passed).iousDL;
  const wrong = confident.filter((_, d) =>
    labelOf[d] < 0 &&
    !passed.some((_, l) => onPassed[d * passed.length + l] >= leastIou)
  ).length;
  return {
    timeS,
    found: counted.map((label, l) => ({ label, isFound: labelOf.includes(l) })),
    wrong,
  };
}

function overlapsOf(
  detections: readonly EvaluatedDetection[],
  labels: readonly EvaluatedLabel[],
): Overlaps {
  return {
    iousDL: boxIous(
      detections.map(({ box }) => box),
      labels.map(({ box }) => box),
      { isCrowd: labels.map(({ isCrowd = false }) => isCrowd) },
    ),
    detectionClasses: detections.map(({ classNumber }) => classNumber),
    labelClasses: labels.map(({ classNumber }) => classNumber),
  };
}

function lesionsOf(
  frames: readonly JudgedFrame[],
  place: { readonly patient: string; readonly sequence: string },
  { leastFrames }: ClinicalLimits,
): LesionMeasure[] {
  const sightings = frames.flatMap(({ timeS, found }) =>
    found.map(({ label, isFound }) => ({ timeS, label, isFound }))
  );
  const byLesion = Map.groupBy(sightings, ({ label }) => label.lesion);
  byLesion.delete(undefined); // labels that nobody followed
  return [...byLesion].map(([lesion = "", own]) => {
    const hits = own.filter(({ isFound }) => isFound);
    const start = own[0].timeS;
    const hit = hits[0]?.timeS;
    return {
      ...place,
      lesion,
      classNumber: own[0].label.classNumber,
      frames: own.length,
      framesFound: hits.length,
      isFound: hits.length >= leastFrames,
      delayS: start === undefined || hit === undefined ? null : hit - start,
    };
  });
}

/**
 * How long frames last: their number times the usual time between two, so that
 * gaps between stretches do not count; NaN without times.
 */
function minutesOf(frames: readonly EvaluatedFrame[]): number {
  const times = frames.map(({ timeS }) => timeS)
    .filter((time) => time !== undefined).sort((a, b) => a - b);
  if (times.length < frames.length || times.length < 2) return NaN;
  const steps = times.slice(1).map((time, i) => time - times[i])
    .sort((a, b) => a - b);
  return frames.length * quantile(steps, 0.5) / 60;
}
