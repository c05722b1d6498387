// YOLO labels: one text file per image, one row per object.
//
// A detection row is `class cx cy w h`, a segmentation row `class x1 y1 x2 y2
// ...`; both are divided by the image size. Predictions saved with confidence
// carry one number more, so an even count of numbers tells them apart. The
// loader of Ultralytics drops an image whole when one of its numbers is not in
// 0..1: writing clips, reading refuses. A file of which only the good rows are wanted
// is read by yolo_labels.ts; data.yaml is in data_yaml.ts.

import type { Box, Point, Size } from "../base/tensor.ts";
import { readYoloLines, type YoloBox, type YoloRow } from "./yolo_labels.ts";

export {
  readYoloLabels,
  type YoloBox,
  type YoloLine,
  type YoloProblem,
  type YoloReading,
  type YoloRow,
} from "./yolo_labels.ts";

/**
 * Writes a box as a detection row, clipped to the image.
 *
 * @example A box in the left half
 * ```ts
 * import { yoloDetectRow } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const row = yoloDetectRow(2, { x0: 0, y0: 0, x1: 50, y1: 40 }, { width: 100, height: 40 });
 * equal(row, "2 0.250000 0.500000 0.500000 1.000000");
 * ```
 */
export function yoloDetectRow(
  classNumber: number,
  box: Box,
  size: Size,
): string {
  const x0 = clip(box.x0 / size.width), x1 = clip(box.x1 / size.width);
  const y0 = clip(box.y0 / size.height), y1 = clip(box.y1 / size.height);
  if (!(x1 > x0 && y1 > y0)) {
    throw new RangeError(
      `Cannot write a YOLO box: x ${box.x0} to ${box.x1}, y ${box.y0} to ${box.y1} covers nothing of ${size.width}x${size.height}`,
    );
  }
  return rowOf(classNumber, [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]);
}

/** Writes a ring of at least three points as a segmentation row, clipped to the image. */
export function yoloSegRow(
  classNumber: number,
  ring: readonly Point[],
  size: Size,
): string {
  const points = ring.map(({ x, y }) => ({
    x: clip(x / size.width).toFixed(6),
    y: clip(y / size.height).toFixed(6),
  }));
  const distinct = points.filter(({ x, y }, i) => {
    const before = points[(i + points.length - 1) % points.length];
    return x !== before.x || y !== before.y;
  });
  if (distinct.length < 3) {
    throw new RangeError(
      `Cannot write a YOLO ring: ${distinct.length} different points inside ${size.width}x${size.height}, expected at least 3`,
    );
  }
  return rowOf(classNumber, distinct.flatMap(({ x, y }) => [+x, +y]));
}

/**
 * Reads a label file; throws an error that names the lines it cannot read.
 *
 * @example A box
 * ```ts
 * import { parseYoloLabels } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const [row] = parseYoloLabels("2 0.25 0.5 0.5 1\n");
 * equal(row.kind, "detect");
 * ```
 */
export function parseYoloLabels(
  text: string,
  { classCount = Infinity }: { classCount?: number } = {},
): YoloRow[] {
  const { lines, problems } = readYoloLines(text, {
    classCount,
    hasConfidence: true,
  });
  if (problems.length > 0) {
    const named = problems.map(({ line, message }) =>
      `line ${line}: ${message}`
    );
    throw new SyntaxError(`Cannot read YOLO labels: ${named.join("; ")}`);
  }
  return lines.map(({ row }) => row);
}

/** The box of a detection row in pixels. */
export function yoloBoxToPixels(boxNorm: YoloBox, size: Size): Box {
  const { x, y, width, height } = boxNorm;
  return {
    x0: (x - width / 2) * size.width,
    y0: (y - height / 2) * size.height,
    x1: (x + width / 2) * size.width,
    y1: (y + height / 2) * size.height,
  };
}

/** The ring of a segmentation row in pixels. */
export function yoloRingToPixels(
  ringNorm: readonly Point[],
  size: Size,
): Point[] {
  return ringNorm.map(({ x, y }) => ({
    x: x * size.width,
    y: y * size.height,
  }));
}

function rowOf(classNumber: number, values: readonly number[]): string {
  if (!Number.isInteger(classNumber) || classNumber < 0) {
    throw new RangeError(
      `Cannot write a YOLO row: class is ${classNumber}, expected a whole number from 0`,
    );
  }
  return [classNumber, ...values.map((value) => value.toFixed(6))].join(" ");
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}
