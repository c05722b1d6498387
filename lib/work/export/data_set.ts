// What an export is made from: sequences with their frames, objects and masks,
// and the tags that give the objects their class.
//
// Plain records, wherever they come from; the store is joined elsewhere.

import type { Rgb, RgbImage } from "../../base/image.ts";
import type { Size } from "../../base/tensor.ts";
import type { Rle } from "../../masks/rle.ts";

/** The data-set formats that can be written. */
export const exportFormats = [
  "yolo",
  "yolo-seg",
  "coco",
  "voc",
  "davis",
  "sa-v",
  "cvat",
  "label-studio",
  "labelme",
  "eiseg",
] as const;
/** A data-set format that can be written. */
export type ExportFormat = typeof exportFormats[number];

/** A sequence to export, with everything that is known about it. */
export type ExportSequence = {
  readonly id: number;
  readonly name: string;
  /** Code of the patient; sequences without one count as one patient. */
  readonly patient?: string;
  readonly procedure?: string;
  readonly size: Size;
  /** Frames a second, where it is known. */
  readonly fps?: number;
  /** In decode order; gaps are allowed. */
  readonly frames: readonly ExportFrame[];
  readonly objects: readonly ExportObject[];
  readonly masks: readonly ExportMask[];
  /** Reads the pixels of a frame by its index. */
  readImage(index: number): Promise<RgbImage>;
};

/** A frame by its identity. */
export type ExportFrame = {
  readonly index: number;
  /** A file name without its ending, unique inside the sequence. */
  readonly name: string;
  /** Of the decoded pixels. */
  readonly sha256: string;
};

/** An object of a sequence; its tag is the code of an {@link ExportTag}. */
export type ExportObject = {
  readonly number: number;
  readonly tag: string;
  readonly colour: Rgb;
};

/** The mask of one object on one frame; an empty one says that the object is absent. */
export type ExportMask = {
  readonly object: number;
  readonly frame: number;
  readonly rle: Rle;
  readonly verified: boolean;
  /** Where it comes from: click, propagated, drawn, imported, detected. */
  readonly origin: string;
};

/** A tag with the class number that it was given once. */
export type ExportTag = {
  readonly code: string;
  readonly name: string;
  readonly category: string;
  readonly classNumber: number;
  readonly colour?: Rgb;
};

/** A frame with its place in the export. */
export type PlannedFrame = {
  readonly sequence: ExportSequence;
  readonly frame: ExportFrame;
  readonly split: SplitName;
  /** File name without its ending, unique in the export. */
  readonly stem: string;
  /** The masks of the frame that are not empty, by object number. */
  readonly masks: readonly PlannedMask[];
  /** Whether any mask, even an empty one, says what is on the frame. */
  readonly isLabelled: boolean;
};

/** A mask with its class. */
export type PlannedMask = ExportMask & { readonly tag: ExportTag };

/** The parts of a data set. */
export const splitNames = ["train", "val", "test"] as const;
/** A part of a data set. */
export type SplitName = typeof splitNames[number];

/** A file of the export, named with forward slashes. */
export type LayoutFile = {
  readonly path: string;
  readonly content: Uint8Array | string;
};

/** How a format arranges its files; frames come once each, in the planned order. */
export type Layout = {
  imagePath(frame: PlannedFrame): string;
  /** What stands beside the image of a frame. */
  labelFiles(frame: PlannedFrame): readonly LayoutFile[];
  /** What tells about the whole, when all frames are written. */
  endFiles(): readonly LayoutFile[];
};
