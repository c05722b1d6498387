// A data set as training and evaluation take it: images with their labels in
// three parts, and what was wrong with it.

import type { Size } from "../../base/tensor.ts";
import type { Label } from "../../yolo/detection.ts";
import type { Certificate } from "../export/certificate.ts";
import type { SplitName } from "../export/data_set.ts";

/** An image of a data set with everything that is labelled on it. */
export type DataSetImage = {
  /** Absolute. */
  readonly path: string;
  /** Relative to the folder of the data set, with forward slashes; unique in a part. */
  readonly name: string;
  /** Upright, as EXIF says. */
  readonly size: Size;
  /** None on a background image. */
  readonly labels: readonly Label[];
  /** The patient, where the data set tells. */
  readonly group?: string;
  /** The sequence and the frame it is from, where the data set tells. */
  readonly sequence?: string;
  readonly frame?: number;
  /** Frames a second of the sequence, where the data set tells. */
  readonly fps?: number;
};

/** A data set that was read; what could not be used is among the problems. */
export type DataSet = {
  /** Absolute. */
  readonly folder: string;
  /** By class number. */
  readonly names: readonly string[];
  readonly parts: Readonly<Record<SplitName, readonly DataSetImage[]>>;
  /** By file and line. */
  readonly problems: readonly DataSetProblem[];
  /** Of an export of MedAnnotate. */
  readonly certificate?: Certificate;
};

/** Something wrong with a data set, and what follows from it. */
export type DataSetProblem = {
  /** A few words that are the same for the same fault. */
  readonly kind: string;
  /** Relative to the folder of the data set, where it is inside. */
  readonly file: string;
  /** Counted from 1. */
  readonly line?: number;
  readonly message: string;
  readonly consequence: Consequence;
};

/** What follows from a problem. */
export type Consequence =
  | "image left out"
  | "row left out"
  | "row mended"
  | "nothing left out";

/** Takes the problems while a data set is read. */
export type Report = (problem: DataSetProblem) => void;
