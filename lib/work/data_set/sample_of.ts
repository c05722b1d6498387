// An image of a data set as training and validation take it.

import { readImage } from "../../media/image.ts";
import type { TrainingSample } from "../../yolo/training/sample.ts";
import type { DataSetImage } from "./data_set.ts";

/** The image with its labels; its pixels are read when they are needed. */
export function sampleOf(image: DataSetImage): TrainingSample {
  const { name, size, labels, path } = image;
  return { name, size, labels, read: () => readImage(path) };
}
