// Detecting in one image: letterbox, network, suppression, masks.

import type { RgbImage } from "../base/image.ts";
import type { Tensor } from "../base/tensor.ts";
import { bitmapToRle } from "../masks/rle.ts";
import { type ChoiceOptions, chooseCandidates } from "./candidates.ts";
import type { Detection } from "./detection.ts";
import type { RawOutput, YoloEngine } from "./engine.ts";
import { maskAtImageSize } from "./instance_masks.ts";
import {
  boxToImage,
  fillLetterbox,
  type Letterbox,
  placeInside,
  planLetterbox,
} from "./letterbox.ts";

/** How an image is detected in. */
export type DetectOptions = ChoiceOptions & {
  /** Longest side of the input, pixels; default what the network was trained on. */
  readonly side?: number;
  /** The input is only as large as the image needs (default), else a square. */
  readonly isRect?: boolean;
};

/** An image as the network takes it. */
export type PreparedImage = {
  /** `[1, 3, height, width]`, 0..1. */
  readonly tensor: Tensor;
  readonly place: Letterbox;
};

/** Finds the objects of an image, the surest first. */
export async function detectObjects(
  engine: YoloEngine,
  image: RgbImage,
  options: DetectOptions = {},
): Promise<Detection[]> {
  const prepared = prepareImage(engine, image, options);
  const raw = await engine.run(prepared.tensor);
  return readDetections(engine, raw, { image, place: prepared.place, options });
}

/** Fits an image into an input of the network. */
export function prepareImage(
  engine: YoloEngine,
  image: RgbImage,
  { side = engine.imageSide, isRect = true }: DetectOptions = {},
): PreparedImage {
  const { fixedSize, stride } = engine;
  const place = fixedSize
    ? placeInside(image, fixedSize, { mayEnlarge: true })
    : planLetterbox(image, side, { isRect, stride });
  const { width, height } = place;
  const data = new Float32Array(3 * width * height);
  fillLetterbox(image, place, data);
  return { tensor: { dims: [1, 3, height, width], data }, place };
}

/** Reads what the network says of one image; objects whose mask is empty are left out. */
export function readDetections(
  { names, task }: Pick<YoloEngine, "names" | "task">,
  { output, prototypes, isSuppressed = false }: RawOutput,
  { image, place, options = {} }: {
    readonly image: { readonly width: number; readonly height: number };
    readonly place: Letterbox;
    readonly options?: ChoiceOptions;
  },
): Detection[] {
  const anchorCount = output.dims[2];
  const counts = { classCount: names.length, anchorCount };
  const choice = isSuppressed ? { ...options, iouThreshold: 1 } : options;
  const candidates = chooseCandidates(output.data, counts, choice);
  return candidates.flatMap(({ anchor, classNumber, confidence, box }) => {
    const own = boxToImage(box, place, image);
    const found = { box: own, confidence, classNumber };
    if (task === "detect" || !prototypes) return [found];
    const [, count, height, width] = prototypes.dims;
    const mask = maskAtImageSize(
      coefficientsOf(output, names.length, anchor),
      { dims: [count, height, width], data: prototypes.data },
      { box: own, place, size: image },
    );
    if (!mask.data.includes(1)) return [];
    return [{ ...found, mask: bitmapToRle(mask) }];
  });
}

/** The mask coefficients of an anchor. */
export function coefficientsOf(
  { data, dims: [, rows, anchorCount] }: Tensor,
  classCount: number,
  anchor: number,
): Float32Array {
  const first = 4 + classCount;
  return Float32Array.from(
    { length: rows - first },
    (_, k) => data[(first + k) * anchorCount + anchor],
  );
}
