// Reading YOLO label files whatever is in them: the rows that can be read, and
// each problem with its line.
//
// A detection row is `class cx cy w h`, a segmentation row `class x1 y1 x2 y2
// ...` with at least three points; predictions saved with confidence carry one
// number more. One bad number makes the loader of Ultralytics drop the image
// whole; here it is said which rows can be mended or left out, and which leave
// the truth of the image unknown.

import type { Point } from "../base/tensor.ts";

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

/** A row with the line, counted from 1, that it stands on. */
export type YoloLine = { readonly line: number; readonly row: YoloRow };

/** What is wrong with one line of a label file. */
export type YoloProblem = {
  readonly line: number;
  readonly kind:
    | "not a number"
    | "wrong count of numbers"
    | "class out of range"
    | "value out of range"
    | "value slightly out of range"
    | "negative size"
    | "empty box"
    | "empty ring"
    | "duplicate row";
  readonly message: string;
  /**
   * `truth unknown`: an object is there, but not where; the file cannot be
   * trusted. `left out`: the row says nothing. `mended`: the row is among the rows.
   */
  readonly consequence: "truth unknown" | "left out" | "mended";
};

/** What counts as a problem. */
export type YoloReading = {
  /** Classes count from 0 and end before this. */
  readonly classCount?: number;
  /** How far a value may be below 0 or above 1 to be moved to 0 or 1. */
  readonly overshoot?: number;
  /** Whether rows may end with a confidence. */
  readonly hasConfidence?: boolean;
};

/**
 * Reads the rows of a label file, and names what is wrong with the others.
 *
 * A byte order mark, CRLF and empty lines are no problem. Rows that are said
 * twice, and boxes or rings that cover nothing, are left out.
 *
 * @example The second row is a class too far
 * ```ts
 * import { readYoloLabels } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const text = "0 0.5 0.5 0.25 0.5\n7 0.5 0.5 0.25 0.5\n";
 * const { rows, problems } = readYoloLabels(text, { classCount: 2 });
 * equal(rows.length, 1);
 * equal(problems[0].message, "class is 7, expected one below 2");
 * ```
 */
export function readYoloLabels(
  text: string,
  reading: YoloReading = {},
): { rows: YoloLine[]; problems: YoloProblem[] } {
  const { lines, problems } = readYoloLines(text, reading);
  const rows: YoloLine[] = [];
  const firstLine = new Map<string, number>();
  for (const { line, row } of lines) {
    const covered = coversNothing(row);
    const key = JSON.stringify(row);
    const before = firstLine.get(key);
    firstLine.set(key, before ?? line);
    if (covered) {
      problems.push({ line, consequence: "left out", ...covered });
    } else if (before !== undefined) {
      problems.push({
        line,
        kind: "duplicate row",
        message: `says the same as line ${before}`,
        consequence: "left out",
      });
    } else rows.push({ line, row });
  }
  return { rows, problems: problems.toSorted((a, b) => a.line - b.line) };
}

/** Reads rows by their numbers alone: what they cover, and how often, is not asked. */
export function readYoloLines(
  text: string,
  reading: YoloReading = {},
): { lines: YoloLine[]; problems: YoloProblem[] } {
  const lines: YoloLine[] = [];
  const problems: YoloProblem[] = [];
  const texts = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  for (const [i, content] of texts.entries()) {
    const words = content.trim().split(/\s+/);
    if (words[0] === "") continue;
    const line = i + 1;
    const wrong = findWrongNumber(words, reading);
    if (wrong && wrong.consequence !== "mended") {
      problems.push({ line, ...wrong });
      continue;
    }
    if (wrong) problems.push({ line, ...wrong });
    lines.push({ line, row: rowOf(words.map(Number)) });
  }
  return { lines, problems };
}

