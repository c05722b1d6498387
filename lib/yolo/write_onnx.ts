// Saving a YOLO as ONNX that other programs load.
//
// Input and outputs as Ultralytics exports them (`images`, `output0`,
// `output1`), and its texts beside the graph: names, stride, task, imgsz, batch.
// The same weights give the same bytes, so there is no date in it.

import type { Size } from "../base/tensor.ts";
import { writeModel } from "../onnx/write_model.ts";
import { buildDetector } from "./graph/detector.ts";
import { pythonNames } from "./python_literal.ts";
import type { YoloWeights } from "./weights.ts";

/** How a YOLO is saved as ONNX. */
export type YoloOnnxOptions = {
  /** Of the input, pixels, multiples of 32; default the square it was trained on. */
  readonly size?: Size;
  /** Default 1. */
  readonly batch?: number;
  /** The terms of the weights. */
  readonly licence?: string;
};

/**
 * Writes a network with its weights as ONNX, complete or not at all.
 *
 * @throws RangeError for a size that is no multiple of 32
 */
export function writeYoloOnnx(
  path: string,
  weights: YoloWeights,
  { size, batch = 1, licence = "unknown" }: YoloOnnxOptions = {},
): void {
  const { imageSide, task, names, title } = weights.network;
  const { width, height } = size ?? { width: imageSide, height: imageSide };
  for (const side of [width, height]) {
    if (side >= stride && side % stride === 0) continue;
    throw new RangeError(
      `Cannot write ${path}: an input of ${width}x${height} pixels, expected multiples of ${stride}`,
    );
  }
  const metadata = {
    description: `${title} saved by MedAnnotate`,
    author: "medannotate",
    license: licence,
    stride: String(stride),
    task,
    batch: String(batch),
    imgsz: `[${height}, ${width}]`,
    names: pythonNames(names),
    channels: "3",
  };
  const graph = buildDetector(weights, { batch, width, height });
  writeModel(path, graph, { metadata });
}

const stride = 32;
