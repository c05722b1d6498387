// All measures of a detector on a data set, in one record.
//
// Boxes, and masks where there are some, by three rules that give different
// numbers: Ultralytics' of 8.4, that of up to 8.3, and COCO's (pycocotools).
// Crowds and ignored labels are COCO's: the rules of Ultralytics know none, so
// detections on them count as wrong there. Nothing here knows pixels: whoever
// wants the numbers of a validation gives boxes in the space of the network's
// input.

import {
  type ConfusedImage,
  type ConfusionMatrix,
  confusionMatrix,
} from "./confusion_matrix.ts";
import type { EvaluatedImage } from "./evaluated_image.ts";
import {
  countedClass,
  type GeometryMeasures,
  isCounted,
  measureGeometry,
  overlapsOfBoxes,
  overlapsOfMasks,
} from "./geometry_measures.ts";

/** Everything measured about a detector; plain data that JSON keeps. */
export type DetectorMeasures = {
  /** By class number. */
  readonly classNames: readonly string[];
  readonly images: number;
  /** Labels that count: neither crowds nor ignored. */
  readonly labels: number;
  readonly detections: number;
  readonly classCounts: readonly {
    readonly classNumber: number;
    readonly name: string;
    /** Images with at least one label of the class. */
    readonly images: number;
    readonly labels: number;
    readonly detections: number;
  }[];
  readonly boxes: GeometryMeasures;
  /** Where labels and detections have masks. */
  readonly masks?: GeometryMeasures;
  /** Of boxes. */
  readonly confusion: ConfusionMatrix;
};

/**
 * Measures detections against labels.
 *
 * @param images in the order of their ids, which decides between equal confidences
 * @param classNames by class number
 * @param options.masks whether masks are measured; by default when a label and a detection have one
 * @throws RangeError when a class number has no name, or a mask or size is missing
 *
 * @example Found, but not exactly
 * ```ts
 * import { evaluateDetections } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const { boxes } = evaluateDetections([{
 *   labels: [{ classNumber: 0, box: { x0: 0, y0: 0, x1: 10, y1: 10 } }],
 *   detections: [{
 *     classNumber: 0,
 *     confidence: 0.9,
 *     box: { x0: 0, y0: 0, x1: 10, y1: 8 }, // intersection over union 0.8
 *   }],
 * }], ["polyp"]);
 * equal(boxes.coco.ap50?.toFixed(3), "1.000");
 * equal(boxes.coco.ap?.toFixed(2), "0.70"); // right at 0.50 to 0.80, 7 of 10
 * equal(boxes.ultralytics84.map50.toFixed(3), "0.995");
 * ```
 */
export function evaluateDetections(
  images: readonly EvaluatedImage[],
  classNames: readonly string[],
  { masks = haveMasks(images), leastConfidence, leastIou }: {
    masks?: boolean;
    /** Of the confusion matrix. */
    leastConfidence?: number;
    leastIou?: number;
  } = {},
): DetectorMeasures {
  const sorted = images.map((image) => ({
    ...image,
    detections: image.detections.toSorted((a, b) =>
      b.confidence - a.confidence
    ),
  }));
  for (const [i, image] of sorted.entries()) {
    requireClasses(image, i, classNames);
  }
  const confused: ConfusedImage[] = [];
  const boxes = measureGeometry(sorted, (image) => {
    const overlaps = overlapsOfBoxes(image);
    confused.push({
      iousDL: overlaps.iousDL,
      detectionClasses: image.detections.map((d) => d.classNumber),
      confidences: image.detections.map((d) => d.confidence),
      labelClasses: image.labels.map(countedClass),
    });
    return overlaps;
  });
  return {
    classNames,
    images: images.length,
    labels: sum(images, ({ labels }) => labels.filter(isCounted).length),
    detections: sum(images, ({ detections }) => detections.length),
    classCounts: countClasses(images, classNames),
    boxes,
    ...(masks ? { masks: measureGeometry(sorted, overlapsOfMasks) } : {}),
    confusion: confusionMatrix(confused, classNames.length, {
      leastConfidence,
      leastIou,
    }),
  };
}

function haveMasks(images: readonly EvaluatedImage[]): boolean {
  const inLabels = images.some(({ labels }) =>
    labels.some(({ mask, ring }) => mask !== undefined || ring !== undefined)
  );
  return inLabels &&
    images.some(({ detections }) =>
      detections.some(({ mask }) => mask !== undefined)
    );
}

function requireClasses(
  { labels, detections }: EvaluatedImage,
  image: number,
  classNames: readonly string[],
) {
  for (const { classNumber } of [...labels, ...detections]) {
    if (classNames[classNumber] !== undefined) continue;
    throw new RangeError(
      `Cannot measure image ${image}: it has class ${classNumber}, expected 0 to ${
        classNames.length - 1
      }`,
    );
  }
}

function countClasses(
  images: readonly EvaluatedImage[],
  classNames: readonly string[],
) {
  const counts = classNames.map((name, classNumber) => ({
    classNumber,
    name,
    images: 0,
    labels: 0,
    detections: 0,
  }));
  for (const { labels, detections } of images) {
    const counted = labels.filter(isCounted);
    for (const { classNumber } of counted) counts[classNumber].labels++;
    for (const { classNumber } of detections) counts[classNumber].detections++;
    const present = new Set(counted.map(({ classNumber }) => classNumber));
    for (const classNumber of present) counts[classNumber].images++;
  }
  return counts;
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number) {
  return items.reduce((total, item) => total + value(item), 0);
}
