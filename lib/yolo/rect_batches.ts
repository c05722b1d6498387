// Batches of images of like proportions, for validation.
//
// Images are sorted from wide to tall, and each batch has the smallest input
// that all of its images fit into, so little is computed on grey (MODELS 2.4).

import type { Size } from "../base/tensor.ts";

/** Images that are run together. */
export type PlannedBatch = {
  /** Numbers of the images. */
  readonly members: readonly number[];
  /** Of the input. */
  readonly size: Size;
};

/**
 * Plans batches.
 *
 * @param sizes of the images
 * @param options.isRect rectangles; else squares, in the order given
 * @param options.pad of the input, in strides: a half in the official validation
 */
export function planBatches(
  sizes: readonly Size[],
  { batch, side, isRect = true, stride = 32, pad = 0.5 }: {
    readonly batch: number;
    readonly side: number;
    readonly isRect?: boolean;
    readonly stride?: number;
    readonly pad?: number;
  },
): PlannedBatch[] {
  const tallness = sizes.map(({ width, height }) => height / width);
  const order = sizes.map((_, i) => i);
  if (isRect) order.sort((a, b) => tallness[a] - tallness[b]);
  const batches: PlannedBatch[] = [];
  for (let from = 0; from < order.length; from += batch) {
    const members = order.slice(from, from + batch);
    const size = isRect
      ? rectFor(members.map((i) => tallness[i]), { side, stride, pad })
      : { width: side, height: side };
    batches.push({ members, size });
  }
  return batches;
}

function rectFor(
  tallness: readonly number[],
  { side, stride, pad }: {
    readonly side: number;
    readonly stride: number;
    readonly pad: number;
  },
): Size {
  const most = Math.max(...tallness);
  const least = Math.min(...tallness);
  const length = (share: number) =>
    Math.ceil(share * side / stride + pad) * stride;
  if (most < 1) return { width: length(1), height: length(most) };
  if (least > 1) return { width: length(1 / least), height: length(1) };
  return { width: length(1), height: length(1) };
}
