// COCO instance files: images, categories, annotations with boxes and masks.
//
// A segmentation is a list of rings (parts, never holes) or run lengths, whose
// counts are numbers or the compressed text of pycocotools. Boxes are
// [x, y, width, height] in pixels; category ids count from 1. Text in, plain
// records out; turning counts into masks is left to the caller.

import { z } from "zod";
import type { Box, Point, Size } from "../base/tensor.ts";

// Some files have their ids in quotes.
const Id = z.union([
  z.int().nonnegative(),
  z.string().regex(/^\d+$/).transform(Number),
], "expected a whole number from 0");

/** Run lengths as COCO writes them: columns first, background first. */
export const CocoRle = z.object({
  size: z.tuple([z.int().positive(), z.int().positive()]), // [height, width]
  counts: z.union([z.string(), z.array(z.int().nonnegative())]),
});
/** Run lengths as COCO writes them. */
export type CocoRle = z.infer<typeof CocoRle>;

/** Rings as flat lists of x and y, or run lengths. */
export const CocoSegmentation = z.union([
  z.array(
    z.array(z.number()).min(6, "expected at least 3 points")
      .refine((ring) => ring.length % 2 === 0, "expected pairs of x and y"),
  ),
  CocoRle,
]);
/** Rings as flat lists of x and y, or run lengths. */
export type CocoSegmentation = z.infer<typeof CocoSegmentation>;

const BoxXywh = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** An image of a COCO file. */
export const CocoImage = z.object({
  id: Id,
  width: z.int().positive(),
  height: z.int().positive(),
  file_name: z.string(),
});
/** An image of a COCO file. */
export type CocoImage = z.infer<typeof CocoImage>;

/** An object on an image. */
export const CocoAnnotation = z.object({
  id: Id,
  image_id: Id,
  category_id: Id,
  segmentation: CocoSegmentation.optional(),
  bbox: BoxXywh,
  area: z.number().nonnegative(),
  iscrowd: z.union([z.literal(0), z.literal(1)]).default(0),
  /** 1 when the evaluation passes over it. */
  ignore: z.number().optional(),
});
/** An object on an image. */
export type CocoAnnotation = z.infer<typeof CocoAnnotation>;

/** A class of objects. */
export const CocoCategory = z.object({
  id: Id,
  name: z.string(),
  supercategory: z.string().optional(),
});
/** A class of objects. */
export type CocoCategory = z.infer<typeof CocoCategory>;

/** A COCO instance file. */
export const CocoFile = z.object({
  images: z.array(CocoImage),
  annotations: z.array(CocoAnnotation),
  categories: z.array(CocoCategory),
});
/** A COCO instance file. */
export type CocoFile = z.infer<typeof CocoFile>;

/** A prediction, as in the results files that the COCO evaluation takes. */
export const CocoResult = z.object({
  image_id: Id,
  category_id: Id,
  bbox: BoxXywh.optional(),
  segmentation: CocoSegmentation.optional(),
  score: z.number(),
});
/** A prediction, as in the results files that the COCO evaluation takes. */
export type CocoResult = z.infer<typeof CocoResult>;

/**
 * Reads an instance file; throws when it is malformed or its ids do not fit together.
 *
 * @example An image without objects
 * ```ts
 * import { parseCoco } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const file = parseCoco(`{
 *   "images": [{ "id": 7, "width": 4, "height": 3, "file_name": "a.png" }],
 *   "annotations": [],
 *   "categories": [{ "id": 1, "name": "polyp" }]
 * }`);
 * equal(file.images[0].file_name, "a.png");
 * ```
 */
export function parseCoco(text: string): CocoFile {
  const file = parseJson(text, CocoFile, "COCO file");
  const imageIds = idsOf(file.images, "image");
  const categoryIds = idsOf(file.categories, "category");
  idsOf(file.annotations, "annotation");
  for (const { id, image_id, category_id } of file.annotations) {
    if (!imageIds.has(image_id)) {
      throw new SyntaxError(
        `Cannot read COCO file: annotation ${id} is on image ${image_id}, which is not in the file`,
      );
    }
    if (!categoryIds.has(category_id)) {
      throw new SyntaxError(
        `Cannot read COCO file: annotation ${id} has category ${category_id}, which is not in the file`,
      );
    }
  }
  return file;
}

/** Reads a results file: a list of predictions. */
export function parseCocoResults(text: string): CocoResult[] {
  return parseJson(text, z.array(CocoResult), "COCO results");
}

/** Makes the categories of class numbers, which count from 0 where ids count from 1. */
export function cocoCategories(
  names: Readonly<Record<number, string>>,
): CocoCategory[] {
  return Object.entries(names).map(([classNumber, name]) => ({
    id: Number(classNumber) + 1,
    name,
  }));
}

/** Makes the record of an image. */
export function cocoImage(id: number, fileName: string, size: Size): CocoImage {
  const { width, height } = size;
  return { id, width, height, file_name: fileName };
}

/** Makes the record of an object; the class number counts from 0. */
export function cocoAnnotation(
  { id, imageId, classNumber, segmentation, box, areaPx, isCrowd = false }: {
    id: number;
    imageId: number;
    classNumber: number;
    segmentation: CocoSegmentation;
    box: Box;
    areaPx: number;
    isCrowd?: boolean;
  },
): CocoAnnotation {
  return {
    id,
    image_id: imageId,
    category_id: classNumber + 1,
    segmentation,
    bbox: [box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0],
    area: areaPx,
    iscrowd: isCrowd ? 1 : 0,
  };
}

/** A ring as COCO writes it: x and y in turn. */
export function cocoRing(ring: readonly Point[]): number[] {
  return ring.flatMap(({ x, y }) => [x, y]);
}

/** The box of an annotation, half open. */
export function cocoBox([x, y, width, height]: CocoAnnotation["bbox"]): Box {
  return { x0: x, y0: y, x1: x + width, y1: y + height };
}

function parseJson<Out>(
  text: string,
  shape: z.ZodType<Out>,
  what: string,
): Out {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${what}: it is not JSON`, { cause });
  }
  const parsed = shape.safeParse(json);
  if (parsed.success) return parsed.data;
  const [{ path, message }, ...others] = parsed.error.issues;
  throw new SyntaxError(
    `Cannot read ${what}: ${path.join(".") || "the whole"}: ${message}` +
      (others.length > 0 ? ` (and ${others.length} more)` : ""),
  );
}

function idsOf(
  records: readonly { readonly id: number }[],
  what: string,
): Set<number> {
  const ids = new Set<number>();
  for (const { id } of records) {
    if (ids.has(id)) {
      throw new SyntaxError(
        `Cannot read COCO file: two ${what} records have id ${id}`,
      );
    }
    ids.add(id);
  }
  return ids;
}
