// The pretraining of a detector in a folder: begun, or gone on with.

import type { OnProgress } from "../../base/progress.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { startFromNothing } from "../../yolo/training/start.ts";
import { detectorClasses } from "./detector_scene.ts";
import { keepRun, type RunIdentity } from "./keep_run.ts";
import { type PretrainedYolo, pretrainYolo } from "./pretrain_yolo.ts";
import { writePretrainingRecord } from "./pretraining_record.ts";
import { PretrainYoloSettings, yoloScenesSettings } from "./yolo_settings.ts";
import type { YoloCurveRow } from "./yolo_state.ts";

/** A detector's pretraining as a person asks for it. */
export type PretrainDetectorRequest = {
  readonly out: string;
  readonly settings?: Partial<PretrainYoloSettings>;
  /** Forgets a run in the folder. */
  readonly restart?: boolean;
  /** Steps between two rows of the curve; default 100. */
  readonly stepsPerRow?: number;
  readonly onRow?: (row: YoloCurveRow) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/**
 * Pretrains a yolo11n on generated scenes in a folder, or goes on there; at the
 * end a record is written beside the weights.
 *
 * @throws RangeError when the folder holds a run that differs, naming what
 */
export async function pretrainDetector(
  runtime: Runtime,
  { out, settings: changed, restart = false, ...watch }:
    PretrainDetectorRequest,
): Promise<PretrainedYolo> {
  const settings = PretrainYoloSettings.parse({
    ...yoloScenesSettings,
    ...changed,
  });
  const { seed, side } = settings;
  const start = startFromNothing({ family: "yolo11", size: "n" }, {
    ...{ task: "detect", names: detectorClasses, imageSide: side, seed },
  });
  const run: RunIdentity = {
    model: "yolo11n",
    start: `values by chance, seed ${seed}`,
    settings,
  };
  await keepRun(out, run, { restart });
  const done = await pretrainYolo(runtime, start, { ...watch, out, settings });
  await writePretrainingRecord(out, run, done);
  return done;
}
