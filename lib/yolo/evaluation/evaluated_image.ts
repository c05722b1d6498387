// What an evaluation takes: the labels and the detections of an image.
//
// Boxes and masks may be in any pixel space as long as labels and detections
// of an image share it: the image itself, or the network's input. Sizes of
// objects (COCO's small, medium and large) are read in that space too.

import type { Size } from "../../base/tensor.ts";
import type { Rle } from "../../masks/rle.ts";
import type { Detection, Label } from "../detection.ts";

/** A label with what an evaluation may know beyond its class and box. */
export type EvaluatedLabel = Label & {
  /** At the size of the image; where absent, it is made from the ring. */
  readonly mask?: Rle;
  /** As its author counted it; by default the pixels of the mask, else of the box. */
  readonly areaPx?: number;
  /** A region with uncounted objects: COCO neither rewards nor punishes detections in it. */
  readonly isCrowd?: boolean;
  /** An object that need not be found: COCO neither rewards nor punishes finding it. */
  readonly isIgnored?: boolean;
};

/** A detection with what an evaluation may know beyond its class and box. */
export type EvaluatedDetection = Detection & {
  /** Decides whether an unmatched detection counts as small, medium or large; by default the area of the box. */
  readonly areaPx?: number;
};

/** An image with its labels and what was detected. */
export type EvaluatedImage = {
  readonly labels: readonly EvaluatedLabel[];
  /** In any order. */
  readonly detections: readonly EvaluatedDetection[];
  /** Needed where rings of labels are compared with masks. */
  readonly size?: Size;
};
