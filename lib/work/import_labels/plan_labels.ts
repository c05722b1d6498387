// What an import would write: which objects there are, and the mask or the box
// of each on each frame. Everything that can be wrong with the labels is found
// here, before anything is written.

import { messageOf } from "../../base/errors.ts";
import type { Bitmap } from "../../base/image.ts";
import type { Box, Size } from "../../base/tensor.ts";
import { isEmpty, unionOf } from "../../masks/bitmap.ts";
import { polygonsToBitmap } from "../../masks/polygons.ts";
import { bitmapToRle, type Rle, rleToBitmap } from "../../masks/rle.ts";
import type { KnownLabel, KnownLabels } from "./known_labels.ts";
import type { LabelGeometry, LabelShape } from "./label_frame.ts";
import type { MatchedFrame } from "./match_frames.ts";

/** An object that labels speak of. */
export type PlannedObject = {
  /** Its number, where the labels give one. */
  readonly number?: number;
  /** What it is called, where they do not. */
  readonly name?: string;
  readonly tag?: PlannedTag;
};

/** A class by code or name; an export of ours knows both. */
export type PlannedTag = {
  readonly name: string;
  readonly code?: string;
  readonly category?: string;
};

/** A mask or a box of an object on a frame. */
export type PlannedLabel = {
  /** Index of its object. */
  readonly object: number;
  readonly frame: number;
  readonly geometry:
    | { readonly kind: "mask"; readonly rle: Rle }
    | { readonly kind: "box"; readonly box: Box };
};

/** What would be written. */
export type LabelPlan = {
  readonly objects: readonly PlannedObject[];
  readonly labels: readonly PlannedLabel[];
  /** Shapes that cover no pixel of the frame. */
  readonly empty: number;
};

/** Plans an import; throws when labels do not fit the sequence or each other. */
export function planLabels(
  matched: readonly MatchedFrame[],
  { size, known }: { size: Size; known: KnownLabels | undefined },
): LabelPlan {
  const objects = new Map<string, PlannedObject & { place: number }>();
  const labels: PlannedLabel[] = [];
  let empty = 0;
  for (const { index: frame, labels: found, key } of matched) {
    requireSize(found.file, found.size, size);
    const named = nameShapes(found.shapes, knownOf(known, key));
    for (const [id, own] of Map.groupBy(named, ({ id }) => id)) {
      const [{ object }] = own;
      const before = objects.get(id);
      requireSameTag(found.file, before, object);
      const { place } = before ?? { place: objects.size };
      if (!before) objects.set(id, { ...object, place });
      const geometry = draw(
        found.file,
        own.map(({ shape }) => shape.geometry),
        size,
      );
      if (geometry) labels.push({ object: place, frame, geometry });
      else empty++;
    }
  }
  const planned = [...objects.values()]
    .map(({ place: _, ...object }): PlannedObject => object);
  return { objects: planned, labels, empty };
}

type NamedShape = {
  readonly id: string;
  readonly shape: LabelShape;
  readonly object: PlannedObject;
};

/** Says which object each shape is: by number, by name, else the first, second … of its class. */
function nameShapes(
  shapes: readonly LabelShape[],
  known: readonly KnownLabel[],
): NamedShape[] {
  const counts = new Map<string, number>();
  const isKnown = known.length === shapes.length &&
    shapes.every(({ tag }, i) => fits(tag, known[i]));
  return shapes.map((shape, i) => {
    const label = shape.number !== undefined
      ? known.find(({ object }) => object === shape.number)
      : isKnown
      ? known[i]
      : undefined;
    const tag: PlannedTag | undefined = label ??
      (shape.tag === undefined ? undefined : { name: shape.tag });
    const number = label?.object ?? shape.number;
    if (number !== undefined) {
      return { id: `#${number}`, shape, object: withTag({ number }, tag) };
    }
    const word = tag?.name ?? "object";
    const count = (counts.get(word) ?? 0) + 1;
    counts.set(word, count);
    const name = shape.identity ?? `${word} ${count}`;
    return {
      id: `${name}\n${word}`,
      shape,
      object: withTag({ name }, tag),
    };
  });
}

