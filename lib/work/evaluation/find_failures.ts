// What a detector did wrong on each image, so that a person can look at it.
//
// Detections that are sure enough take labels of their class, the surest first,
// each label once (the rule of 8.4). A label and a detection that are left over
// and lie on each other are a wrong class; what then is left was missed, or
// called for nothing. What was found is poorly placed below a second overlap.

import type { Detection, Label } from "../../yolo/detection.ts";
import { boxIous } from "../../yolo/evaluation/iou_matrix.ts";
import { claimLabels } from "../../yolo/evaluation/match_detections.ts";

/** One thing that went wrong; labels and detections by their place in the image. */
export type Failure =
  | {
    readonly kind: "missed";
    readonly label: number;
    /** The surest detection of its class that lies on it, too unsure to count; 0 where there is none. */
    readonly confidence: number;
    /** How far the best detection that counts, of any class, lies on it. */
    readonly iou: number;
  }
  | {
    readonly kind: "false positive";
    readonly detection: number;
    readonly confidence: number;
    /** It lies on a label that a surer detection has. */
    readonly isDouble: boolean;
  }
  | {
    readonly kind: "wrong class" | "poorly placed";
    readonly label: number;
    readonly detection: number;
    readonly confidence: number;
    readonly iou: number;
  };

/** An image on which something went wrong. */
export type FailedImage = {
  /** Its place among the images. */
  readonly image: number;
  /** The gravest first. */
  readonly failures: readonly Failure[];
  /** How bad it is: the sum over its failures. */
  readonly badness: number;
};

/** When a detection counts, and when it is well placed. */
export type FailureLimits = {
  readonly leastConfidence: number;
  readonly leastIou: number;
  readonly wellPlacedIou: number;
};

/** The limits of the gallery. */
export const failureLimits: FailureLimits = {
  leastConfidence: 0.25,
  leastIou: 0.5,
  wellPlacedIou: 0.75,
};

/**
 * Finds the images with failures, the worst first.
 *
 * @example A polyp that was seen, but too unsurely
 * ```ts
 * import { findFailures } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const box = { x0: 10, y0: 10, x1: 30, y1: 30 };
 * const [{ failures }] = findFailures([{
 *   labels: [{ classNumber: 0, box }],
 *   detections: [{ classNumber: 0, box, confidence: 0.1 }],
 * }]);
 * deepEqual(failures, [{ kind: "missed", label: 0, confidence: 0.1, iou: 0 }]);
 * ```
 */
export function findFailures(
  images: readonly {
    readonly labels: readonly Label[];
    readonly detections: readonly Detection[];
  }[],
  limits: Partial<FailureLimits> = {},
): FailedImage[] {
  const filled = { ...failureLimits, ...limits };
  return images.map(({ labels, detections }, image) => {
    const failures = failuresOf(labels, detections, filled)
      .sort((a, b) => gravity(b) - gravity(a));
    const badness = failures.reduce((sum, one) => sum + gravity(one), 0);
    return { image, failures, badness };
  }).filter(({ failures }) => failures.length > 0)
    .sort((a, b) => b.badness - a.badness || a.image - b.image);
}

/** A missed object weighs 1, a false alarm as much as the detector was sure of it. */
function gravity(failure: Failure): number {
  switch (failure.kind) {
    case "missed":
      return 1;
    case "wrong class":
      return Math.max(0.5, failure.confidence);
    case "false positive":
      return failure.isDouble ? failure.confidence / 2 : failure.confidence;
    case "poorly placed":
      return 1 - failure.iou; // between 0.25 and 0.5
  }
}

