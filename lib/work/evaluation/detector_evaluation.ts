// What is known of a detector after an evaluation: the record that metrics.json
// holds and reports are made from.

import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";
import type { MeasureIntervals } from "../../yolo/evaluation/measure_intervals.ts";
import type { DataSetSummary } from "../data_set/summarise.ts";
import type { SplitName } from "../export/data_set.ts";
import type { MadeWith } from "../made_with.ts";
import type { OpenDetector } from "../open_detector.ts";
import type { LesionMeasures } from "./evaluate_lesions.ts";
import type { FailureCounts } from "./find_failures.ts";

/** Everything that is known of a detector on a part of a data set; metrics.json. */
export type DetectorEvaluation = DetectorMeasures & {
  readonly kind: "medannotate-evaluation";
  readonly part: SplitName;
  readonly data: DataSetSummary;
  readonly model: EvaluatedModel;
  readonly settings: EvaluationSettings;
  /** What a reader of the numbers has to know, one sentence each. */
  readonly marks: readonly string[];
  readonly intervals: EvaluationIntervals;
  readonly clinical?: LesionMeasures;
  /** Why there are no clinical measures. */
  readonly clinicalMissing?: string;
  readonly failureCounts: FailureCounts;
  readonly madeWith: MadeWith;
  readonly command?: string;
};

/** The model that was evaluated. */
export type EvaluatedModel =
  & Pick<
    OpenDetector,
    "id" | "path" | "sha256" | "licence"
  >
  & {
    readonly task: "detect" | "segment";
    readonly names: readonly string[];
  };

/** The settings of an evaluation, all of them. */
export type EvaluationSettings = {
  readonly side: number;
  readonly isRect: boolean;
  readonly batch: number;
  readonly confidence: number;
  readonly iouThreshold: number;
  readonly samples: number;
  readonly seed: number;
  readonly device: string;
};

/** Intervals over patients, or why there are none. */
export type EvaluationIntervals = {
  readonly patients: number;
  readonly boxes?: MeasureIntervals;
  readonly masks?: MeasureIntervals;
  readonly missing?: string;
};
