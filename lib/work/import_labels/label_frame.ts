// What all label formats are read into: images with the objects on them.

import type { Box, Point, Size } from "../../base/tensor.ts";
import type { Rle } from "../../masks/rle.ts";

/** The labels of one image, or of one frame of a video. */
export type LabelFrame = {
  /** The file they are from, for messages. */
  readonly file: string;
  /** The image as the labels name it, a path with forward slashes or a name. */
  readonly image?: string;
  /** The frame of the video, from 0, where the format counts. */
  readonly number?: number;
  /** The size the labels are made for; undefined where they do not say. */
  readonly size?: Size;
  /** One for each object, in the order of the file. */
  readonly shapes: readonly LabelShape[];
};

/** One object on an image. */
export type LabelShape = {
  /** Name or code of its class; undefined where the format knows none. */
  readonly tag: string | undefined;
  /** The number the format gives the object on all frames, from 1. */
  readonly number?: number;
  /** What the format calls the object, the same on all frames. */
  readonly identity?: string;
  readonly geometry: LabelGeometry;
};

/** Where an object is, in pixels of its image. */
export type LabelGeometry =
  | { readonly kind: "mask"; readonly rle: Rle }
  /** Each filled by the even-odd rule, then joined. */
  | { readonly kind: "rings"; readonly rings: readonly (readonly Point[])[] }
  | { readonly kind: "box"; readonly box: Box };

/** What a reader finds. */
export type LabelReading = {
  readonly frames: readonly LabelFrame[];
  /** Shapes of kinds that become no mask and no box: lines, points, crowds. */
  readonly passedOver: number;
};

/** The sequence that labels are read for. */
export type LabelTarget = {
  readonly name: string;
  readonly size: Size;
};
