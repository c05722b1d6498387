// One geometry, boxes or masks, by all rules.

import { cocoRingsToRle } from "../../masks/coco_rings.ts";
import { boxArea } from "../../masks/nms.ts";
import { type Rle, rleAreaPx } from "../../masks/rle.ts";
import { type CocoMeasures, measureByCoco } from "./coco_average_precision.ts";
import type {
  EvaluatedDetection,
  EvaluatedImage,
  EvaluatedLabel,
} from "./evaluated_image.ts";
import { boxIous, maskIous } from "./iou_matrix.ts";
import { type CocoMatches, matchCoco } from "./match_coco.ts";
import { matchDetections, type UltralyticsRule } from "./match_detections.ts";
import {
  type DetectionCurves,
  measureByUltralytics,
  type UltralyticsMeasures,
} from "./ultralytics_measures.ts";

/** The measures of boxes, or of masks. */
export type GeometryMeasures = {
  /** The rule of Ultralytics 8.4. */
  readonly ultralytics84: UltralyticsMeasures;
  /** The rule of Ultralytics up to 8.3. */
  readonly ultralytics83: UltralyticsMeasures;
  readonly coco: CocoMeasures;
  /** By the rule of 8.4: means over classes, and those of each class of `ultralytics84.classes`. */
  readonly curves: {
    readonly mean: DetectionCurves;
    readonly classes: readonly DetectionCurves[];
  };
};

/** How the detections of an image overlap its labels. */
export type ImageOverlaps = {
  readonly iousDL: Float64Array;
  /** Of the labels, for COCO's ranges of size. */
  readonly areasPx: readonly number[];
};

/**
 * Measures images whose detections are in descending confidence.
 *
 * @param overlapsOf is asked once for each image
 */
export function measureGeometry(
  images: readonly EvaluatedImage[],
  overlapsOf: (image: EvaluatedImage, index: number) => ImageOverlaps,
): GeometryMeasures {
  const confidences: number[] = [];
  const classes: number[] = [];
  const labelClasses: number[] = [];
  const correct = { "8.4": [] as Uint8Array[], "8.3": [] as Uint8Array[] };
  const coco: CocoMatches[][] = [];
  for (const [i, image] of images.entries()) {
    const { iousDL, areasPx } = overlapsOf(image, i);
    const overlaps = {
      iousDL,
      detectionClasses: image.detections.map((d) => d.classNumber),
      labelClasses: image.labels.map(countedClass),
    };
    for (const rule of ["8.4", "8.3"] as const) {
      correct[rule].push(matchDetections(overlaps, { rule }));
    }
    coco.push(
      matchCoco(cocoLabels(image, areasPx), cocoDetections(image), iousDL),
    );
    for (const { confidence, classNumber } of image.detections) {
      confidences.push(confidence);
      classes.push(classNumber);
    }
    labelClasses.push(...overlaps.labelClasses.filter((label) => label >= 0));
  }
  const byRule = (rule: UltralyticsRule) =>
    measureByUltralytics({
      confidences,
      classes,
      labelClasses,
      correctDT: concatenated(correct[rule]),
    }, { rule });
  const { measures, meanCurves, classCurves } = byRule("8.4");
  return {
    ultralytics84: measures,
    ultralytics83: byRule("8.3").measures,
    coco: measureByCoco(coco),
    curves: { mean: meanCurves, classes: classCurves },
  };
}

/** Overlaps of boxes. */
export function overlapsOfBoxes(
  { labels, detections }: EvaluatedImage,
): ImageOverlaps {
  return {
    iousDL: boxIous(
      detections.map(({ box }) => box),
      labels.map(({ box }) => box),
      { isCrowd: labels.map(({ isCrowd = false }) => isCrowd) },
    ),
    areasPx: labels.map(({ areaPx, mask, box }) =>
      areaPx ?? (mask ? rleAreaPx(mask) : boxArea(box))
    ),
  };
}

/** Overlaps of masks; those of different classes are left at 0. */
export function overlapsOfMasks(
  image: EvaluatedImage,
  index: number,
): ImageOverlaps {
  const { labels, detections } = image;
  const truth = labels.map((label) => maskOfLabel(label, image, index));
  const found = detections.map(({ mask }, d) => {
    if (mask) return mask;
    throw new RangeError(
      `Cannot measure masks: detection ${d} of image ${index} has none`,
    );
  });
  return {
    iousDL: maskIous(found, truth, {
      isCrowd: labels.map(({ isCrowd = false }) => isCrowd),
      isWanted: (d, l) => detections[d].classNumber === labels[l].classNumber,
    }),
    areasPx: labels.map(({ areaPx }, l) => areaPx ?? rleAreaPx(truth[l])),
  };
}

function maskOfLabel(
  { mask, ring }: EvaluatedLabel,
  { size, detections }: EvaluatedImage,
  index: number,
): Rle {
  if (mask) return mask;
  const [height, width] = detections[0]?.mask?.size ?? [];
  const known = size ??
    (height !== undefined && width !== undefined
      ? { width, height }
      : undefined);
  if (ring && known) return cocoRingsToRle([ring], known);
  throw new RangeError(
    `Cannot measure masks: a label of image ${index} has ${
      ring ? "a ring, but the size of the image is not given" : "no mask"
    }`,
  );
}

/** Whether a label is to be found. */
export function isCounted({ isCrowd, isIgnored }: EvaluatedLabel): boolean {
  return !isCrowd && !isIgnored;
}

/** The class of a label; −1 when the rules of Ultralytics leave it out. */
export function countedClass(label: EvaluatedLabel): number {
  return isCounted(label) ? label.classNumber : -1;
}

function cocoLabels({ labels }: EvaluatedImage, areasPx: readonly number[]) {
  return labels.map((
    { classNumber, isCrowd = false, isIgnored = false },
    l,
  ) => ({ classNumber, isCrowd, isIgnored, areaPx: areasPx[l] }));
}

function cocoDetections({ detections }: EvaluatedImage) {
  return detections.map(
    (
      { classNumber, confidence, box, areaPx = boxArea(box) }:
        EvaluatedDetection,
    ) => ({ classNumber, confidence, areaPx }),
  );
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
