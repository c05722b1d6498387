// What a training starts from, by a word: a design such as `yolo11n` begins at
// random, anything else is a checkpoint that is made fit.

import { openCheckpoint } from "../../weights/open_checkpoint.ts";
import { findDesign } from "../../yolo/design.ts";
import {
  startFromCheckpoint,
  startFromNothing,
  type StartOptions,
  type TransferReport,
} from "../../yolo/training/start.ts";
import { type YoloWeights, yoloWeights } from "../../yolo/weights.ts";
import { sha256OfFile } from "../model_file.ts";
import { findModel } from "../open_model.ts";
import { licenceOf } from "../yolo_file.ts";

/** What training starts from when nothing is said: the detector that ships. */
export const defaultStart = "yolo11n-scenes";

/** Weights to begin with; close them when the run ends. */
export type Start = {
  readonly weights: YoloWeights;
  readonly title: string;
  readonly sha256: string;
  readonly transfer: TransferReport | undefined;
  /** What the file says of its terms; they go on in what is trained from it. */
  readonly licence: string | undefined;
  close(): void;
};

/** Opens what a model word stands for: a design, an added model or a checkpoint. */
export async function openStart(
  model: string,
  about: StartOptions,
): Promise<Start> {
  const design = findDesign(model.replace(/\.yaml$/, ""));
  if (design) {
    return {
      weights: startFromNothing(design, about),
      title: `${model}, from nothing`,
      sha256: `design ${model} ${about.task} ${about.seed}`,
      transfer: undefined,
      licence: undefined,
      close: () => {},
    };
  }
  const { path } = await findModel(model);
  const sha256 = await sha256OfFile(path);
  const checkpoint = openCheckpoint(path);
  try {
    const { weights, report } = startFromCheckpoint(
      yoloWeights(checkpoint),
      about,
    );
    return {
      weights,
      title: model,
      sha256,
      transfer: report,
      licence: licenceOf(checkpoint),
      close: () => checkpoint.close(),
    };
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}
