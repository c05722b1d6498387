// YOLO labels: one text file per image, one row per object.
//
// A detection row is `class cx cy w h`, a segmentation row `class x1 y1 x2 y2
// ...`; both are divided by the image size. Predictions saved with confidence
// carry one number more, so an even count of numbers tells them apart. The
// loader of Ultralytics drops an image whole when one of its numbers is not in
// 0..1: writing clips, reading refuses. data.yaml is in data_yaml.ts.

import type { Box, Point, Size } from "../base/tensor.ts";

/** One row of a YOLO label file, in shares of the image size. */
export type YoloRow =
  | {
    readonly kind: "detect";
    readonly classNumber: number;
    /** Centre and size. */
    readonly boxNorm: YoloBox;
    readonly confidence?: number;
  }
  | {
    readonly kind: "segment";
    readonly classNumber: number;
    readonly ringNorm: readonly Point[];
    readonly confidence?: number;
  };

/** A box by its centre and size, 0..1. */
export type YoloBox = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

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
  const rows: YoloRow[] = [];
  const problems: string[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const row = parseRow(line.trim().split(/\s+/), classCount);
    if (typeof row === "string") problems.push(`line ${i + 1}: ${row}`);
    else rows.push(row);
  }
  if (problems.length > 0) {
    throw new SyntaxError(`Cannot read YOLO labels: ${problems.join("; ")}`);
  }
  return rows;
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

/** Reads one row, or says what is wrong with it. */
function parseRow(words: readonly string[], classCount: number) {
  const [classNumber, ...values] = words.map(Number);
  if (!Number.isInteger(classNumber) || classNumber < 0) {
    return `class is ${words[0]}, expected a whole number from 0`;
  }
  if (classNumber >= classCount) {
    return `class is ${classNumber}, expected one below ${classCount}`;
  }
  const wrong = values.findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong >= 0) return `value is ${words[wrong + 1]}, expected 0 to 1`;
  if (values.length < 4) {
    return `${words.length} numbers, expected 5 (box) or at least 7 (ring)`;
  }
  // One number more than pairs: a confidence.
  const confidence = values.length % 2 === 1
    ? { confidence: values[values.length - 1] }
    : {};
  if (values.length < 6) {
    const [x, y, width, height] = values;
    const boxNorm: YoloBox = { x, y, width, height };
    return { kind: "detect", classNumber, boxNorm, ...confidence } as const;
  }
  const ringNorm: Point[] = [];
  for (let i = 0; i + 1 < values.length; i += 2) {
    ringNorm.push({ x: values[i], y: values[i + 1] });
  }
  return { kind: "segment", classNumber, ringNorm, ...confidence } as const;
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
