// Which classes are taken for which, and what is missed or invented.
//
// The rule: detections of at least the least confidence; pairs that overlap by
// more than the least IoU, whatever their classes; pairs are made from the
// greatest overlap down, each detection and each label at most once. What is
// left of the labels was missed, what is left of the detections was background.

/** Counts of pairs; the last row and the last column stand for "nothing". */
export type ConfusionMatrix = {
  readonly leastConfidence: number;
  readonly leastIou: number;
  /** `[detected as, labelled as]`, one more each way than there are classes. */
  readonly counts: readonly (readonly number[])[];
};

/** One image; both lists in any order, overlaps `[detections, labels]`. */
export type ConfusedImage = {
  readonly iousDL: Float64Array;
  readonly detectionClasses: ArrayLike<number>;
  readonly confidences: ArrayLike<number>;
  /** Class −1 leaves a label out, and with it the detections that overlap no other. */
  readonly labelClasses: ArrayLike<number>;
};

/**
 * Counts over images; their classes are below `classCount`.
 *
 * @example A polyp (0) called a bubble (1), a second one missed
 * ```ts
 * import { confusionMatrix } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const { counts } = confusionMatrix([{
 *   iousDL: Float64Array.of(0.8, 0),
 *   detectionClasses: [1],
 *   confidences: [0.9],
 *   labelClasses: [0, 0],
 * }], 2);
 * deepEqual(counts, [[0, 0, 0], [1, 0, 0], [1, 0, 0]]);
 * ```
 */
export function confusionMatrix(
  images: Iterable<ConfusedImage>,
  classCount: number,
  { leastConfidence = 0.25, leastIou = 0.45 }: {
    leastConfidence?: number;
    leastIou?: number;
  } = {},
): ConfusionMatrix {
  const counts = Array.from(
    { length: classCount + 1 },
    () => new Array<number>(classCount + 1).fill(0),
  );
  for (const image of images) {
    const { confidences, detectionClasses, labelClasses } = image;
    const pairs = pairUp(image, { leastConfidence, leastIou });
    for (let l = 0; l < labelClasses.length; l++) {
      if (labelClasses[l] < 0) continue;
      const d = pairs.detectionOf[l];
      const row = d < 0 ? classCount : detectionClasses[d];
      counts[row][labelClasses[l]]++;
    }
    for (let d = 0; d < detectionClasses.length; d++) {
      if (confidences[d] < leastConfidence || pairs.isPaired[d]) continue;
      counts[detectionClasses[d]][classCount]++;
    }
  }
  return { leastConfidence, leastIou, counts };
}

function pairUp(
  { iousDL, detectionClasses, confidences, labelClasses }: ConfusedImage,
  { leastConfidence, leastIou }: {
    readonly leastConfidence: number;
    readonly leastIou: number;
  },
): { readonly detectionOf: Int32Array; readonly isPaired: Uint8Array } {
  const labels = labelClasses.length;
  const detectionOf = new Int32Array(labels).fill(-1);
  const isPaired = new Uint8Array(detectionClasses.length);
  const pairs: number[] = [];
  for (let i = 0; i < iousDL.length; i++) {
    const d = Math.floor(i / labels);
    if (confidences[d] >= leastConfidence && iousDL[i] > leastIou) {
      pairs.push(i);
    }
  }
  pairs.sort((a, b) => iousDL[b] - iousDL[a]);
  for (const i of pairs) {
    const d = Math.floor(i / labels);
    const l = i % labels;
    if (labelClasses[l] < 0 || isPaired[d] || detectionOf[l] >= 0) continue;
    isPaired[d] = 1;
    detectionOf[l] = d;
  }
  // What is left may lie on a label that is left out.
  for (const i of pairs) {
    if (labelClasses[i % labels] < 0) isPaired[Math.floor(i / labels)] = 1;
  }
  return { detectionOf, isPaired };
}
