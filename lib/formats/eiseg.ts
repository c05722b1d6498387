// EISeg's own files beside the label list (tag_list.ts): the older JSON of an
// image, and the colours it gives to labels.
//
// EISeg saves an image as a grey PNG with the number of the label in each pixel,
// the same with a palette (`_pseudo`), and all images as COCO with polygons
// (annotations.json), the only one it reads again. The older JSON is a list of
// polygons; labelme.ts reads the newer one.

import { z } from "zod";
import type { Rgb } from "../base/image.ts";
import type { Point } from "../base/tensor.ts";

/** A polygon of an image, in pixels. */
export type EisegPolygon = {
  readonly name: string;
  /** The number of the label, from 1. */
  readonly labelNumber: number;
  readonly colour: Rgb;
  readonly points: readonly Point[];
};

const Byte = z.int().min(0).max(255);
const Polygons = z.array(z.object({
  name: z.string(),
  labelIdx: z.int().nonnegative(),
  color: z.tuple([Byte, Byte, Byte]),
  points: z.array(z.tuple([z.number(), z.number()]))
    .min(3, "expected at least 3 points"),
}));

/**
 * Writes the polygons of an image as EISeg did before labelme's form.
 *
 * @example A triangle
 * ```ts
 * import { eisegJson, parseEisegJson } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const points = [{ x: 0, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 3 }];
 * const polygons = [{ name: "polyp", labelNumber: 1, colour: [244, 108, 59] as const, points }];
 * deepEqual(parseEisegJson(eisegJson(polygons)), polygons);
 * ```
 */
export function eisegJson(polygons: readonly EisegPolygon[]): string {
  return JSON.stringify(
    polygons.map(({ name, labelNumber, colour, points }) => ({
      name,
      labelIdx: labelNumber,
      color: colour,
      points: points.map(({ x, y }) => [x, y]),
    })),
  ) + "\n";
}

/** Reads the polygons of an image; throws an error that says what is wrong. */
export function parseEisegJson(text: string): EisegPolygon[] {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new SyntaxError("Cannot read EISeg file: it is not JSON", { cause });
  }
  const parsed = Polygons.safeParse(value);
  if (!parsed.success) {
    throw new SyntaxError(
      `Cannot read EISeg file: ${z.prettifyError(parsed.error)}`,
    );
  }
  return parsed.data.map(({ name, labelIdx, color, points }) => ({
    name,
    labelNumber: labelIdx,
    colour: color,
    points: points.map(([x, y]) => ({ x, y })),
  }));
}
