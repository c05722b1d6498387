// The evaluation in a folder: metrics.json, checked as far as the page reads it,
// and failures.json.

import { z } from "zod";
import type { DetectorEvaluation } from "../evaluation/detector_evaluation.ts";
import {
  failureFiles,
  type FailureGallery,
} from "../evaluation/write_failures.ts";
import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";
import type { DetectionCurves } from "../../yolo/evaluation/ultralytics_measures.ts";
import type { EvaluationRecord } from "./experiment.ts";
import { Kind, readJsonIfThere } from "./read_json.ts";
import { DataSummary, Versions } from "./shapes.ts";

const Share = z.number().nullable();
const Curves = z.object({
  precision: z.array(z.number()),
  recall: z.array(z.number()),
  f1: z.array(z.number()),
  precisionByRecall: z.array(z.number()),
});
const Rule = z.looseObject({
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
  map50: z.number(),
  map75: z.number(),
  map50to95: z.number(),
  bestConfidence: z.number(),
  classes: z.array(z.looseObject({
    classNumber: z.int(),
    labels: z.number(),
    precision: z.number(),
    recall: z.number(),
    f1: z.number(),
    ap50: z.number(),
    ap75: z.number(),
    ap50to95: z.number(),
  })),
});
const Geometry = z.looseObject({
  ultralytics84: Rule,
  ultralytics83: Rule,
  coco: z.looseObject({
    ap: Share,
    ap50: Share,
    ap75: Share,
    apSmall: Share,
    apMedium: Share,
    apLarge: Share,
    ar100: Share,
    classes: z.array(z.looseObject({ classNumber: z.int(), ap: Share })),
  }),
  curves: z.object({ mean: Curves, classes: z.array(Curves) }),
});
const Measures = z.looseObject({
  classNames: z.array(z.string()),
  images: z.number(),
  labels: z.number(),
  detections: z.number(),
  classCounts: z.array(z.looseObject({
    name: z.string(),
    images: z.number(),
    labels: z.number(),
  })),
  boxes: Geometry,
  masks: Geometry.optional(),
  confusion: z.object({
    leastConfidence: z.number(),
    leastIou: z.number(),
    counts: z.array(z.array(z.number())),
  }),
});

const Interval = z.object({
  value: Share,
  low: Share,
  high: Share,
  groups: z.number(),
  samples: z.number(),
});
const Maps = z.object({ map50: Interval, map50to95: Interval });
const Patients = z.looseObject({
  patients: z.number(),
  sequences: z.number(),
  frames: z.number(),
  lesions: z.number(),
  lesionsFound: z.number(),
  lesionSensitivity: Interval,
  frameSensitivity: Interval,
  emptyFrameSpecificity: Interval,
  falsePositivesPerFrame: Interval,
  falsePositivesPerMinute: Interval,
  medianDelayS: Interval,
  medianDelayFrames: Interval,
});
const Clinical = z.looseObject({
  leastIou: z.number(),
  leastConfidence: z.number(),
  hasTimes: z.boolean(),
  hasLesions: z.boolean(),
  all: Patients,
  seen: Patients.optional(),
  unseen: Patients.optional(),
  lesions: z.array(z.looseObject({
    patient: z.string(),
    sequence: z.string(),
    lesion: z.string(),
    classNumber: z.int(),
    frames: z.number(),
    framesFound: z.number(),
    delayS: Share,
    delayFrames: Share,
  })),
});
const Evaluation = Measures.extend({
  kind: z.literal("medannotate-evaluation"),
  part: z.enum(["train", "val", "test"]),
  data: DataSummary,
  model: z.looseObject({
    id: z.string(),
    path: z.string(),
    sha256: z.string(),
    licence: z.string(),
  }),
  settings: z.record(z.string(), z.json()),
  marks: z.array(z.string()),
  intervals: z.object({
    patients: z.number(),
    boxes: Maps.optional(),
    masks: Maps.optional(),
    missing: z.string().optional(),
  }),
  clinical: Clinical.optional(),
  clinicalMissing: z.string().optional(),
  failureCounts: z.record(z.string(), z.number()),
  madeWith: Versions,
  command: z.string().optional(),
});

const Gallery = z.looseObject({
  kind: z.literal("medannotate-failures"),
  limits: z.looseObject({
    leastConfidence: z.number(),
    leastIou: z.number(),
    wellPlacedIou: z.number(),
  }),
  counts: z.record(z.string(), z.number()),
  failedImages: z.number(),
  images: z.number(),
  shown: z.array(z.looseObject({
    picture: z.string().regex(/^failures\/[\w.-]+\.jpg$/),
    size: z.object({ width: z.number(), height: z.number() }),
    image: z.string(),
    caption: z.string(),
  })),
});

/** Reads the evaluation of a folder; undefined where there is none. */
export async function readEvaluation(
  folder: string,
): Promise<EvaluationRecord | undefined> {
  const file = "metrics.json";
  const kind = (await readJsonIfThere(folder, file, Kind))?.kind;
  const shape = kind === undefined ? Measures : Evaluation;
  const read = await readJsonIfThere<unknown>(folder, file, shape);
  if (!read) return undefined;
  const whole = read as DetectorMeasures | DetectorEvaluation; // checked above
  const gallery = await readJsonIfThere(folder, failureFiles.list, Gallery);
  return {
    folder,
    measures: thinned(whole),
    ...(gallery && { gallery: gallery as unknown as FailureGallery }),
  };
}

/** Whether a record is of an evaluation, not of a training's own validation. */
export function isEvaluation(
  measures: DetectorMeasures | DetectorEvaluation,
): measures is DetectorEvaluation {
  return "kind" in measures && measures.kind === "medannotate-evaluation";
}

const every = 9; // of 1,000 points 112 stay, the last among them: 999 = 9 · 111

/** Curves with fewer points, enough for a page. */
function thinned<Kind extends DetectorMeasures>(measures: Kind): Kind {
  const thin = (values: readonly number[]) =>
    values.filter((_, i) => i % every === 0)
      .map((value) => Number(value.toFixed(5)));
  const curves = (one: DetectionCurves): DetectionCurves => ({
    precision: thin(one.precision),
    recall: thin(one.recall),
    f1: thin(one.f1),
    precisionByRecall: thin(one.precisionByRecall),
  });
  const geometry = (one: DetectorMeasures["boxes"]) => ({
    ...one,
    curves: {
      mean: curves(one.curves.mean),
      classes: one.curves.classes.map(curves),
    },
  });
  return {
    ...measures,
    boxes: geometry(measures.boxes),
    ...(measures.masks && { masks: geometry(measures.masks) }),
  };
}
