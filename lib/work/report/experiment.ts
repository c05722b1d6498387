// What the report of an experiment tells, as plain records: the JSON beside the
// page is this, and the page shows nothing else but pictures.

import type { DataSetSummary } from "../data_set/summarise.ts";
import type { DetectorEvaluation } from "../evaluation/detector_evaluation.ts";
import type { FailureGallery } from "../evaluation/write_failures.ts";
import type { MadeWith } from "../made_with.ts";
import type { ResultsRow } from "../train/results_csv.ts";
import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";

/** An experiment: what is known of data, training, evaluation or a run. */
export type Experiment = {
  readonly kind: "medannotate-report";
  readonly version: 1;
  readonly title: string;
  /** The only line that differs between two reports of the same folders. */
  readonly date: string;
  /** What a reader has to know before any number, one sentence each. */
  readonly marks: readonly string[];
  readonly data?: DataSetSummary;
  readonly training?: TrainingRecord;
  readonly evaluation?: EvaluationRecord;
  readonly detection?: DetectionRecord;
  readonly propagation?: PropagationRecord;
  readonly models: readonly ReportedModel[];
  /** Of the report itself. */
  readonly madeWith: MadeWith;
  readonly command?: string;
};

/** A training as its folder tells it. */
export type TrainingRecord = {
  readonly folder: string;
  /** What it started from. */
  readonly start: string;
  readonly startSha256?: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of train and val, as they were learnt from. */
  readonly dataDigest: string;
  /** One for each epoch, by the columns of results.csv. */
  readonly rows: readonly ResultsRow[];
  readonly bestEpoch: number | null;
  readonly marks: readonly string[];
  /** The text of problems.txt. */
  readonly problems: string;
  readonly madeWith?: MadeWith;
  readonly command?: string;
};

/** An evaluation; what the training measured itself has no intervals and no gallery. */
export type EvaluationRecord = {
  readonly folder: string;
  readonly measures: DetectorMeasures | DetectorEvaluation;
  readonly gallery?: FailureGallery;
};

/** A detection run. */
export type DetectionRecord = {
  readonly folder: string;
  readonly input: string;
  readonly status: string;
  readonly frames: number;
  readonly detections: number;
  readonly framesWithDetections: number;
  readonly classes: readonly {
    readonly name: string;
    readonly detections: number;
    readonly frames: number;
    readonly meanConfidence: number;
  }[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly framesSha256: string;
};

/** A propagation. */
export type PropagationRecord = {
  readonly folder: string;
  readonly frames: number;
  readonly objects: readonly {
    readonly object: number;
    readonly name: string;
    readonly framesWithMask: number;
    readonly meanDrift: number | null;
    readonly highestDrift: number | null;
    readonly drift: readonly (number | null)[];
  }[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly framesSha256: string;
  readonly promptsSha256: string;
};

/** A model that had a part in it. */
export type ReportedModel = {
  readonly role: string;
  readonly name: string;
  readonly sha256: string | null;
  readonly licence: string | null;
};
