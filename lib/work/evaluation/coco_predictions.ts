// COCO files of truth and of predictions, as other tools write them.
//
// Tolerated: ids that are texts, missing areas and boxes (taken from the
// mask), empty segmentations, polygons, run lengths as numbers or compressed.
// The `ignore` of an annotation has no effect, as in pycocotools, which
// overwrites it by `iscrowd`. Images are put in the order of their ids, since
// COCO's numbers depend on it where confidences are equal.

import { z } from "zod";
import { messageOf } from "../../base/errors.ts";
import type { Box, Size } from "../../base/tensor.ts";
import { cocoBox } from "../../formats/coco.ts";
import { cocoRingsToRle } from "../../masks/coco_rings.ts";
import type { Ring } from "../../masks/polygons.ts";
import { decodeCounts, type Rle, rleAreaPx } from "../../masks/rle.ts";
import { rleBox } from "../../masks/rle_box.ts";
import type {
  EvaluatedDetection,
  EvaluatedImage,
  EvaluatedLabel,
} from "../../yolo/evaluation/evaluated_image.ts";

const Id = z.union([z.int(), z.string()]).transform(String);
const Name = z.union([z.string(), z.number()]).transform(String);
const BoxXywh = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const Segmentation = z.union([
  z.array(z.array(z.number())),
  z.object({
    size: z.tuple([z.int().positive(), z.int().positive()]),
    counts: z.union([z.string(), z.array(z.int().nonnegative())]),
  }),
], "expected polygons (lists of x and y) or run lengths (size and counts)");
type Segmentation = z.infer<typeof Segmentation>;

const Truth = z.object({
  images: z.array(z.object({
    id: Id,
    width: z.int().positive().optional(),
    height: z.int().positive().optional(),
    file_name: z.string().optional(),
  })),
  categories: z.array(z.object({ id: Id, name: Name })),
  annotations: z.array(z.object({
    id: Id.optional(),
    image_id: Id,
    category_id: Id,
    bbox: BoxXywh.optional(),
    segmentation: Segmentation.nullish(),
    area: z.number().nonnegative().optional(),
    iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).default(0),
  })),
});
type Truth = z.infer<typeof Truth>;

const Predictions = z.array(z.object({
  image_id: Id,
  category_id: Id,
  bbox: BoxXywh.or(z.tuple([])).optional(),
  segmentation: Segmentation.nullish(),
  score: z.number(),
}));
type Predictions = z.infer<typeof Predictions>;

/** An image of a truth file with the predictions made on it. */
export type PredictedImage = EvaluatedImage & {
  readonly id: string;
  readonly fileName: string | undefined;
};

/** Truth and predictions, joined. */
export type CocoPredictions = {
  /** In the order of their ids. */
  readonly images: readonly PredictedImage[];
  /** By class number: the categories in the order of their ids. */
  readonly classNames: readonly string[];
  /** The category of each class number. */
  readonly categoryIds: readonly string[];
  /** Whether every prediction has a mask, and every annotation too. */
  readonly haveMasks: boolean;
};

/**
 * Joins a COCO file with a results file.
 *
 * @throws SyntaxError when a file is not what it should be
 * @throws RangeError when the predictions do not belong to the truth
 */
