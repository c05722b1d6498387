// What the page of the main job shows, as plain records.
//
// The page shows what it is given and computes nothing about masks; pictures
// come from pictures.ts, the frames to review from worst_frames.ts.

import type { DriftParts } from "../../propagate/drift.ts";
import type { Rgb } from "../../base/image.ts";
import type { Size } from "../../base/tensor.ts";

/** Everything on the page of one run. */
export type DemoReport = {
  readonly title: string;
  /** What came out, in one sentence. */
  readonly result: string;
  readonly source: {
    readonly name: string;
    readonly frames: number;
    readonly size: Size;
    readonly fps?: number;
  };
  /** Who chose the clicks; the page says so when it was a machine. */
  readonly clickedBy: "person" | "machine";
  /** The prompted frames with their clicks and boxes. */
  readonly clicks: readonly ReportPicture[];
  /** Masks over the clip. */
  readonly strip: readonly ReportPicture[];
  /** The overlay video, as a path relative to the page. */
  readonly video?: string;
  readonly objects: readonly ReportObject[];
  /** The frames to look at first. */
  readonly review: readonly ReviewRow[];
  readonly stages: readonly ReportStage[];
  /** What was written, with paths relative to the page. */
  readonly files: readonly ReportFile[];
  readonly model: ReportModel;
  readonly device: string;
  readonly machine: string;
  readonly date: Date;
  /** Sentences that a reader has to know, such as the marks of a certificate. */
  readonly notes: readonly string[];
};

/** A picture inside the page. */
export type ReportPicture = {
  /** A data URI. */
  readonly src: string;
  readonly size: Size;
  readonly frame: number;
  /** What is to be seen, for those who cannot see it, and below the picture. */
  readonly caption: string;
};

/** One object and what was measured on every frame. */
export type ReportObject = {
  readonly number: number;
  readonly name: string;
  readonly colour: Rgb;
  readonly curve: readonly CurvePoint[];
};

/** What was measured for one object on one frame. */
export type CurvePoint = {
  readonly frame: number;
  /** 0 (sure) to 1; undefined where nothing was propagated. */
  readonly drift: number | undefined;
  /** 0..1 */
  readonly presenceScore: number | undefined;
  /** 0..1 */
  readonly predictedIou: number | undefined;
  readonly areaPx: number;
  /** What the drift was made of; undefined where nothing was propagated. */
  readonly parts: DriftParts | undefined;
  /** Whether a person or a click stands behind the mask. */
  readonly isCondition: boolean;
};

/** A frame to look at. */
export type ReviewRow = {
  readonly object: number;
  readonly point: CurvePoint;
  /** What speaks against the mask. */
  readonly because: string;
  readonly picture: ReportPicture;
};

/** One stage of the work and how long it took. */
export type ReportStage = {
  readonly name: string;
  readonly seconds: number;
  /** Such as `90 frames, 4.1/s`. */
  readonly detail?: string;
};

/** A file that was written. */
export type ReportFile = {
  readonly path: string;
  readonly bytes: number;
  readonly about: string;
};

/** The model that made the masks. */
export type ReportModel = {
  readonly id: string;
  readonly licence: string;
  readonly sha256: string;
};
