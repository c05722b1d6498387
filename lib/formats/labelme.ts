// labelme's JSON: one file per image, a list of shapes.
//
// Shapes of one label and one group are one object, as labelme's own converters
// take them; a polygon is a part of it. There are no holes: they are cut in by a
// bridge. EISeg writes the same with version "1.1". Read: polygons, rectangles,
// circles; lines, points and masks in base64 are counted.

import { z } from "zod";
import type { Point, Size } from "../base/tensor.ts";

/** A shape of an image, in pixels. */
export type LabelmeShape = {
  readonly label: string;
  /** Shapes of one label and group are one object; null where it has none. */
  readonly group: number | null;
  readonly kind: "polygon" | "rectangle" | "circle";
  /** A rectangle by two corners, a circle by its centre and a point on it. */
  readonly points: readonly Point[];
};

/** What one file says. */
export type LabelmeFile = {
  /** As the file says it, often relative to itself. */
  readonly imagePath: string;
  readonly size: Size;
  readonly shapes: readonly LabelmeShape[];
  /** Shapes of kinds that are not read. */
  readonly passedOver: number;
};

/**
 * Writes the shapes of an image.
 *
 * @example A triangle
 * ```ts
 * import { labelmeJson, parseLabelme } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const points = [{ x: 0, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 3 }];
 * const file = {
 *   imagePath: "a.jpg",
 *   size: { width: 8, height: 6 },
 *   shapes: [{ label: "polyp", group: 1, kind: "polygon", points } as const],
 * };
 * deepEqual(parseLabelme(labelmeJson(file)), { ...file, passedOver: 0 });
 * ```
 */
export function labelmeJson(
  { imagePath, size, shapes }: Omit<LabelmeFile, "passedOver">,
): string {
  return JSON.stringify(
    {
      version: "5.5.0",
      flags: {},
      shapes: shapes.map(({ label, group, kind, points }) => ({
        label,
        points: points.map(({ x, y }) => [x, y]),
        group_id: group,
        description: "",
        shape_type: kind,
        flags: {},
        mask: null,
      })),
      imagePath,
      imageData: null,
      imageHeight: size.height,
      imageWidth: size.width,
    },
    null,
    2,
  ) + "\n";
}

const Shape = z.object({
  label: z.string(),
  points: z.array(z.tuple([z.number(), z.number()])),
  // An empty object where a table of another program had no number.
  group_id: z.union([z.int(), z.unknown()]).optional(),
  shape_type: z.string().default("polygon"),
});
const File = z.object({
  shapes: z.array(Shape),
  imagePath: z.string().default(""),
  imageHeight: z.int().positive(),
  imageWidth: z.int().positive(),
});

/** Fewest points that make a shape of each kind. */
const leastPoints = { polygon: 3, rectangle: 2, circle: 2 } as const;

/** Reads the shapes of an image; throws an error that says what is wrong. */
export function parseLabelme(text: string): LabelmeFile {
  const parsed = File.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new SyntaxError(
      `Cannot read labelme file: ${z.prettifyError(parsed.error)}`,
    );
  }
  const { shapes, imagePath, imageHeight, imageWidth } = parsed.data;
  const read = shapes.flatMap((shape, i): LabelmeShape[] => {
    const kind = (["polygon", "rectangle", "circle"] as const)
      .find((kind) => kind === shape.shape_type);
    if (!kind) return [];
    if (shape.points.length < leastPoints[kind]) {
      throw new SyntaxError(
        `Cannot read labelme file: shape ${
          i + 1
        }, a ${kind}, has ${shape.points.length} points, expected at least ${
          leastPoints[kind]
        }`,
      );
    }
    const group = typeof shape.group_id === "number" ? shape.group_id : null;
    const points = shape.points.map(([x, y]) => ({ x, y }));
    return [{ label: shape.label, group, kind, points }];
  });
  return {
    imagePath,
    size: { width: imageWidth, height: imageHeight },
    shapes: read,
    passedOver: shapes.length - read.length,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new SyntaxError("Cannot read labelme file: it is not JSON", {
      cause,
    });
  }
}
