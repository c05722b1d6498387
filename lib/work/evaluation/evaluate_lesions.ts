// The clinical measures of a detector on the images of a data set that tells
// sequences and frames.
//
// Lesions are the objects that an export followed. Times come from the frame
// rate; where it is not known, delays are counted in frames and nothing is said
// per minute.

import {
  type ClinicalMeasures,
  evaluateClinically,
  type PatientsMeasures,
} from "../../yolo/evaluation/clinical.ts";
import type {
  BootstrapOptions,
  Interval,
} from "../../yolo/evaluation/bootstrap.ts";
import type {
  EvaluatedFrame,
  LesionMeasure,
} from "../../yolo/evaluation/clinical_patient.ts";
import type { Detection } from "../../yolo/detection.ts";
import type { DataSetImage } from "../data_set/data_set.ts";
import type { ObjectsOf } from "./followed_objects.ts";
import { patientOfImage } from "./patients.ts";

/** Clinical measures, delays also in frames. */
export type LesionMeasures =
  & Omit<ClinicalMeasures, "all" | "seen" | "unseen" | "lesions">
  & {
    /** Whether the frame rate is known of all sequences; without it, what is in seconds and minutes is null. */
    readonly hasTimes: boolean;
    /** Whether the data set tells which labels are one object. */
    readonly hasLesions: boolean;
    readonly all: PatientsLesions;
    /** Patients that are in train too, and the others. */
    readonly seen?: PatientsLesions;
    readonly unseen?: PatientsLesions;
    readonly lesions: readonly (LesionMeasure & {
      readonly delayFrames: number | null;
    })[];
  };

/** The measures of some patients, delays also in frames. */
export type PatientsLesions = PatientsMeasures & {
  readonly medianDelayFrames: Interval;
};

/** An image with what was detected, in its pixels. */
export type DetectedImage = {
  readonly image: DataSetImage;
  readonly detections: readonly Detection[];
};

/**
 * Measures clinically; undefined where an image tells no sequence or frame.
 *
 * @param options.seenPatients those that are in train
 */
export function evaluateLesions(
  images: readonly DetectedImage[],
  { objectsOf, seenPatients, leastConfidence, ...bootstrap }: {
    readonly objectsOf: ObjectsOf | undefined;
    readonly seenPatients: ReadonlySet<string> | undefined;
    readonly leastConfidence: number;
  } & BootstrapOptions,
): LesionMeasures | undefined {
  const isTold = images.every(({ image: { sequence, frame } }) =>
    sequence !== undefined && frame !== undefined
  );
  if (!isTold || images.length === 0) return undefined;
  const measure = (timeOf: (image: DataSetImage) => number) =>
    evaluateClinically(
      images.map((one) => toFrame(one, timeOf(one.image), objectsOf)),
      { leastConfidence, seenPatients, ...bootstrap },
    );
  const hasTimes = images.every(({ image }) => image.fps !== undefined);
  const inFrames = measure(({ frame = 0 }) => frame);
  const timed = hasTimes
    ? measure(({ frame = 0, fps = 1 }) => frame / fps)
    : withoutTimes(inFrames);
  const { seen, unseen, ...rest } = timed;
  return {
    ...rest,
    hasTimes,
    hasLesions: objectsOf !== undefined,
    all: withFrames(timed.all, inFrames.all),
    ...(seen && { seen: withFrames(seen, inFrames.seen) }),
    ...(unseen && { unseen: withFrames(unseen, inFrames.unseen) }),
    lesions: timed.lesions.map((lesion, i) => ({
      ...lesion,
      delayFrames: inFrames.lesions[i].delayS,
    })),
  };
}

/** Adds the delay that was measured as if a frame lasted a second. */
function withFrames(
  measures: PatientsMeasures,
  inFrames: PatientsMeasures = measures,
): PatientsLesions {
  return { ...measures, medianDelayFrames: inFrames.medianDelayS };
}

function toFrame(
  { image, detections }: DetectedImage,
  timeS: number,
  objectsOf: ObjectsOf | undefined,
): EvaluatedFrame {
  const objects = objectsOf?.(image);
  return {
    image: image.name,
    patient: patientOfImage(image),
    sequence: image.sequence,
    timeS,
    labels: image.labels.map(({ classNumber, box }, i) => ({
      classNumber,
      box,
      ...(objects ? { lesion: objects[i] } : {}),
    })),
    detections,
  };
}

/** What was counted as if a frame lasted a second, without what that says of time. */
function withoutTimes(measures: ClinicalMeasures): ClinicalMeasures {
  const none = ({ groups }: Interval): Interval => ({
    ...{ value: null, low: null, high: null, groups, samples: 0 },
  });
  const strip = (patients: PatientsMeasures): PatientsMeasures => ({
    ...patients,
    minutes: null,
    falsePositivesPerMinute: none(patients.falsePositivesPerMinute),
    medianDelayS: none(patients.medianDelayS),
  });
  const { seen, unseen } = measures;
  return {
    ...measures,
    all: strip(measures.all),
    ...(seen && { seen: strip(seen) }),
    ...(unseen && { unseen: strip(unseen) }),
    lesions: measures.lesions.map((one) => ({ ...one, delayS: null })),
  };
}
