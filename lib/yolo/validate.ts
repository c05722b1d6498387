// Running a detector over labelled images, for its measures.
//
// As the official validation does it: like shapes in a batch, every class of a
// box that is sure enough counts, boxes are compared in pixels of the input and
// are not clipped, masks at a quarter of the input (MODELS 2.4).

import { throwIfCancelled } from "../base/errors.ts";
import { type OnProgress, startProgress } from "../base/progress.ts";
import type { Box, Size, Tensor } from "../base/tensor.ts";
import { logitsToBitmap, resizeLogits } from "../masks/resize.ts";
import { bitmapToRle } from "../masks/rle.ts";
import { type ChoiceOptions, chooseCandidates } from "./candidates.ts";
import { coefficientsOf } from "./detect.ts";
import type { Detection, Label } from "./detection.ts";
import type { RawOutput } from "./engine.ts";
import type { EvaluatedImage } from "./evaluation/evaluated_image.ts";
import {
  maskAtImageSize,
  maskAtInputSize,
  maskAtPrototypeSize,
  type Prototypes,
} from "./instance_masks.ts";
import {
  boxToImage,
  fillLetterbox,
  type Letterbox,
  placeInside,
} from "./letterbox.ts";
import { planBatches } from "./rect_batches.ts";
import { type Batch, makeBatch } from "./training/batch.ts";
import {
  moveLabel,
  type SampleLoader,
  type TrainingSample,
} from "./training/sample.ts";

