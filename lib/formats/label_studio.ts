// Label Studio's JSON: tasks with their regions.
//
// Geometry is in percent of the image, brushes are bits of their own
// (brush_rle.ts), frames of videos count from 1. Read: brushes, polygons,
// upright rectangles, and rectangles in videos on the frames where they were
// set; other regions are counted. Of several annotations of a task the first
// that was not cancelled counts.

import { z } from "zod";
import type { Box, Point, Size } from "../base/tensor.ts";
import { bitmapToBrushRle, brushRleToBitmap } from "./brush_rle.ts";
import type { Bitmap } from "../base/image.ts";

/** A region as it is read, in pixels of the image; of videos in shares of it. */
export type LabelStudioShape =
  | { readonly kind: "brush"; readonly mask: Bitmap }
  | { readonly kind: "polygon"; readonly ring: readonly Point[] }
  | { readonly kind: "box"; readonly box: Box }
  | {
    readonly kind: "video";
    /** Frames from 0, boxes from 0 to 1; where the object is there. */
    readonly boxes: readonly {
      readonly frame: number;
      readonly boxNorm: Box;
    }[];
  };

/** A region of a task. */
export type LabelStudioRegion = {
  readonly id: string;
  readonly label: string;
  /** Of the image; videos do not say. */
  readonly size?: Size;
  readonly shape: LabelStudioShape;
};

/** A task: an image, or a video, with its regions. */
export type LabelStudioTask = {
  /** As the task names it: a path or an address. */
  readonly source: string;
  readonly regions: readonly LabelStudioRegion[];
  /** Regions of kinds that are not read, and those of further annotations. */
  readonly passedOver: number;
};

/** A mask to write. */
export type LabelStudioMask = {
  readonly id: string;
  readonly label: string;
  readonly mask: Bitmap;
};

/** Makes a task with brushes, to be put into a list and written as JSON. */
export function labelStudioTask(
  source: string,
  masks: readonly LabelStudioMask[],
): unknown {
  return {
    data: { image: source },
    annotations: [{
      result: masks.map(({ id, label, mask }) => ({
        id,
        type: "brushlabels",
        from_name: "tag",
        to_name: "image",
        origin: "manual",
        original_width: mask.width,
        original_height: mask.height,
        image_rotation: 0,
        value: {
          format: "rle",
          rle: Array.from(bitmapToBrushRle(mask)),
          brushlabels: [label],
        },
      })),
    }],
  };
}

/** Makes the labelling interface that the brushes belong to. */
export function labelStudioConfig(
  labels: readonly { readonly name: string; readonly colour: string }[],
): string {
  const escape = (text: string) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
      .replaceAll('"', "&quot;");
  return [
    "<View>",
    '  <Image name="image" value="$image" zoom="true"/>',
    '  <BrushLabels name="tag" toName="image">',
    ...labels.map(({ name, colour }) =>
      `    <Label value="${escape(name)}" background="${colour}"/>`
    ),
    "  </BrushLabels>",
    "</View>",
    "",
  ].join("\n");
}

const Percent = z.number().finite();
const BoxValue = z.object({
  x: Percent,
  y: Percent,
  width: Percent,
  height: Percent,
  rotation: z.number().default(0),
});
const Result = z.looseObject({
  id: z.string().default(""),
  type: z.string().default(""),
  original_width: z.int().positive().optional(),
  original_height: z.int().positive().optional(),
  value: z.looseObject({}).optional(),
});
type Result = z.infer<typeof Result>;
const Annotation = z.looseObject({
  was_cancelled: z.boolean().nullish(),
  result: z.array(Result),
});
const Tasks = z.array(z.looseObject({
  data: z.record(z.string(), z.unknown()),
  annotations: z.array(Annotation).optional(),
  completions: z.array(Annotation).optional(), // before version 1.0
}));
const BrushValue = z.looseObject({
  format: z.literal("rle"),
  rle: z.array(z.int().min(0).max(255)),
});
const PolygonValue = z.looseObject({
  points: z.array(z.tuple([Percent, Percent])).min(3),
});
const VideoValue = z.looseObject({
  sequence: z.array(
    BoxValue.extend({
      frame: z.int().positive(),
      enabled: z.boolean().default(true),
    }),
  ),
});