type Wrong = Omit<YoloProblem, "line">;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function findWrongNumber(
  words: readonly string[],
  { classCount = Infinity, overshoot = 0, hasConfidence = false }: YoloReading,
): Wrong | undefined {
  const unknown = (kind: YoloProblem["kind"], message: string): Wrong => ({
    kind,
    message,
    consequence: "truth unknown",
  });
  const [classNumber, ...values] = words.map(Number);
  const word = words.findIndex((word) => !NUMBER.test(word));
  if (word === 0 || !Number.isInteger(classNumber)) {
    const message = `class is ${
      shown(words[0])
    }, expected a whole number from 0`;
    return unknown("not a number", message);
  }
  if (word > 0) {
    const message = `value is ${shown(words[word])}, expected 0 to 1`;
    return unknown("not a number", message);
  }
  if (classNumber < 0) {
    const message = `class is ${classNumber}, expected a whole number from 0`;
    return unknown("class out of range", message);
  }
  if (classNumber >= classCount) {
    const message = `class is ${classNumber}, expected one below ${classCount}`;
    return unknown("class out of range", message);
  }
  if (words.length < 5 || (words.length % 2 === 0 && !hasConfidence)) {
    const message =
      `${words.length} numbers, expected 5 (box) or an odd count of at least 7 (ring)`;
    return unknown("wrong count of numbers", message);
  }
  const isBox = words.length < 7;
  if (isBox && Math.min(values[2], values[3]) < -overshoot) {
    const message = `the box is ${values[2]} wide and ${values[3]} high`;
    return unknown("negative size", message);
  }
  return findOutside(words, values, overshoot);
}

function findOutside(
  words: readonly string[],
  values: readonly number[],
  overshoot: number,
): Wrong | undefined {
  const excess = values.map((value) => Math.max(-value, value - 1));
  const worst = excess.reduce((a, b, i) => b > excess[a] ? i : a, 0);
  if (excess[worst] <= 0) return undefined;
  const message = `value is ${shown(words[worst + 1])}, expected 0 to 1`;
  return excess[worst] <= overshoot
    ? { kind: "value slightly out of range", message, consequence: "mended" }
    : { kind: "value out of range", message, consequence: "truth unknown" };
}

/** Numbers that were checked, as a row; those slightly outside are moved to 0 or 1. */
function rowOf([classNumber, ...numbers]: readonly number[]): YoloRow {
  const values = numbers.map((value) => Math.min(1, Math.max(0, value)));
  // One number more than pairs: a confidence.
  const confidence = values.length % 2 === 1
    ? { confidence: values[values.length - 1] }
    : {};
  if (values.length < 6) {
    const [x, y, width, height] = values;
    const boxNorm: YoloBox = { x, y, width, height };
    return { kind: "detect", classNumber, boxNorm, ...confidence };
  }
  const ringNorm: Point[] = [];
  for (let i = 0; i + 1 < values.length; i += 2) {
    ringNorm.push({ x: values[i], y: values[i + 1] });
  }
  return { kind: "segment", classNumber, ringNorm, ...confidence };
}

function coversNothing(
  row: YoloRow,
): Pick<YoloProblem, "kind" | "message"> | undefined {
  if (row.kind === "detect") {
    const { width, height } = row.boxNorm;
    if (Math.min(width, height) > 1e-9) return undefined;
    const message = `the box is ${width} wide and ${height} high`;
    return { kind: "empty box", message };
  }
  let doubleArea = 0;
  for (const [i, { x, y }] of row.ringNorm.entries()) {
    const next = row.ringNorm[(i + 1) % row.ringNorm.length];
    doubleArea += x * next.y - next.x * y;
  }
  // Points are written with six decimals: less is the noise of the sum.
  if (Math.abs(doubleArea) > 1e-12) return undefined;
  return { kind: "empty ring", message: "the ring encloses nothing" };
}

/** What a file says, short enough for a report and on one line. */
function shown(word: string): string {
  const plain = word.replace(/\p{C}/gu, "?");
  return plain.length > 40 ? `${plain.slice(0, 40)}…` : plain;
}
