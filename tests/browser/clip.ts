// The clip that the page is tested on: a polyp of real capsule endoscopy where
// the folder `shared` is beside the checkout, else the generated sample.
//
// Both show one polyp on all frames; the places are those of the first one.

import { fileURLToPath } from "node:url";
import type { Point } from "medannotate";
import { sampleClipPath } from "../../lib/notebook/sample.ts";
import { hasShared, sharedUrl } from "../shared.ts";

/** A clip and where to click. */
export type Clip = {
  readonly path: string;
  readonly frameCount: number;
  readonly width: number;
  readonly height: number;
  /** Two places inside the polyp, far apart, and two beside it. */
  readonly polyp: Point;
  readonly polypToo: Point;
  readonly beside: Point;
  readonly wall: Point;
  /** Around the polyp. */
  readonly box: readonly [Point, Point];
};

// The clicks of ../shared/models/expected.json, and places read off its masks.
const capsule: Clip = {
  path: fileURLToPath(new URL("data/kvasir-capsule-run1/images", sharedUrl)),
  frameCount: 33,
  width: 336,
  height: 336,
  polyp: { x: 134, y: 116 },
  polypToo: { x: 243, y: 288 },
  beside: { x: 265, y: 183 },
  wall: { x: 300, y: 100 },
  box: [{ x: 20, y: 10 }, { x: 300, y: 330 }],
};

/** The generated clip, which is longer and in every checkout. */
export const sampleClip: Clip = {
  path: sampleClipPath,
  frameCount: 90,
  width: 480,
  height: 360,
  polyp: { x: 290, y: 200 },
  polypToo: { x: 275, y: 225 },
  beside: { x: 250, y: 158 },
  wall: { x: 150, y: 120 },
  box: [{ x: 230, y: 150 }, { x: 340, y: 260 }],
};

export const clip: Clip = hasShared ? capsule : sampleClip;