/** Reads an export of tasks; throws an error that names the task it cannot read. */
export function parseLabelStudio(text: string): LabelStudioTask[] {
  const parsed = Tasks.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new SyntaxError(
      `Cannot read Label Studio tasks: ${z.prettifyError(parsed.error)}`,
    );
  }
  return parsed.data.map(({ data, annotations, completions }, i) => {
    const all = annotations ?? completions ?? [];
    const counted = all.filter(({ was_cancelled }) => !was_cancelled);
    const [first, ...others] = counted;
    const results = first?.result ?? [];
    try {
      const regions = results.flatMap((result) => parseRegion(result));
      const further = others.flatMap(({ result }) => result).length;
      return {
        source: sourceOf(data),
        regions,
        passedOver: results.length - regions.length + further,
      };
    } catch (cause) {
      const message = cause instanceof z.ZodError
        ? z.prettifyError(cause)
        : cause instanceof Error
        ? cause.message
        : String(cause);
      throw new SyntaxError(
        `Cannot read Label Studio tasks: task ${i + 1}: ${message}`,
        { cause },
      );
    }
  });
}

/** The path or address of the image or video: the field that looks most like one. */
function sourceOf(data: Readonly<Record<string, unknown>>): string {
  const texts = ["image", "img", "video", ...Object.keys(data)]
    .map((key) => data[key])
    .filter((value): value is string => typeof value === "string");
  return texts.find((value) => /\.[A-Za-z0-9]{3,4}($|\?)/.test(value)) ??
    texts[0] ?? "";
}

function parseRegion(result: Result): LabelStudioRegion[] {
  const { id, type, value } = result;
  const label = labelOf(result);
  const kind = type.replace(/labels$/, "");
  if (!value || label === undefined) return [];
  if (kind === "videorectangle" || "sequence" in value) {
    const boxes = VideoValue.parse(value).sequence
      .filter(({ enabled, rotation }) => enabled && rotation === 0)
      .map((box) => ({
        frame: box.frame - 1,
        boxNorm: boxOf(box, 0.01, 0.01),
      }));
    return [{ id, label, shape: { kind: "video", boxes } }];
  }
  if (!["brush", "polygon", "rectangle"].includes(kind)) return [];
  const size = sizeOf(result);
  if (kind === "brush") {
    const { rle } = BrushValue.parse(value);
    const mask = brushRleToBitmap(rle, size);
    return [{ id, label, size, shape: { kind: "brush", mask } }];
  }
  const [sx, sy] = [size.width / 100, size.height / 100];
  if (kind === "polygon") {
    const ring = PolygonValue.parse(value).points
      .map(([x, y]) => ({ x: x * sx, y: y * sy }));
    return [{ id, label, size, shape: { kind: "polygon", ring } }];
  }
  const found = BoxValue.parse(value);
  if (found.rotation !== 0) return [];
  const box = boxOf(found, sx, sy);
  return [{ id, label, size, shape: { kind: "box", box } }];
}

/** `value.brushlabels: ["polyp"]`, whatever the kind is called. */
function labelOf({ type, value }: Result): string | undefined {
  const names = value?.[type] ?? value?.labels;
  const [first] = Array.isArray(names) ? names : [];
  return typeof first === "string" ? first : undefined;
}

function sizeOf({ original_width, original_height }: Result): Size {
  if (original_width && original_height) {
    return { width: original_width, height: original_height };
  }
  throw new Error("a region does not say the size of its image");
}

function boxOf(
  { x, y, width, height }: z.infer<typeof BoxValue>,
  scaleX: number,
  scaleY: number,
): Box {
  return {
    x0: x * scaleX,
    y0: y * scaleY,
    x1: (x + width) * scaleX,
    y1: (y + height) * scaleY,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const message = "Cannot read Label Studio tasks: it is not JSON";
    throw new SyntaxError(message, { cause });
  }
}
