// Which detections of an image are right, at ten thresholds of overlap.
//
// Ultralytics changed its rule between 8.3 and 8.4, so both are here. 8.4:
// detections go in descending confidence, and each takes the best label of its
// class that is left. Up to 8.3: each detection looks only at the label it
// overlaps most, and each label keeps the most confident of those. The older
// rule loses a detection whose best label is taken although a second would fit.

/** The rules of matching and of average precision that Ultralytics had. */
export type UltralyticsRule = "8.3" | "8.4";

/** 0.50, 0.55, … 0.95, as NumPy's linspace has them. */
export const iouThresholds: readonly number[] = Array.from(
  { length: 10 },
  (_, i) => i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9),
);

/** The overlaps of an image and the classes of what overlaps. */
export type Overlaps = {
  /** `[detections, labels]`, intersection over union of boxes or of masks. */
  readonly iousDL: Float64Array;
  /** Of each detection, in descending confidence. */
  readonly detectionClasses: ArrayLike<number>;
  /** Of each label; a class that no detection has (such as −1) leaves the label out. */
  readonly labelClasses: ArrayLike<number>;
};

/**
 * Tells which detections are right: `[detections, 10]`, 1 where the detection
 * found a label at that threshold.
 *
 * @example Two detections of one object: the second is wrong
 * ```ts
 * import { matchDetections } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const correct = matchDetections({
 *   iousDL: Float64Array.of(0.72, 0.93),
 *   detectionClasses: [0, 0],
 *   labelClasses: [0],
 * });
 * deepEqual([...correct.subarray(0, 10)], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
 * // where the first does not reach the threshold the second gets the label
 * deepEqual([...correct.subarray(10)], [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]);
 * ```
 */
export function matchDetections(
  overlaps: Overlaps,
  { rule = "8.4", thresholds = iouThresholds }: {
    rule?: UltralyticsRule;
    thresholds?: readonly number[];
  } = {},
): Uint8Array {
  const match = rule === "8.4" ? matchUnclaimed : matchBest;
  return match(onlySameClass(overlaps), overlaps, thresholds);
}

/** Tells which label each detection takes by the rule of 8.4; −1 for none. */
export function claimLabels(overlaps: Overlaps, threshold: number): Int32Array {
  return claim(onlySameClass(overlaps), overlaps, threshold);
}

/** Overlaps between different classes set to 0. */
function onlySameClass(
  { iousDL, detectionClasses, labelClasses }: Overlaps,
): Float64Array {
  const labels = labelClasses.length;
  if (iousDL.length !== detectionClasses.length * labels) {
    throw new RangeError(
      `Cannot match detections: there are ${iousDL.length} overlaps, expected ${detectionClasses.length} detections x ${labels} labels`,
    );
  }
  const same = new Float64Array(iousDL.length);
  for (let d = 0, i = 0; d < detectionClasses.length; d++) {
    for (let l = 0; l < labels; l++, i++) {
      if (detectionClasses[d] === labelClasses[l]) same[i] = iousDL[i];
    }
  }
  return same;
}

/** 8.4, at every threshold. */
function matchUnclaimed(
  iousDL: Float64Array,
  overlaps: Overlaps,
  thresholds: readonly number[],
): Uint8Array {
  const detections = overlaps.detectionClasses.length;
  const correct = new Uint8Array(detections * thresholds.length);
  for (const [t, threshold] of thresholds.entries()) {
    const labelOf = claim(iousDL, overlaps, threshold);
    for (let d = 0; d < detections; d++) {
      if (labelOf[d] >= 0) correct[d * thresholds.length + t] = 1;
    }
  }
  return correct;
}

/** Every detection in turn takes the best label that is left. */
function claim(
  iousDL: Float64Array,
  { detectionClasses, labelClasses }: Overlaps,
  threshold: number,
): Int32Array {
  const labels = labelClasses.length;
  const labelOf = new Int32Array(detectionClasses.length).fill(-1);
  const claimed = new Uint8Array(labels);
  for (let d = 0; d < detectionClasses.length; d++) {
    let best = -1;
    for (let l = 0, i = d * labels; l < labels; l++, i++) {
      if (claimed[l] || iousDL[i] < threshold) continue;
      if (best < 0 || iousDL[i] > iousDL[d * labels + best]) best = l;
    }
    if (best < 0) continue;
    claimed[best] = 1;
    labelOf[d] = best;
  }
  return labelOf;
}

/** Up to 8.3: every detection has one candidate, every label keeps the first. */
function matchBest(
  iousDL: Float64Array,
  { detectionClasses, labelClasses }: Overlaps,
  thresholds: readonly number[],
): Uint8Array {
  const labels = labelClasses.length;
  const correct = new Uint8Array(detectionClasses.length * thresholds.length);
  // how many thresholds, from the lowest, each label has given away
  const given = new Uint8Array(labels);
  for (let d = 0; d < detectionClasses.length; d++) {
    let best = 0;
    for (let l = 1; l < labels; l++) {
      if (iousDL[d * labels + l] > iousDL[d * labels + best]) best = l;
    }
    for (let t = given[best]; t < thresholds.length; t++) {
      if (!(iousDL[d * labels + best] >= thresholds[t])) break;
      correct[d * thresholds.length + t] = 1;
      given[best] = t + 1;
    }
  }
  return correct;
}
