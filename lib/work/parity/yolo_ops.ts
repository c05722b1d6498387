// Single operations of YOLO: letterbox, resizing, batches, suppression.

import { z } from "zod";
import type { RgbImage } from "../../base/image.ts";
import type { Size } from "../../base/tensor.ts";
import { chooseCandidates } from "../../yolo/candidates.ts";
import {
  boxToImage,
  fillLetterbox,
  planLetterbox,
  resizeBilinear,
} from "../../yolo/letterbox.ts";
import { planBatches } from "../../yolo/rect_batches.ts";
import { loadedSize } from "../../yolo/training/sample.ts";
import {
  type Check,
  compareExactly,
  type Comparison,
  judged,
} from "./compare.ts";
import { fillUnits } from "./filler.ts";
import { sampleIndex } from "./samples.ts";

const Pair = z.tuple([z.number(), z.number()]);
const Four = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** The layout of letterbox.json. */
export const LetterboxFile = z.object({
  letterbox: z.array(z.object({
    h: z.int(),
    w: z.int(),
    size: z.int(),
    auto: z.boolean(),
    scaleup: z.boolean(),
    out_h: z.int(),
    out_w: z.int(),
    resized_w: z.int(),
    resized_h: z.int(),
    top: z.int(),
    left: z.int(),
    samples: z.array(z.number()),
  })),
  load_image_resize: z.array(z.object({
    h: z.int(),
    w: z.int(),
    size: z.int(),
    resized_w: z.int(),
    resized_h: z.int(),
    samples: z.array(z.number()),
  })),
  scale_boxes: z.array(z.object({
    net_h: z.int(),
    net_w: z.int(),
    native_h: z.int(),
    native_w: z.int(),
    boxes: z.array(Four),
    scaled: z.array(Four),
  })),
  rect: z.object({
    shapes_hw: z.array(Pair),
    batch: z.int(),
    imgsz: z.int(),
    stride: z.int(),
    order: z.array(z.int()),
    batch_shapes_hw_pad_half: z.array(Pair),
    batch_shapes_hw_pad_zero: z.array(Pair),
  }),
});

/** pixel(y, x, c) = (3x + 5y + 80c + ⌊x·y / 16⌋) mod 256 */
function ramp({ width, height }: Size): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        data[i++] = (3 * x + 5 * y + 80 * c + Math.floor(x * y / 16)) % 256;
      }
    }
  }
  return { width, height, data };
}

const pixelTolerance = 1;

/** Lists the checks of letterbox.json: geometry exact, pixels within 1. */
export function letterboxChecks(file: z.infer<typeof LetterboxFile>): Check[] {
  const found: Comparison[] = [
    ...file.letterbox.flatMap((golden, i) => {
      const size = { width: golden.w, height: golden.h };
      const place = planLetterbox(size, golden.size, {
        isRect: golden.auto,
        mayEnlarge: golden.scaleup,
      });
      const planes = new Float32Array(3 * place.width * place.height);
      fillLetterbox(ramp(size), place, planes);
      const area = place.width * place.height;
      const pixel = (at: number) =>
        Math.round(planes[at % 3 * area + Math.floor(at / 3)] * 255);
      const { inner, width, height, left, top } = place;
      return [
        compareExactly(
          `ops/letterbox/case ${i}/geometry`,
          [width, height, inner.width, inner.height, left, top],
          [
            golden.out_w,
            golden.out_h,
            golden.resized_w,
            golden.resized_h,
            golden.left,
            golden.top,
          ],
        ),
        comparePixels(
          `ops/letterbox/case ${i}/pixels`,
          pixel,
          golden.samples,
          planes.length,
        ),
      ];
    }),
    ...file.load_image_resize.flatMap((golden, i) => {
      const size = loadedSize(
        { width: golden.w, height: golden.h },
        golden.size,
      );
      const whole = ramp({ width: golden.w, height: golden.h });
      const { data } = resizeBilinear(whole, size);
      return [
        compareExactly(`ops/letterbox/resize ${i}/size`, size, {
          width: golden.resized_w,
          height: golden.resized_h,
        }),
        comparePixels(
          `ops/letterbox/resize ${i}/pixels`,
          (at) => data[at],
          golden.samples,
          data.length,
        ),
      ];
    }),
    ...file.scale_boxes.map((golden, i) => {
      const size = { width: golden.native_w, height: golden.native_h };
      const plan = planLetterbox(size, golden.net_w, { isRect: false });
      const rest = (golden.net_h - plan.inner.height) / 2;
      const place = {
        ...plan,
        height: golden.net_h,
        top: Math.max(0, Math.round(rest - 0.1)),
      };
      const errors = golden.boxes.flatMap(([x0, y0, x1, y1], at) => {
        const box = boxToImage({ x0, y0, x1, y1 }, place, size);
        return [box.x0, box.y0, box.x1, box.y1].map((value, side) =>
          Math.abs(value - golden.scaled[at][side])
        );
      });
      const name = `ops/letterbox/boxes ${i}`;
      return judged(name, Math.max(...errors), "abs", 1e-4);
    }),
    ...rectComparisons(file.rect),
  ];
  const compare = () => Promise.resolve(found);
  return [{ name: "ops/letterbox", count: found.length, compare }];
}