/** How a validation runs. */
export type ValidationOptions = ChoiceOptions & {
  /** Longest side of the images in the input, pixels. */
  readonly side: number;
  /** Default 16. */
  readonly batch?: number;
  /** Inputs are rectangles (default), else squares. */
  readonly isRect?: boolean;
  /** The only size of input that the network takes. */
  readonly fixedSize?: Size;
  /** Masks are compared at a quarter of the input (default), or at its whole size. */
  readonly masksAt?: "quarter" | "input";
  /** Whether detections also have masks at the size of the image. */
  readonly hasImageMasks?: boolean;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** What was found in one image. */
export type ValidatedImage = {
  readonly sample: TrainingSample;
  /** In pixels of the input, masks at a quarter of it. */
  readonly evaluated: EvaluatedImage;
  /** In pixels of the image, clipped; with masks only where they are asked for. */
  readonly detections: readonly Detection[];
};

/** Runs a batch through a network. */
export type RunBatch = (batch: Batch) => Promise<RawOutput>;

/** The choice of the official validation: all but the hopeless. */
export const validationChoice: ChoiceOptions = {
  confidence: 0.001,
  iouThreshold: 0.7,
  maxDetections: 300,
  isMultiLabel: true,
};

/** Detects in every sample; the results come in the order of the samples. */
export async function validate(
  samples: readonly TrainingSample[],
  { load, run, classCount, hasMasks }: {
    readonly load: SampleLoader;
    readonly run: RunBatch;
    readonly classCount: number;
    readonly hasMasks: boolean;
  },
  {
    side,
    batch = 16,
    isRect,
    fixedSize,
    masksAt = "quarter",
    hasImageMasks = false,
    onProgress,
    signal,
    ...choice
  }: ValidationOptions,
): Promise<ValidatedImage[]> {
  const plan = planBatches(samples.map(({ size }) => size), {
    batch,
    side,
    isRect: fixedSize ? false : isRect,
  }).map(({ members, size }) => ({ members, size: fixedSize ?? size }));
  const report = startProgress("validate", samples.length, { onProgress });
  const found = new Map<number, ValidatedImage>();
  const prepare = (i: number) => {
    if (i >= plan.length) return undefined;
    const members = plan[i].members.map((at) => samples[at]);
    const batch = prepareBatch(members, plan[i].size, {
      load,
      classCount,
      hasMasks,
    });
    batch.catch(() => {}); // its error is met where it is awaited
    return batch;
  };
  let next = prepare(0);
  for (const [i, { members }] of plan.entries()) {
    throwIfCancelled(signal, `validating at image ${found.size}`);
    const prepared = await next;
    if (!prepared) break;
    next = prepare(i + 1); // while the network works
    const raw = await run(prepared.batch);
    for (const [at, member] of members.entries()) {
      const sample = samples[member];
      found.set(
        member,
        readImage(raw, at, {
          sample,
          ...prepared,
          classCount,
          choice,
          masksAt,
          hasImageMasks,
        }),
      );
    }
    report(found.size);
  }
  return samples.flatMap((_, i) => found.get(i) ?? []);
}

type PreparedBatch = {
  readonly batch: Batch;
  readonly places: readonly Letterbox[];
  readonly labels: readonly (readonly Label[])[];
};

async function prepareBatch(
  samples: readonly TrainingSample[],
  size: Size,
  { load, classCount, hasMasks }: {
    readonly load: SampleLoader;
    readonly classCount: number;
    readonly hasMasks: boolean;
  },
): Promise<PreparedBatch> {
  const area = 3 * size.width * size.height;
  const images = new Float32Array(samples.length * area);
  const places: Letterbox[] = [];
  const labels: Label[][] = [];
  for (const [i, sample] of samples.entries()) {
    const { image, labels: own } = await load(sample);
    const place = placeInside(image, size);
    fillLetterbox(image, place, images.subarray(i * area, (i + 1) * area));
    const { scaleX: x, scaleY: y, left, top } = place;
    labels.push(own.map((label) => moveLabel(label, { x, y, left, top })));
    // from the file's image straight to the input
    places.push({
      ...place,
      scaleX: place.inner.width / sample.size.width,
      scaleY: place.inner.height / sample.size.height,
    });
  }
  const batch = makeBatch(images, { labels, classCount, ...size, hasMasks });
  return { batch, places, labels };
}

function readImage(
  { output, prototypes, isSuppressed = false }: RawOutput,
  at: number,
  {
    sample,
    batch,
    places,
    labels,
    classCount,
    choice,
    masksAt,
    hasImageMasks,
  }:
    & PreparedBatch
    & {
      readonly sample: TrainingSample;
      readonly classCount: number;
      readonly choice: ChoiceOptions;
      readonly masksAt: "quarter" | "input";
      readonly hasImageMasks: boolean;
    },
): ValidatedImage {
  const own = rowOf(output, at);
  const anchorCount = output.dims[2];
  const candidates = chooseCandidates(
    own.data,
    { classCount, anchorCount },
    {
      ...validationChoice,
      ...choice,
      ...(isSuppressed ? { iouThreshold: 1 } : {}),
    },
  );
  const [, , height, width] = batch.images.dims;
  const size = { width, height };
  const kept = candidates.map(({ anchor, classNumber, confidence, box }) => {
    const found = { classNumber, confidence, box };
    if (!prototypes || !batch.masks) return found;
    const coefficients = coefficientsOf(own, classCount, anchor);
    const planes = planesOf(prototypes, at);
    const mask = masksAt === "quarter"
      ? maskAtPrototypeSize(coefficients, planes, quarterOf(box))
      : maskAtInputSize(coefficients, planes, { box, size });
    return { ...found, mask: bitmapToRle(mask) };
  });
  const truth = batch.masks
    ? withMasks(labels[at], batch, at, masksAt)
    : labels[at].map(({ classNumber, box }) => ({ classNumber, box }));
  return {
    sample,
    evaluated: {
      labels: truth,
      detections: kept,
      size,
    },
    detections: candidates.map(({ anchor, classNumber, confidence, box }) => {
      const place = places[at];
      const inImage = boxToImage(box, place, sample.size);
      const found = { classNumber, confidence, box: inImage };
      if (!prototypes || !hasImageMasks) return found;
      const mask = maskAtImageSize(
        coefficientsOf(own, classCount, anchor),
        planesOf(prototypes, at),
        { box: inImage, place, size: sample.size },
      );
      return { ...found, mask: bitmapToRle(mask) };
    }),
  };
}

/** One image of a batch, `[1, rows, A]`. */
function rowOf({ dims: [, rows, a], data }: Tensor, at: number): Tensor {
  return {
    dims: [1, rows, a],
    data: data.subarray(at * rows * a, (at + 1) * rows * a),
  };
}

/** The prototypes of one image of a batch. */
function planesOf(
  { dims: [, count, height, width], data }: Tensor,
  at: number,
): Prototypes {
  const length = count * height * width;
  return {
    dims: [count, height, width],
    data: data.subarray(at * length, (at + 1) * length),
  };
}

function quarterOf({ x0, y0, x1, y1 }: Box): Box {
  return { x0: x0 / 4, y0: y0 / 4, x1: x1 / 4, y1: y1 / 4 };
}

/** Labels with what is seen of their masks, at a quarter of the input or enlarged from it. */
function withMasks(
  labels: readonly Label[],
  { masks, images }: Batch,
  at: number,
  masksAt: "quarter" | "input",
) {
  const [, , inputHeight, inputWidth] = images.dims;
  const height = inputHeight / 4, width = inputWidth / 4;
  const places = width * height;
  const plane = masks?.data.subarray(at * places, (at + 1) * places) ?? [];
  const whole = { width: inputWidth, height: inputHeight };
  return labels.map(({ classNumber, box }, i) => {
    const inside = Float32Array.from(plane, (n) => n === i + 1 ? 1 : 0);
    const logits = { dims: [1, 1, height, width] as const, data: inside };
    const scaled = masksAt === "quarter" ? logits : resizeLogits(logits, whole);
    const mask = logitsToBitmap(scaled, { threshold: 0.5 });
    return { classNumber, box, mask: bitmapToRle(mask) };
  });
}