export function joinCocoPredictions(
  truthText: string,
  predictionsText: string,
): CocoPredictions {
  const truth = parse(truthText, Truth, "truth");
  const predictions = parse(predictionsText, Predictions, "predictions");
  const categories = sortById(truth.categories, "category");
  const images = sortById(truth.images, "image");
  const classOf = new Map(categories.map(({ id }, i) => [id, i]));
  const labels = new Map<string, EvaluatedLabel[]>();
  const detections = new Map<string, EvaluatedDetection[]>();
  const sizes = new Map<string, Size>();
  for (const { id, width, height } of images) {
    labels.set(id, []);
    detections.set(id, []);
    if (width && height) sizes.set(id, { width, height });
  }
  requireKnown(truth.annotations, "annotation", { labels, classOf });
  requireKnown(predictions, "prediction", { labels, classOf });
  const haveMasks = requireMasks(truth, predictions);
  for (
    const [i, { image_id, category_id, ...object }] of truth.annotations
      .entries()
  ) {
    const place = `annotation ${object.id ?? i} of the truth`;
    const shape = shapeOf(object, {
      place,
      size: sizes.get(image_id),
      haveMasks,
    });
    labels.get(image_id)?.push({
      classNumber: classOf.get(category_id) ?? 0,
      ...shape,
      areaPx: object.area ?? shape.areaPx,
      isCrowd: Boolean(object.iscrowd),
    });
  }
  for (
    const [i, { image_id, category_id, score, ...object }] of predictions
      .entries()
  ) {
    const place = `prediction ${i}`;
    const shape = shapeOf(object, {
      place,
      size: sizes.get(image_id),
      haveMasks,
    });
    detections.get(image_id)?.push({
      classNumber: classOf.get(category_id) ?? 0,
      confidence: score,
      ...shape,
    });
  }
  return {
    images: images.map(({ id, file_name: fileName }) => ({
      id,
      fileName,
      labels: labels.get(id) ?? [],
      detections: detections.get(id) ?? [],
      size: sizes.get(id),
    })),
    classNames: categories.map(({ name }) => name),
    categoryIds: categories.map(({ id }) => id),
    haveMasks,
  };
}