function comparePixels(
  name: string,
  pixel: (at: number) => number,
  samples: readonly number[],
  length: number,
): Comparison {
  const errors = samples.map((sample, j) =>
    Math.abs(pixel(sampleIndex(j, samples.length, length)) - sample)
  );
  return judged(name, Math.max(...errors), "abs", pixelTolerance);
}

function rectComparisons(
  { shapes_hw, batch, imgsz, order, ...rect }: z.infer<
    typeof LetterboxFile
  >["rect"],
): Comparison[] {
  const sizes = shapes_hw.map(([height, width]) => ({ width, height }));
  const plan = (pad: number) => planBatches(sizes, { batch, side: imgsz, pad });
  const shapes = (pad: number) =>
    plan(pad).map(({ size: { width, height } }) => [height, width]);
  const name = "ops/letterbox/rect";
  const found = plan(0.5).flatMap(({ members }) => members);
  return [
    compareExactly(`${name}/order`, found, order),
    compareExactly(
      `${name}/shapes, half`,
      shapes(0.5),
      rect.batch_shapes_hw_pad_half,
    ),
    compareExactly(
      `${name}/shapes, none`,
      shapes(0),
      rect.batch_shapes_hw_pad_zero,
    ),
  ];
}

/** The layout of nms.json. */
export const NmsFile = z.object({
  cases: z.array(z.object({
    name: z.string(),
    anchors: z.int(),
    nc: z.int(),
    score_power: z.number(),
    conf: z.number(),
    iou: z.number(),
    multi_label: z.boolean(),
    agnostic: z.boolean(),
    max_det: z.int(),
    kept_anchor: z.array(z.int()),
    kept_class: z.array(z.int()),
  })),
});

/** Lists the checks of nms.json: exact. */
export function nmsChecks({ cases }: z.infer<typeof NmsFile>): Check[] {
  return cases.map((golden) => ({
    name: `ops/nms/${golden.name}`,
    count: 2,
    compare: () => {
      const counts = { classCount: golden.nc, anchorCount: golden.anchors };
      const kept = chooseCandidates(nmsInput(golden), counts, {
        confidence: golden.conf,
        iouThreshold: golden.iou,
        maxDetections: golden.max_det,
        isAgnostic: golden.agnostic,
        isMultiLabel: golden.multi_label,
      });
      const name = `ops/nms/${golden.name}`;
      return Promise.resolve([
        compareExactly(
          `${name}/anchors`,
          kept.map(({ anchor }) => anchor),
          golden.kept_anchor,
        ),
        compareExactly(
          `${name}/classes`,
          kept.map(({ classNumber }) => classNumber),
          golden.kept_class,
        ),
      ]);
    },
  }));
}

/** Boxes scattered around a grid, scores by formula. */
function nmsInput(
  { name, anchors, nc, score_power }: z.infer<typeof NmsFile>["cases"][number],
): Float32Array {
  const u = fillUnits(name, (4 + nc) * anchors);
  const at = (row: number, anchor: number) => u[row * anchors + anchor];
  const output = new Float32Array(u.length);
  for (let anchor = 0; anchor < anchors; anchor++) {
    const k = anchor % 24;
    const values = [
      60 + 100 * (k % 6) + 14 * at(0, anchor),
      60 + 140 * Math.floor(k / 6) + 14 * at(1, anchor),
      70 + 25 * at(2, anchor),
      80 + 25 * at(3, anchor),
      ...Array.from(
        { length: nc },
        (_, c) => ((at(4 + c, anchor) + 1) / 2) ** score_power,
      ),
    ];
    values.forEach((value, row) => output[row * anchors + anchor] = value);
  }
  return output;
}
