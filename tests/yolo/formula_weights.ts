// A small YOLO with weights made by formula: it finds nonsense, always the same.

import { designOf, formulaYolo } from "../../lib/work/parity/yolo_formula.ts";
import type { YoloWeights } from "../../lib/yolo/weights.ts";

/** The scale at which scores spread, so that something is found. */
const gains = { "yolo11n": 1.6, "yolo11n-seg": 1.6, "yolov8n": 1.7 } as const;

/** Makes weights for the named classes, at 64 px unless another side is named. */
export function formulaWeights(
  id: keyof typeof gains,
  names: readonly string[],
  imageSide = 64,
): YoloWeights {
  return formulaYolo(designOf(id, names, imageSide), gains[id]);
}
