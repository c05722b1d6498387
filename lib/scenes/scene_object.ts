// What a scene is made of: its family, its objects and its pictures.

import type { IndexImage, RgbImage } from "../base/image.ts";

/** What a scene looks like as a whole. */
export type SceneFamily = "endoscopy" | "greyscale" | "everyday" | "volume";

/** What an object is. */
export type SceneObjectKind =
  | "polyp"
  | "ulcer"
  | "instrument"
  | "bubble"
  | "fluid"
  | "blood"
  | "debris"
  | "organ"
  | "lesion"
  | "thing";

/** The classes of the detector that is trained on scenes. */
export type DetectorClass =
  | "protrusion"
  | "instrument"
  | "depression"
  | "fluid artefact";

/** One object of a scene. */
export type SceneObject = {
  /** Its number in the masks, from 1. */
  readonly id: number;
  readonly kind: SceneObjectKind;
  readonly detectorClass?: DetectorClass;
  /** For polyps, the form by the Paris classification: "0-Ip", "0-IIa", … */
  readonly paris?: string;
};

/** A generated picture or clip. */
export type Scene = {
  readonly seed: number;
  readonly family: SceneFamily;
  readonly side: number;
  readonly objects: readonly SceneObject[];
  readonly frames: readonly SceneImage[];
};

/** One picture with the number of the object that is seen at each pixel, 0 for none. */
export type SceneImage = {
  readonly image: RgbImage;
  readonly identities: IndexImage;
};
