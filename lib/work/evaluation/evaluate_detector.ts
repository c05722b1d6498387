// How good a detector is on a part of a data set, with everything a reviewer
// asks: measures by three rules, intervals over patients, clinical measures, the
// failures as pictures, and the marks of the data that limit what they prove.
//
// Nothing here depends on the hour or the machine's speed: the same model on the
// same data leaves the same files.

import { join } from "node:path";
import { throwIfCancelled } from "../../base/errors.ts";
import type { OnProgress } from "../../base/progress.ts";
import type { DeviceChoice } from "../../runtime/runtime.ts";
import {
  type DetectorMeasures,
  evaluateDetections,
} from "../../yolo/evaluation/evaluate_detections.ts";
import { measureIntervals } from "../../yolo/evaluation/measure_intervals.ts";
import type { ValidatedImage } from "../../yolo/validate.ts";
import {
  type DataSet,
  type DataSetImage,
  readDataSet,
} from "../data_set/read_data_set.ts";
import { summariseDataSet } from "../data_set/summarise.ts";
import { type SplitName, splitNames } from "../export/data_set.ts";
import { madeWith } from "../made_with.ts";
import { type OpenDetector, openDetector } from "../open_detector.ts";
import { detectImages } from "./detect_images.ts";
import type {
  DetectorEvaluation,
  EvaluationIntervals,
  EvaluationSettings,
} from "./detector_evaluation.ts";
import { evaluateLesions } from "./evaluate_lesions.ts";
import { evaluationMarks } from "./evaluation_marks.ts";
import {
  countFailures,
  failureLimits,
  findFailures,
  pickFailures,
} from "./find_failures.ts";
import { readFollowedObjects } from "./followed_objects.ts";
import { matchClasses } from "./match_classes.ts";
import { listPatientsOf, patientOfImage } from "./patients.ts";
import { writeFailures } from "./write_failures.ts";
import { writeDetectorMeasures } from "./write_measures.ts";
import { writePredictions } from "./write_predictions.ts";

