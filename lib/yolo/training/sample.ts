// What is learnt from: labelled images, read when needed and kept small.
//
// Images are resized once so that their longer side is the input's, as MODELS
// 2.4 says for loading, and the most recent ones stay in memory.

import type { RgbImage } from "../../base/image.ts";
import type { Point, Size } from "../../base/tensor.ts";
import type { Label } from "../detection.ts";
import { resizeBilinear } from "../letterbox.ts";

/** A labelled image, wherever it comes from. */
export type TrainingSample = {
  /** Unique in its set. */
  readonly name: string;
  readonly size: Size;
  /** In pixels of the image. */
  readonly labels: readonly Label[];
  read(): Promise<RgbImage>;
};

/** A sample at the size in which it is used. */
export type LoadedSample = {
  readonly name: string;
  readonly image: RgbImage;
  readonly labels: readonly Label[];
  /** Size of the file's image. */
  readonly size: Size;
};

/** Reads samples, the recent ones from memory. */
export type SampleLoader = (sample: TrainingSample) => Promise<LoadedSample>;

/** The size with the longer side as wanted; the other is rounded up. */
export function loadedSize({ width, height }: Size, side: number): Size {
  const scale = side / Math.max(width, height);
  return {
    width: Math.min(Math.ceil(width * scale), side),
    height: Math.min(Math.ceil(height * scale), side),
  };
}

/** Makes a loader that keeps images up to a number of bytes. */
export function sampleLoader(
  side: number,
  { keepBytes = 1e9 }: { keepBytes?: number } = {},
): SampleLoader {
  const kept = new Map<TrainingSample, Promise<RgbImage>>();
  const bytesOf = ({ size }: TrainingSample) => {
    const { width, height } = loadedSize(size, side);
    return width * height * 3;
  };
  let bytes = 0;
  const load = (sample: TrainingSample) => {
    const image = kept.get(sample) ??
      sample.read().then((whole) =>
        resizeBilinear(whole, loadedSize(whole, side))
      );
    if (kept.delete(sample)) bytes -= bytesOf(sample);
    kept.set(sample, image);
    bytes += bytesOf(sample);
    for (const oldest of kept.keys()) {
      if (bytes <= keepBytes || oldest === sample) break;
      kept.delete(oldest);
      bytes -= bytesOf(oldest);
    }
    return image;
  };
  return async (sample) => {
    const image = await load(sample);
    const { name, size } = sample;
    return { name, image, size, labels: scaleLabels(sample, image) };
  };
}

/** The labels in pixels of the loaded image. */
function scaleLabels(
  { labels, size }: TrainingSample,
  to: Size,
): readonly Label[] {
  const x = to.width / size.width;
  const y = to.height / size.height;
  return labels.map((label) => moveLabel(label, { x, y, left: 0, top: 0 }));
}

/** A label scaled, then shifted. */
export function moveLabel(
  { classNumber, box, ring }: Label,
  { x, y, left, top }: {
    readonly x: number;
    readonly y: number;
    readonly left: number;
    readonly top: number;
  },
): Label {
  return {
    classNumber,
    box: {
      x0: box.x0 * x + left,
      y0: box.y0 * y + top,
      x1: box.x1 * x + left,
      y1: box.y1 * y + top,
    },
    ...(ring &&
      { ring: ring.map((p) => ({ x: p.x * x + left, y: p.y * y + top })) }),
  };
}

/** The outline of a label; a box without one is its own outline. */
export function ringOf(
  { ring, box: { x0, y0, x1, y1 } }: Label,
): readonly Point[] {
  return ring ?? [{ x: x0, y: y0 }, { x: x1, y: y0 }, { x: x1, y: y1 }, {
    x: x0,
    y: y1,
  }];
}
