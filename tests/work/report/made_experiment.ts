// An experiment made up for tests: every part of a report has something in it.

import {
  type DetectorEvaluation,
  evaluateDetections,
  type Experiment,
} from "medannotate";
import { evaluateLesions } from "../../../lib/work/evaluation/evaluate_lesions.ts";

const box = { x0: 10, y0: 10, x1: 30, y1: 30 };
const size = { width: 64, height: 48 };
const none = { value: 0.5, low: 0.25, high: 0.75, groups: 3, samples: 100 };

/** What a report is made with. */
export const madeWith = {
  medannotate: "9.9.9",
  deno: "2.0.0",
  onnxruntime: "1.2.3",
  platform: "linux x86_64",
} as const;

/** An experiment whose class, patient and paths are called as given. */
export function madeExperiment(name = "polyp"): Experiment {
  const part = {
    images: 4,
    backgroundImages: 1,
    labels: 3,
    classes: [2, 1],
    patients: 2,
    sequences: 2,
  };
  const data = {
    folder: `/sets/${name}`,
    names: [name, "forceps"],
    digest: "d1",
    parts: [{ part: "train", ...part }, { part: "val", ...part }],
    problems: [{ kind: name, consequence: "image left out", count: 2 }],
  } as const;
  const measures = evaluateDetections([
    {
      labels: [{ classNumber: 0, box }],
      detections: [{ classNumber: 0, confidence: 0.9, box }],
    },
    { labels: [{ classNumber: 1, box }], detections: [] },
  ], [name, "forceps"]);
  const image = { path: "", name, size, labels: [{ classNumber: 0, box }] };
  const clinical = evaluateLesions([{
    image: { ...image, group: name, sequence: name, frame: 0 },
    detections: [],
  }], {
    objectsOf: () => [name],
    seenPatients: new Set(),
    leastConfidence: 0.25,
    samples: 10,
  });
  const evaluation: DetectorEvaluation = {
    ...measures,
    kind: "medannotate-evaluation",
    part: "val",
    data,
    model: {
      id: `/models/${name}.pt`,
      path: `/models/${name}.pt`,
      sha256: "ab".repeat(32),
      licence: name,
      task: "detect",
      names: [name, "forceps"],
    },
    settings: {
      side: 64,
      isRect: true,
      batch: 16,
      confidence: 0.25,
      iouThreshold: 0.7,
      samples: 100,
      seed: 1,
      device: "cpu",
    },
    marks: [`mark of ${name}`],
    intervals: { patients: 3, boxes: { map50: none, map50to95: none } },
    clinical,
    failureCounts: {
      "missed": 1,
      "false positive": 0,
      "wrong class": 0,
      "poorly placed": 0,
    },
    madeWith,
    command: `deno task evaluate detector --data ${name}`,
  };
  return {
    kind: "medannotate-report",
    version: 1,
    title: `About ${name}`,
    date: "2026-01-02T03:04:05.000Z",
    marks: [`mark of ${name}`],
    data,
    training: {
      folder: `/runs/${name}`,
      start: `/start/${name}.pt`,
      settings: { epochs: 2, seed: 7, note: name },
      dataDigest: "d0",
      rows: [1, 2].map((epoch) => ({
        epoch,
        time: 10 * epoch,
        "train/box_loss": 2 / epoch,
        "metrics/mAP50(B)": 0.1 * epoch,
        "metrics/mAP50-95(B)": 0.05 * epoch,
        "val/box_loss": 3 / epoch,
        "lr/pg0": 0.001 * epoch,
      })),
      bestEpoch: 2,
      marks: [],
      problems: `2 problems\n  ${name}: broken`,
      madeWith,
    },
    evaluation: {
      folder: "/ev",
      measures: evaluation,
      gallery: {
        kind: "medannotate-failures",
        limits: { leastConfidence: 0.25, leastIou: 0.5, wellPlacedIou: 0.75 },
        counts: evaluation.failureCounts,
        failedImages: 1,
        images: 2,
        shown: [{
          picture: "failures/01_a.jpg",
          size: { width: 640, height: 480 },
          image: "a.png",
          caption: `a.png: missed ${name}`,
          badness: 1,
          failures: [],
        }],
      },
    },
    detection: {
      folder: "/found",
      input: name,
      status: "done",
      frames: 3,
      detections: 2,
      framesWithDetections: 1,
      classes: [{ name, detections: 2, frames: 1, meanConfidence: 0.5 }],
      options: { note: name },
      framesSha256: "ff",
    },
    propagation: {
      folder: "/masks",
      frames: 3,
      objects: [{
        object: 1,
        name,
        framesWithMask: 2,
        meanDrift: 0.2,
        highestDrift: 0.3,
        drift: [0.1, null, 0.3],
      }],
      options: {},
      framesSha256: "ff",
      promptsSha256: "ee",
    },
    models: [
      { role: "evaluated", name, sha256: "ab".repeat(32), licence: name },
    ],
    madeWith,
    command: `deno task report --run ${name}`,
  };
}
