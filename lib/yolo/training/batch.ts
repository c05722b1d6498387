// Batches: images and labels as the training graph takes them.

import type { Bitmap } from "../../base/image.ts";
import type { Point, Size, Tensor } from "../../base/tensor.ts";
import { areaPx, createBitmap } from "../../masks/bitmap.ts";
import { polygonsToBitmap } from "../../masks/polygons.ts";
import type { Label } from "../detection.ts";
import { ringOf } from "./sample.ts";

/** A batch as feeds of the training graph. */
export type Batch = {
  /** `[B, 3, height, width]`, 0..1. */
  readonly images: Tensor;
  readonly boxes: Tensor;
  readonly classes: Tensor;
  readonly present: Tensor;
  readonly numbers: Tensor;
  /** `[B, 1, height / 4 · width / 4]`; only for segmentation. */
  readonly masks?: Tensor;
};

/** Labels of each image, in pixels of the input, with the classes counted. */
export type BatchLabels = {
  readonly labels: readonly (readonly Label[])[];
  readonly classCount: number;
  readonly width: number;
  readonly height: number;
  readonly hasMasks: boolean;
};

/** Joins images that are planes already with their labels. */
export function makeBatch(images: Float32Array, about: BatchLabels): Batch {
  const { labels, classCount, width, height, hasMasks } = about;
  const batch = labels.length;
  const most = Math.max(1, ...labels.map(({ length }) => length));
  const boxes = new Float32Array(batch * most * 4);
  const classes = new Float32Array(batch * most * classCount);
  const present = new Float32Array(batch * most);
  for (const [b, own] of labels.entries()) {
    for (const [i, { classNumber, box }] of own.entries()) {
      const at = b * most + i;
      boxes.set([box.x0, box.y0, box.x1, box.y1], at * 4);
      classes[at * classCount + classNumber] = 1;
      present[at] = 1;
    }
  }
  const numbers = Float32Array.from({ length: most }, (_, i) => i);
  return {
    images: { dims: [batch, 3, height, width], data: images },
    boxes: { dims: [batch, most, 4], data: boxes },
    classes: { dims: [batch, most, classCount], data: classes },
    present: { dims: [batch, most, 1], data: present },
    numbers: { dims: [1, most, 1], data: numbers },
    ...(hasMasks && { masks: drawMasks(labels, width, height) }),
  };
}

/**
 * Which object each pixel belongs to, counted from 1 in the order of the
 * labels; where objects overlap the smaller one lies on top.
 */
function drawMasks(
  labels: readonly (readonly Label[])[],
  width: number,
  height: number,
): Tensor {
  const places = width / 4 * height / 4;
  const data = new Float32Array(labels.length * places);
  for (const [b, own] of labels.entries()) {
    const plane = data.subarray(b * places, (b + 1) * places);
    const bySize = own.map((label, i) => {
      const mask = quarterMask(ringOf(label), { width, height });
      return { mask, number: i + 1, area: areaPx(mask) };
    }).sort((a, b) => b.area - a.area);
    for (const { mask, number } of bySize) {
      mask.data.forEach((inside, i) => {
        if (inside) plane[i] = number;
      });
    }
  }
  return { dims: [labels.length, 1, places], data };
}

/**
 * An outline at a quarter of the size. The official code counts every pixel that
 * the outline touches, then takes a place where at least two of the four pixels
 * in its middle are inside.
 */
function quarterMask(ring: readonly Point[], size: Size): Bitmap {
  const { width, height } = size;
  const { data: whole } = polygonsToBitmap([{ outer: ring, holes: [] }], size);
  touchOutline(ring, size, whole);
  const small = createBitmap({ width: width / 4, height: height / 4 });
  for (let y = 0, i = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++, i++) {
      const at = (4 * y + 1) * width + 4 * x + 1;
      const inside = whole[at] + whole[at + 1] + whole[at + width] +
        whole[at + width + 1];
      small.data[i] = inside >= 2 ? 1 : 0;
    }
  }
  return small;
}

/** Marks every pixel that an outline passes through, in steps of half a pixel. */
function touchOutline(
  ring: readonly Point[],
  { width, height }: Size,
  data: Uint8Array,
) {
  for (const [i, from] of ring.entries()) {
    const to = ring[(i + 1) % ring.length];
    const steps = Math.ceil(2 * Math.hypot(to.x - from.x, to.y - from.y)) || 1;
    for (let step = 0; step < steps; step++) {
      const x = Math.floor(from.x + (to.x - from.x) * step / steps);
      const y = Math.floor(from.y + (to.y - from.y) * step / steps);
      if (x >= 0 && y >= 0 && x < width && y < height) data[y * width + x] = 1;
    }
  }
}