function parse<Out>(text: string, shape: z.ZodType<Out>, what: string): Out {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read the ${what}: it is not JSON (${messageOf(cause)})`,
      { cause },
    );
  }
  const parsed = shape.safeParse(json);
  if (parsed.success) return parsed.data;
  const [{ path, message }, ...others] = parsed.error.issues;
  throw new SyntaxError(
    `Cannot read the ${what}: ${path.join(".") || "the whole"}: ${message}` +
      (others.length > 0 ? ` (and ${others.length} more)` : ""),
  );
}

/** By number where all ids are numbers, else by text; throws when two are equal. */
function sortById<Item extends { readonly id: string }>(
  items: readonly Item[],
  what: string,
): Item[] {
  const seen = new Set<string>();
  for (const { id } of items) {
    if (seen.has(id)) {
      throw new SyntaxError(
        `Cannot read the truth: two ${what} records have id ${id}`,
      );
    }
    seen.add(id);
  }
  const areNumbers = items.every(({ id }) => /^-?\d+$/.test(id));
  return items.toSorted((a, b) =>
    areNumbers ? Number(a.id) - Number(b.id) : a.id < b.id ? -1 : 1
  );
}

/** Throws when objects are on images, or of categories, that the truth does not have. */
function requireKnown(
  objects: readonly {
    readonly image_id: string;
    readonly category_id: string;
  }[],
  what: string,
  { labels, classOf }: {
    readonly labels: ReadonlyMap<string, unknown>;
    readonly classOf: ReadonlyMap<string, number>;
  },
) {
  const check = (
    key: "image_id" | "category_id",
    name: string,
    known: ReadonlyMap<string, unknown>,
  ) => {
    const strangers = objects.filter(({ [key]: id }) => !known.has(id));
    if (strangers.length === 0) return;
    const ids = [...new Set(strangers.map(({ [key]: id }) => id))];
    throw new RangeError(
      `Cannot evaluate: ${strangers.length} of ${objects.length} ${what}s have ${name} ${
        someOf(ids)
      }, which the truth does not have; it has ${known.size}: ${
        someOf([...known.keys()])
      }`,
    );
  };
  check("image_id", "image_id", labels);
  check("category_id", "category_id", classOf);
}

function someOf(ids: readonly string[]): string {
  const some = ids.slice(0, 5).join(", ");
  return ids.length > 5 ? `${some}, … (${ids.length} in all)` : some;
}

function hasMask({ segmentation }: { segmentation?: Segmentation | null }) {
  if (!segmentation) return false;
  return !Array.isArray(segmentation) || segmentation.length > 0;
}

/** Whether masks are to be measured; throws where only some are there. */
function requireMasks(
  { annotations }: Truth,
  predictions: Predictions,
): boolean {
  const found = predictions.filter(hasMask).length;
  if (found === 0) return false;
  if (found < predictions.length) {
    const first = predictions.findIndex((prediction) => !hasMask(prediction));
    throw new RangeError(
      `Cannot evaluate: ${found} of ${predictions.length} predictions have a segmentation, expected all or none (prediction ${first} has none)`,
    );
  }
  const wanted = annotations.filter(hasMask).length;
  if (wanted === 0 && annotations.length > 0) return false; // boxes are all that is known
  if (wanted < annotations.length) {
    const first = annotations.find((annotation) => !hasMask(annotation));
    throw new RangeError(
      `Cannot evaluate masks: ${
        annotations.length - wanted
      } of ${annotations.length} annotations have no segmentation (the first has id ${first?.id})`,
    );
  }
  return true;
}

type Shape = {
  readonly box: Box;
  readonly mask?: Rle;
  /** Of the box where there is one, else of the mask; pycocotools reads results so. */
  readonly areaPx?: number;
};

function shapeOf(
  { bbox, segmentation }: {
    readonly bbox?: readonly number[];
    readonly segmentation?: Segmentation | null;
  },
  { place, size, haveMasks }: {
    readonly place: string;
    readonly size: Size | undefined;
    readonly haveMasks: boolean;
  },
): Shape {
  const [x, y, width, height] = bbox ?? [];
  const hasBox = height !== undefined;
  const box = hasBox ? cocoBox([x, y, width, height]) : undefined;
  if (!segmentation || !hasMask({ segmentation }) || (box && !haveMasks)) {
    if (box) return { box, areaPx: width * height };
    throw new SyntaxError(
      `Cannot evaluate: ${place} has neither a bbox nor a segmentation`,
    );
  }
  const mask = maskOf(segmentation, place, size);
  const around = rleBox(mask) ?? { x0: 0, y0: 0, x1: 0, y1: 0 };
  return {
    box: box ?? around,
    mask,
    areaPx: hasBox ? width * height : rleAreaPx(mask),
  };
}

function maskOf(
  segmentation: Segmentation,
  place: string,
  size: Size | undefined,
): Rle {
  if (Array.isArray(segmentation)) {
    if (!size) {
      throw new RangeError(
        `Cannot evaluate: ${place} is a polygon, but its image has no width and height`,
      );
    }
    return cocoRingsToRle(
      segmentation.map((ring) => ringOf(ring, place)),
      size,
    );
  }
  const [height, width] = segmentation.size;
  const counts = typeof segmentation.counts === "string"
    ? decoded(segmentation.counts, place)
    : segmentation.counts;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total !== height * width) {
    throw new RangeError(
      `Cannot evaluate: the run lengths of ${place} add up to ${total}, expected ${height} x ${width}`,
    );
  }
  if (size && (size.width !== width || size.height !== height)) {
    throw new RangeError(
      `Cannot evaluate: the mask of ${place} is ${width}x${height}, its image ${size.width}x${size.height}`,
    );
  }
  return { size: [height, width], counts };
}

function decoded(text: string, place: string): number[] {
  try {
    return decodeCounts(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot evaluate ${place}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function ringOf(values: readonly number[], place: string): Ring {
  if (values.length < 6 || values.length % 2 === 1) {
    throw new SyntaxError(
      `Cannot evaluate: a polygon of ${place} has ${values.length} numbers, expected pairs of x and y, at least three`,
    );
  }
  return Array.from(
    { length: values.length / 2 },
    (_, i) => ({ x: values[2 * i], y: values[2 * i + 1] }),
  );
}
