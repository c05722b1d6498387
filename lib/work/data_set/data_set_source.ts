// What a layout of data sets has to tell: where the images of each part are, and
// how the labels of one are read.

import type { Size } from "../../base/tensor.ts";
import type { SplitName } from "../export/data_set.ts";
import type { ImageFile } from "./find_images.ts";
import type { LabelReading } from "./read_label_file.ts";

/** A data set that was opened, its images not read yet. */
export type DataSetSource = {
  /** Absolute, free of links. */
  readonly folder: string;
  /** By class number. */
  readonly names: readonly string[];
  readonly parts: Readonly<Record<SplitName, readonly ImageFile[]>>;
  readLabels(file: ImageFile, size: Size): Promise<LabelReading>;
};
