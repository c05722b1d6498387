// Measuring predictions that lie in a file, whoever made them.

import { messageOf } from "../../base/errors.ts";
import {
  type DetectorMeasures,
  evaluateDetections,
} from "../../yolo/evaluation/evaluate_detections.ts";
import { joinCocoPredictions } from "./coco_predictions.ts";

/**
 * Measures a COCO results file against a COCO truth file.
 *
 * @throws SyntaxError when a file is not what it should be
 * @throws RangeError when the predictions do not belong to the truth
 */
export async function evaluatePredictions(
  truthPath: string,
  predictionsPath: string,
): Promise<DetectorMeasures> {
  const { images, classNames, haveMasks } = joinCocoPredictions(
    await read(truthPath, "truth"),
    await read(predictionsPath, "predictions"),
  );
  return evaluateDetections(images, classNames, { masks: haveMasks });
}

async function read(path: string, what: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new Error(
      `Cannot read the ${what} ${path}: ${messageOf(cause)}`,
      { cause },
    );
  }
}
