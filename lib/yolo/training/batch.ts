// Batches: images and labels as the training graph takes them.

import type { Tensor } from "../../base/tensor.ts";
import { polygonsToBitmap, ringArea } from "../../masks/polygons.ts";
import type { Label } from "../detection.ts";

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
    ...(hasMasks && { masks: drawMasks(labels, width / 4, height / 4) }),
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
  const data = new Float32Array(labels.length * width * height);
  for (const [b, own] of labels.entries()) {
    const plane = data.subarray(b * width * height, (b + 1) * width * height);
    const bySize = own.map((label, i) => ({
      ring: ringOf(label),
      number: i + 1,
    }))
      .sort((a, b) => Math.abs(ringArea(b.ring)) - Math.abs(ringArea(a.ring)));
    for (const { ring, number } of bySize) {
      const outer = ring.map(({ x, y }) => ({ x: x / 4, y: y / 4 }));
      const size = { width, height };
      const { data: inside } = polygonsToBitmap([{ outer, holes: [] }], size);
      for (let i = 0; i < inside.length; i++) {
        if (inside[i]) plane[i] = number;
      }
    }
  }
  return { dims: [labels.length, 1, width * height], data };
}

/** The outline of a label; a box without one is its own outline. */
export function ringOf({ ring, box: { x0, y0, x1, y1 } }: Label) {
  return ring ?? [{ x: x0, y: y0 }, { x: x1, y: y0 }, { x: x1, y: y1 }, {
    x: x0,
    y: y1,
  }];
}
