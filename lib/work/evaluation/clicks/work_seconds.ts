// How long a person works, as a model: so much for each click, so much for each
// look at a frame.
//
// The first click on an object takes 2.4 s, the median that Bearman et al.
// measured for pointing at the first object of a class ("What's the Point",
// ECCV 2016). A correction and a look are assumptions: 1.5 s for a click into an
// error that is in view, half a second to see that a frame is right. Drawing a
// polygon took 79 s in COCO (Lin et al. 2014), to compare with. Waiting for the
// model is not counted.

/** What each act takes. */
export type WorkTimes = {
  readonly firstClick: number;
  readonly furtherClick: number;
  readonly look: number;
};

/** Seconds of each act. */
export const workTimes: WorkTimes = {
  firstClick: 2.4,
  furtherClick: 1.5,
  look: 0.5,
};

/** Where the seconds come from, for reports. */
export const workTimesText =
  `a first click ${workTimes.firstClick} s (Bearman et al. 2016), each further click ${workTimes.furtherClick} s and each look at a frame ${workTimes.look} s (both assumed); waiting for the model is not counted`;

/** What a person did. */
export type Acts = {
  /** Objects that were clicked from nothing. */
  readonly firstClicks: number;
  readonly furtherClicks: number;
  /** Frames that were looked at. */
  readonly looks: number;
};

/**
 * Adds up the seconds of acts.
 *
 * @example One object, three clicks, one frame
 * ```ts
 * import { workSeconds } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const seconds = workSeconds({ firstClicks: 1, furtherClicks: 2, looks: 1 });
 * equal(seconds.toFixed(1), "5.9"); // 2.4 + 2 · 1.5 + 0.5
 * ```
 */
export function workSeconds({ firstClicks, furtherClicks, looks }: Acts) {
  return firstClicks * workTimes.firstClick +
    furtherClicks * workTimes.furtherClick + looks * workTimes.look;
}
