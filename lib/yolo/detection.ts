// What a detector finds and what a person labelled, as plain records.
//
// Boxes are in pixels of the image itself, never of the network's input;
// whoever resizes an image maps the boxes back.

import type { Box, Point } from "../base/tensor.ts";
import type { Rle } from "../masks/rle.ts";

/** One object that a detector found. */
export type Detection = {
  readonly box: Box;
  /** 0..1. */
  readonly confidence: number;
  readonly classNumber: number;
  /** At the size of the image; only from segmentation models. */
  readonly mask?: Rle;
};

/** One object of an image as it was labelled. */
export type Label = {
  readonly classNumber: number;
  readonly box: Box;
  /** The outline in pixels; only in data sets for segmentation. */
  readonly ring?: readonly Point[];
};