function withTag(
  object: PlannedObject,
  tag: PlannedTag | undefined,
): PlannedObject {
  if (!tag) return object;
  const { name, code, category } = tag;
  return {
    ...object,
    tag: {
      name,
      ...(code ? { code } : {}),
      ...(category ? { category } : {}),
    },
  };
}

/** Whether a label may be what the list of an export says of it; names may be written another way. */
function fits(tag: string | undefined, { code, name }: KnownLabel): boolean {
  if (tag === undefined) return true;
  const plain = (text: string) =>
    text.toLowerCase().replace(/[\s_]+/g, " ").trim();
  const words = [code, name, `${name} (${code})`].map(plain);
  return words.includes(plain(tag));
}

function knownOf(
  known: KnownLabels | undefined,
  key: string,
): readonly KnownLabel[] {
  if (!known) return [];
  const exact = known.labels.get(key);
  if (exact) return exact;
  const base = (path: string) => path.split("/").at(-1);
  const same = [...known.labels.keys()].filter((other) =>
    base(other) === base(key)
  );
  return same.length === 1 ? known.labels.get(same[0]) ?? [] : [];
}

function requireSize(file: string, found: Size | undefined, size: Size) {
  if (
    !found || (found.width === size.width && found.height === size.height)
  ) return;
  throw new RangeError(
    `Cannot import labels: ${file} is made for ${found.width}x${found.height} pixels, the sequence has ${size.width}x${size.height}`,
  );
}

function requireSameTag(
  file: string,
  before: PlannedObject | undefined,
  { number, tag }: PlannedObject,
) {
  if (!before || before.tag?.name === tag?.name) return;
  throw new RangeError(
    `Cannot import labels: ${file} calls object ${number} ${
      tag?.name ?? "nothing"
    }, an earlier frame ${before.tag?.name ?? "nothing"}`,
  );
}

/** What several shapes of one object make on a frame; undefined when it covers nothing. */
function draw(
  file: string,
  geometries: readonly LabelGeometry[],
  size: Size,
): PlannedLabel["geometry"] | undefined {
  const boxes = geometries.filter(({ kind }) => kind === "box");
  if (boxes.length === geometries.length) {
    const box = boundsOf(boxes.flatMap((g) => g.kind === "box" ? [g.box] : []));
    const clipped = {
      x0: Math.max(0, box.x0),
      y0: Math.max(0, box.y0),
      x1: Math.min(size.width, box.x1),
      y1: Math.min(size.height, box.y1),
    };
    const isSeen = clipped.x1 > clipped.x0 && clipped.y1 > clipped.y0;
    return isSeen ? { kind: "box", box: clipped } : undefined;
  }
  // A box beside masks of the same object says nothing that they do not.
  const bitmaps = geometries.flatMap((geometry) =>
    geometry.kind === "box" ? [] : bitmapsOf(file, geometry, size)
  );
  const [first, ...others] = bitmaps;
  const whole = unionOf(first, ...others);
  return isEmpty(whole) ? undefined : { kind: "mask", rle: bitmapToRle(whole) };
}

function bitmapsOf(
  file: string,
  geometry: Exclude<LabelGeometry, { kind: "box" }>,
  size: Size,
): Bitmap[] {
  if (geometry.kind === "rings") {
    return geometry.rings.map((outer) =>
      polygonsToBitmap([{ outer, holes: [] }], size)
    );
  }
  const [height, width] = geometry.rle.size;
  requireSize(file, { width, height }, size);
  try {
    return [rleToBitmap(geometry.rle)];
  } catch (cause) {
    throw new RangeError(
      `Cannot import labels: ${file}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

function boundsOf(boxes: readonly Box[]): Box {
  return {
    x0: Math.min(...boxes.map(({ x0 }) => x0)),
    y0: Math.min(...boxes.map(({ y0 }) => y0)),
    x1: Math.max(...boxes.map(({ x1 }) => x1)),
    y1: Math.max(...boxes.map(({ y1 }) => y1)),
  };
}