/** What to evaluate, and how. */
export type EvaluateDetectorOptions = {
  /** A data set: its folder or data.yaml. */
  readonly data: string;
  /** An id of the registry, or a file. */
  readonly model: string;
  readonly device?: DeviceChoice;
  /** Default val. */
  readonly part?: SplitName;
  /** Longest side of the input in pixels; default what the model was trained on. */
  readonly size?: number;
  /** Inputs are rectangles (default), else squares. */
  readonly isRect?: boolean;
  /** Images run at once; default 16. */
  readonly batch?: number;
  /** From where on a detection counts for clinical measures, confusion and failures; default 0.25. */
  readonly confidence?: number;
  /** Of two boxes of a class that overlap more, the better stays; default 0.7. */
  readonly iouThreshold?: number;
  /** Resamples of an interval; default 1000. */
  readonly samples?: number;
  /** Of the resampling; default 1. */
  readonly seed?: number;
  /** Pictures of failures, at most; default 24. */
  readonly failures?: number;
  /** A folder for everything that is written; nothing is without it. */
  readonly out?: string;
  /** Folder for built graphs; default that of the models. */
  readonly cache?: string;
  /** As it was called, for the record. */
  readonly command?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/**
 * Evaluates a detector on a part of a data set.
 *
 * With `out` it leaves metrics.json, tables and curves, predictions.json with
 * truth.json (COCO), failures.json and pictures of the worst images.
 *
 * @throws RangeError when the part is empty or a labelled class is not in the model
 * @throws CancelledError when the signal fires
 *
 * @example The best weights of a training
 * ```ts ignore
 * import { evaluateDetector } from "medannotate";
 *
 * const { boxes, intervals, marks } = await evaluateDetector({
 *   data: "sets/polyps",
 *   model: "runs/polyps/weights/best.safetensors",
 *   out: "runs/polyps/evaluation",
 * });
 * ```
 */
export async function evaluateDetector(
  options: EvaluateDetectorOptions,
): Promise<DetectorEvaluation> {
  const { part = "val", signal, onProgress } = options;
  const whole = await readDataSet(options.data, { signal, onProgress });
  const { model, size, device, cache } = options;
  const detector = await openDetector({ model, size, device }, { cache });
  try {
    const all = imagesOf(whole, part);
    const classes = matchClasses(whole.names, detector.engine.names, {
      used: usedClasses(all),
    });
    const settings = settingsOf(options, detector);
    const { images, validated, problems } = await detectImages(
      detector.engine,
      { images: all, classes, settings },
      { hasImageMasks: options.out !== undefined, onProgress, signal },
    );
    const dataSet = { ...whole, problems: [...whole.problems, ...problems] };
    throwIfCancelled(signal, "measuring");
    const measured = measure(validated, dataSet, { images, settings });
    const clinical = await evaluateClinicalPart(dataSet, part, {
      images,
      validated,
      settings,
    });
    const failed = findFailures(
      validated.map(({ detections }, i) => ({
        labels: images[i].labels,
        detections,
      })),
      { leastConfidence: settings.confidence },
    );
    const { id, path, sha256, licence, engine } = detector;
    const evaluation: DetectorEvaluation = {
      kind: "medannotate-evaluation",
      part,
      ...measured,
      data: summariseDataSet(dataSet),
      model: {
        ...{ id, path, sha256, licence },
        task: engine.task,
        names: engine.names,
      },
      settings,
      marks: evaluationMarks(dataSet, part, { classes, engine, images }),
      ...clinical,
      failureCounts: countFailures(failed),
      madeWith: madeWith(),
      ...(options.command && { command: options.command }),
    };
    if (options.out) {
      await writeEvaluation(options.out, evaluation, {
        images,
        validated,
        failed,
        options,
      });
    }
    return evaluation;
  } finally {
    await detector.close();
  }
}

function imagesOf(
  { parts, folder }: DataSet,
  part: SplitName,
): readonly DataSetImage[] {
  if (parts[part].length > 0) return parts[part];
  const others = splitNames.filter((name) => parts[name].length > 0)
    .map((name) => `${name} (${parts[name].length} images)`);
  throw new RangeError(
    `Cannot evaluate on ${part} of ${folder}: it has no image that can be used, expected one of ${
      others.join(", ")
    }`,
  );
}

function usedClasses(images: readonly DataSetImage[]): number[] {
  const used = new Set(
    images.flatMap(({ labels }) =>
      labels.map(({ classNumber }) => classNumber)
    ),
  );
  return [...used].sort((a, b) => a - b);
}

function settingsOf(
  options: EvaluateDetectorOptions,
  { engine, runtime }: OpenDetector,
): EvaluationSettings {
  const {
    isRect = true,
    batch = 16,
    confidence = failureLimits.leastConfidence,
  } = options;
  const { iouThreshold = 0.7, samples = 1000, seed = 1 } = options;
  for (const [name, value] of Object.entries({ confidence, iouThreshold })) {
    if (value > 0 && value <= 1) continue;
    throw new RangeError(
      `Cannot evaluate: ${name} is ${value}, expected a number above 0, at most 1`,
    );
  }
  return {
    ...{ side: engine.imageSide, isRect, batch, confidence },
    ...{ iouThreshold, samples, seed, device: runtime.device },
  };
}

/** Measures by all rules, with intervals over patients. */
function measure(
  validated: readonly ValidatedImage[],
  { names }: DataSet,
  { images, settings }: {
    readonly images: readonly DataSetImage[];
    readonly settings: EvaluationSettings;
  },
): DetectorMeasures & { readonly intervals: EvaluationIntervals } {
  const evaluated = validated.map(({ evaluated }, i) => ({
    ...evaluated,
    patient: patientOfImage(images[i]),
  }));
  const measures = evaluateDetections(
    evaluated.map(({ patient: _, ...image }) => image),
    names,
    { leastConfidence: settings.confidence },
  );
  const patients = listPatientsOf(images).length;
  if (patients < 2) {
    const missing = patients === 1
      ? "one patient: no intervals"
      : "the data set tells no patients: no intervals";
    return { ...measures, intervals: { patients, missing } };
  }
  const { samples, seed } = settings;
  const intervalsOf = (masks: boolean) =>
    measureIntervals(evaluated, ({ patient }) => patient, {
      ...{ masks, samples, seed },
    });
  return {
    ...measures,
    intervals: {
      patients,
      boxes: intervalsOf(false),
      ...(measures.masks && { masks: intervalsOf(true) }),
    },
  };
}

async function evaluateClinicalPart(
  dataSet: DataSet,
  part: SplitName,
  { images, validated, settings }: {
    readonly images: readonly DataSetImage[];
    readonly validated: readonly ValidatedImage[];
    readonly settings: EvaluationSettings;
  },
): Promise<Pick<DetectorEvaluation, "clinical" | "clinicalMissing">> {
  const { train } = dataSet.parts;
  const isTold = part !== "train" && listPatientsOf(train).length > 0;
  const clinical = evaluateLesions(
    images.map((image, i) => ({ image, detections: validated[i].detections })),
    {
      objectsOf: await readFollowedObjects(dataSet),
      seenPatients: isTold ? new Set(train.map(patientOfImage)) : undefined,
      leastConfidence: settings.confidence,
      samples: settings.samples,
      seed: settings.seed,
    },
  );
  if (clinical) return { clinical };
  return {
    clinicalMissing:
      "the data set does not tell of every image its sequence and frame: no clinical measures",
  };
}

async function writeEvaluation(
  out: string,
  evaluation: DetectorEvaluation,
  { images, validated, failed, options }: {
    readonly images: readonly DataSetImage[];
    readonly validated: readonly ValidatedImage[];
    readonly failed: ReturnType<typeof findFailures>;
    readonly options: EvaluateDetectorOptions;
  },
) {
  const { classNames, failureCounts, settings } = evaluation;
  const { failures: count = 24, onProgress, signal } = options;
  const imageAt = (i: number) => ({
    ...images[i],
    detections: validated[i].detections,
  });
  for (const name of ["metrics.json", "curves-masks.csv"]) {
    await Deno.remove(join(out, name)).catch(() => undefined); // of an earlier one
  }
  await writePredictions(out, images.map((_, i) => imageAt(i)), classNames);
  await writeFailures(
    out,
    pickFailures(failed, (image) => images[image], { count }),
    {
      limits: { ...failureLimits, leastConfidence: settings.confidence },
      counts: failureCounts,
      failedImages: failed.length,
      images: images.length,
      ...{ imageAt, classNames, onProgress, signal },
    },
  );
  await writeDetectorMeasures(out, evaluation); // last, it says that all is there
}