function failuresOf(
  labels: readonly Label[],
  detections: readonly Detection[],
  { leastConfidence, leastIou, wellPlacedIou }: FailureLimits,
): Failure[] {
  const ious = boxIous(
    detections.map(({ box }) => box),
    labels.map(({ box }) => box),
  );
  const iouOf = (d: number, l: number) => ious[d * labels.length + l];
  // by their place in the image, the surest first
  const sure = [...detections.keys()]
    .filter((d) => detections[d].confidence >= leastConfidence)
    .sort((a, b) => detections[b].confidence - detections[a].confidence);
  const { labelOf, wrong } = pairUp(labels, detections, sure, {
    iouOf,
    leastIou,
  });
  const pairs = [...labelOf].flatMap(([detection, label]): Failure[] => {
    const iou = iouOf(detection, label);
    const isWrong = wrong.has(detection);
    if (!isWrong && iou >= wellPlacedIou) return [];
    const kind = isWrong ? "wrong class" : "poorly placed";
    const { confidence } = detections[detection];
    return [{ kind, label, detection, confidence, iou }];
  });
  const taken = new Set(labelOf.values());
  const unsure = (d: number, l: number) =>
    detections[d].classNumber === labels[l].classNumber &&
    detections[d].confidence < leastConfidence && iouOf(d, l) >= leastIou;
  const missed = [...labels.keys()].filter((l) => !taken.has(l))
    .map((label): Failure => ({
      kind: "missed",
      label,
      confidence: detections.reduce(
        (most, { confidence }, d) =>
          unsure(d, label) ? Math.max(most, confidence) : most,
        0,
      ),
      iou: sure.reduce((most, d) => Math.max(most, iouOf(d, label)), 0),
    }));
  const alone = sure.filter((d) => !labelOf.has(d))
    .map((detection): Failure => ({
      kind: "false positive",
      detection,
      confidence: detections[detection].confidence,
      isDouble: labels.some((_, l) => iouOf(detection, l) >= leastIou),
    }));
  return [...missed, ...pairs, ...alone];
}

/** Which label each detection has: first of its own class, then of another. */
function pairUp(
  labels: readonly Label[],
  detections: readonly Detection[],
  sure: readonly number[],
  { iouOf, leastIou }: {
    readonly iouOf: (d: number, l: number) => number;
    readonly leastIou: number;
  },
) {
  const claimed = claimLabels({
    iousDL: Float64Array.from(
      sure.flatMap((d) => labels.map((_, l) => iouOf(d, l))),
    ),
    detectionClasses: sure.map((d) => detections[d].classNumber),
    labelClasses: labels.map(({ classNumber }) => classNumber),
  }, leastIou);
  const labelOf = new Map<number, number>();
  for (const [i, d] of sure.entries()) {
    if (claimed[i] >= 0) labelOf.set(d, claimed[i]);
  }
  const taken = new Set(labelOf.values());
  const wrong = new Set<number>();
  for (const d of sure) {
    if (labelOf.has(d)) continue;
    const free = [...labels.keys()].filter((l) =>
      !taken.has(l) && iouOf(d, l) >= leastIou
    ).sort((a, b) => iouOf(d, b) - iouOf(d, a));
    if (free.length === 0) continue;
    labelOf.set(d, free[0]);
    taken.add(free[0]);
    wrong.add(d);
  }
  return { labelOf, wrong };
}

/** How many failures there are of each kind. */
export type FailureCounts = Readonly<Record<Failure["kind"], number>>;

/** Counts the failures of all images. */
export function countFailures(failed: readonly FailedImage[]): FailureCounts {
  const counts = {
    "missed": 0,
    "false positive": 0,
    "wrong class": 0,
    "poorly placed": 0,
  };
  for (const { failures } of failed) {
    for (const { kind } of failures) counts[kind]++;
  }
  return counts;
}

/**
 * Picks the worst, neighbours in a sequence only where nothing else is left:
 * they fail for one reason.
 */
export function pickFailures(
  failed: readonly FailedImage[],
  placeOf: (image: number) => {
    readonly sequence?: string;
    readonly frame?: number;
  },
  { count = 24, apartFrames = 10 }: {
    count?: number;
    apartFrames?: number;
  } = {},
): FailedImage[] {
  const isNear = (a: number, b: number) => {
    const [here, there] = [placeOf(a), placeOf(b)];
    return here.sequence !== undefined && here.sequence === there.sequence &&
      Math.abs((here.frame ?? 0) - (there.frame ?? Infinity)) < apartFrames;
  };
  const chosen: FailedImage[] = [];
  const near: FailedImage[] = [];
  for (const one of failed) {
    if (chosen.length === count) break;
    if (chosen.some(({ image }) => isNear(image, one.image))) near.push(one);
    else chosen.push(one);
  }
  return [...chosen, ...near.slice(0, count - chosen.length)]
    .sort((a, b) => b.badness - a.badness || a.image - b.image);
}
