// Masks for a whole image: a grid of clicks, and of what they give the good
// masks, each once.
//
// Follows automatic_mask_generator.py and utils/amg.py of facebookresearch/sam2
// at 2b90b9f, with its defaults, which are made for the large official model: a
// small model needs lower thresholds. Two known differences: boxes are half
// open, where the official ones end at their last pixel, and a mask without a
// pixel is left out. Clicks go one by one (points_per_batch decides there how
// many at once) and only run lengths are kept, so that memory stays small.

import { type Bitmap, cropImage, type RgbImage } from "../base/image.ts";
import { throwIfCancelled } from "../base/errors.ts";
import { type OnProgress, startProgress } from "../base/progress.ts";
import type { Box, Point, Size } from "../base/tensor.ts";
import { boxOf, createBitmap, isEmpty } from "../masks/bitmap.ts";
import {
  complementOf,
  connectedComponents,
  keepLargest,
  removeSprinkles,
} from "../masks/morphology.ts";
import { suppressBoxes } from "../masks/nms.ts";
import { logitsToBitmap, resizeLogits } from "../masks/resize.ts";
import { bitmapToRle, type Rle, rleAreaPx, rleToBitmap } from "../masks/rle.ts";
import type { Engine, FrameFeatures } from "./engine.ts";
import { encodeFrame, type PredictedMask, predictMasks } from "./image.ts";
import { stability } from "./selection.ts";

/** One mask found without a prompt, in pixels of the image. */
export type FoundMask = {
  readonly rle: Rle;
  readonly areaPx: number;
  readonly box: Box;
  /** The model's own estimate, 0..1. */
  readonly predictedIou: number;
  /** How little the mask changes when its threshold moves, 0..1. */
  readonly stability: number;
  /** The click that gave it. */
  readonly point: Point;
  /** The part of the image it was seen in. */
  readonly cropBox: Box;
};

/** How a whole image is segmented; names of the official options in brackets. */
export type EverythingOptions = {
  /** Clicks along each side (points_per_side), default 32. */
  readonly pointsPerSide?: number;
  /** Clicks of each layer of crops instead, 0..1 of the crop (point_grids). */
  readonly grids?: readonly (readonly Point[])[];
  /** Masks must be above it (pred_iou_thresh), default 0.8; 0 takes all. */
  readonly minPredictedIou?: number;
  /** Masks must reach it (stability_score_thresh), default 0.95; 0 takes all. */
  readonly minStability?: number;
  /** How far the threshold moves, in logits (stability_score_offset), default 1. */
  readonly stabilityOffset?: number;
  /** Logits above it are inside (mask_threshold), default 0. */
  readonly maskThreshold?: number;
  /** Of boxes that overlap more, the one with the best predicted IoU stays (box_nms_thresh), default 0.7. */
  readonly boxNmsThreshold?: number;
  /** Layers of crops (crop_n_layers): layer n looks at 4ⁿ parts of the image; default 0. */
  readonly cropLayers?: number;
  /** Overlap of the first layer's crops, in short sides of the image (crop_overlap_ratio), default 512/1500. */
  readonly cropOverlap?: number;
  /** As boxNmsThreshold between crops, where the smaller crop wins (crop_nms_thresh), default 0.7. */
  readonly cropNmsThreshold?: number;
  /** Each layer has so many times fewer points along a side (crop_n_points_downscale_factor), default 1. */
  readonly cropPointsDownscale?: number;
  /** Holes and sprinkles up to this area are removed, in pixels of a quarter of the input (min_mask_region_area), default 0. */
  readonly minRegionAreaPx?: number;
  /** Every mask goes back once as a prompt with its click (use_m2m); twice to four times as slow. */
  readonly refine?: boolean;
  /** Three masks for each click (multimask_output), default true. */
  readonly multimask?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
};

/**
 * Finds the masks of an image, the best predicted IoU first; with crops those
 * of smaller crops come first.
 *
 * @throws CancelledError when the signal fires, after the click in flight
 *
 * @example What the small model sees of a generated frame
 * ```ts
 * import { openModel, sampleClip, segmentEverything } from "medannotate";
 * import { ok } from "node:assert/strict";
 *
 * const { image } = sampleClip({ frames: 90, size: { width: 160, height: 120 } }).frame(30);
 * const model = await openModel({ size: 64, device: "cpu" });
 * const limits = { minPredictedIou: 0.3, minStability: 0.2 };
 * const masks = await segmentEverything(model.engine, image, { pointsPerSide: 6, ...limits });
 * await model.close();
 * ok(masks.length > 0);
 * ```
 */
export async function segmentEverything(
  engine: Engine,
  image: RgbImage,
  options: EverythingOptions = {},
): Promise<readonly FoundMask[]> {
  const {
    cropLayers = 0,
    boxNmsThreshold = 0.7,
    cropNmsThreshold = 0.7,
    cropOverlap = 512 / 1500,
    signal,
    onProgress,
  } = options;
  const crops = listCrops(image, { layers: cropLayers, overlap: cropOverlap })
    .map((crop) => ({ ...crop, grid: gridOf(crop.layer, options) }));
  const points = crops.reduce((sum, { grid }) => sum + grid.length, 0);
  const report = startProgress("points", points, { onProgress });
  let done = 0;

  const all: FoundMask[] = [];
  for (const { box, grid } of crops) {
    throwIfCancelled(signal, "segmenting everything");
    const seen = cropImage(image, box);
    const features = await encodeFrame(engine, seen);
    const found: FoundMask[] = [];
    try {
      for (const { x, y } of grid) {
        throwIfCancelled(signal, "segmenting everything");
        const point = { x: x * seen.width, y: y * seen.height };
        const masks = await masksAt(engine, features, point, {
          frame: seen,
          ...options,
        });
        for (const mask of masks) {
          const kept = judge(mask, point, { box, image, ...options });
          if (kept) found.push(kept);
        }
        report(++done);
      }
    } finally {
      await engine.releaseFeatures(features);
    }
    const scores = found.map(({ predictedIou }) => predictedIou);
    all.push(...bestOf(found, scores, boxNmsThreshold));
  }
  if (crops.length === 1) return all;
  const scores = all.map(({ cropBox: { x0, y0, x1, y1 } }) =>
    1 / ((x1 - x0) * (y1 - y0))
  );
  return bestOf(all, scores, cropNmsThreshold);
}

/** The masks of one click, refined where that is wanted. */
async function masksAt(
  engine: Engine,
  features: FrameFeatures,
  point: Point,
  { frame, multimask = true, refine = false, minRegionAreaPx = 0 }:
    & EverythingOptions
    & { readonly frame: Size },
): Promise<readonly PredictedMask[]> {
  const prompt = { clicks: [{ ...point, sign: "+" as const }] };
  const options = {
    frame,
    maxHoleAreaPx: minRegionAreaPx,
    maxSprinkleAreaPx: minRegionAreaPx,
  };
  const { masks } = await predictMasks(engine, features, prompt, {
    ...options,
    multimask,
  });
  if (!refine) return masks;
  const refined: PredictedMask[] = [];
  for (const { lowRes } of masks) {
    const answer = await predictMasks(engine, features, prompt, {
      ...options,
      multimask: false,
      previous: lowRes,
    });
    refined.push(...answer.masks);
  }
  return refined;
}

/** The mask in the whole image; undefined when it is not good, or cut off by its crop. */
function judge(
  { logits, iou }: PredictedMask,
  point: Point,
  {
    box,
    image,
    minPredictedIou = 0.8,
    minStability = 0.95,
    stabilityOffset = 1,
    maskThreshold = 0,
  }: EverythingOptions & { readonly box: Box; readonly image: Size },
): FoundMask | undefined {
  if (minPredictedIou > 0 && !(iou > minPredictedIou)) return undefined;
  const low = Math.sqrt(logits.length);
  const size = { width: box.x1 - box.x0, height: box.y1 - box.y0 };
  const full = resizeLogits({ dims: [1, 1, low, low], data: logits }, size);
  const stable = stability(full.data, {
    delta: stabilityOffset,
    threshold: maskThreshold,
  });
  if (minStability > 0 && !(stable >= minStability)) return undefined;
  const seen = logitsToBitmap(full, { threshold: maskThreshold });
  const mask = pasted(seen, box, image);
  const maskBox = boxOf(mask);
  if (!maskBox || isCutOff(maskBox, box, image)) return undefined;
  const rle = bitmapToRle(mask);
  return {
    rle,
    areaPx: rleAreaPx(rle),
    box: maskBox,
    predictedIou: iou,
    stability: stable,
    point: { x: point.x + box.x0, y: point.y + box.y0 },
    cropBox: box,
  };
}

const edgePx = 20; // so near to the edge of a crop counts as cut off

/** Whether a mask comes near an edge of its crop that is no edge of the image. */
function isCutOff(mask: Box, crop: Box, image: Size): boolean {
  const isNear = (at: number, edge: number, end: number) =>
    Math.abs(at - edge) <= edgePx && Math.abs(at - end) > edgePx;
  const last = lastPixels(mask);
  return isNear(last.x0, crop.x0, 0) || isNear(last.y0, crop.y0, 0) ||
    isNear(last.x1, crop.x1, image.width) ||
    isNear(last.y1, crop.y1, image.height);
}

/** The box that ends at its last pixels: overlaps are measured so in the official code. */
function lastPixels({ x0, y0, x1, y1 }: Box): Box {
  return { x0, y0, x1: x1 - 1, y1: y1 - 1 };
}

function bestOf(
  found: readonly FoundMask[],
  scores: readonly number[],
  iouThreshold: number,
): readonly FoundMask[] {
  const boxes = found.map(({ box }) => lastPixels(box));
  return suppressBoxes(boxes, scores, { iouThreshold }).map((i) => found[i]);
}

/** The clicks of a layer, row by row, 0..1 of the crop. */
function gridOf(
  layer: number,
  { pointsPerSide = 32, cropPointsDownscale = 1, grids }: EverythingOptions,
): readonly Point[] {
  if (grids) {
    if (layer < grids.length) return grids[layer];
    throw new RangeError(
      `Cannot segment layer ${layer}: only ${grids.length} grids were given`,
    );
  }
  const n = Math.floor(pointsPerSide / cropPointsDownscale ** layer);
  return Array.from({ length: n * n }, (_, i) => ({
    x: (i % n + 0.5) / n,
    y: (Math.floor(i / n) + 0.5) / n,
  }));
}

/** The image itself, then the crops of each layer, column by column. */
function listCrops(
  { width, height }: Size,
  { layers, overlap }: { readonly layers: number; readonly overlap: number },
): readonly { readonly layer: number; readonly box: Box }[] {
  const crops = [{ layer: 0, box: { x0: 0, y0: 0, x1: width, y1: height } }];
  for (let layer = 1; layer <= layers; layer++) {
    const n = 2 ** layer;
    const shared = Math.floor(overlap * Math.min(width, height) * (2 / n));
    const w = Math.ceil((shared * (n - 1) + width) / n);
    const h = Math.ceil((shared * (n - 1) + height) / n);
    for (let i = 0; i < n * n; i++) {
      const x0 = Math.floor(i / n) * (w - shared);
      const y0 = i % n * (h - shared);
      const x1 = Math.min(x0 + w, width);
      const y1 = Math.min(y0 + h, height);
      crops.push({ layer, box: { x0, y0, x1, y1 } });
    }
  }
  return crops;
}

function pasted(mask: Bitmap, { x0, y0 }: Box, image: Size): Bitmap {
  if (mask.width === image.width && mask.height === image.height) return mask;
  const whole = createBitmap(image);
  for (let y = 0; y < mask.height; y++) {
    const row = mask.data.subarray(y * mask.width, (y + 1) * mask.width);
    whole.data.set(row, (y + y0) * image.width + x0);
  }
  return whole;
}

/**
 * Cleans found masks at the size of the image: fills holes and removes islands
 * that are smaller than an area, the largest island excepted, then removes
 * masks whose boxes have become doubles; untouched masks win.
 *
 * The official generator has this as postprocess_small_regions and leaves the
 * call to its user; `minRegionAreaPx` above cleans at the low resolution.
 */
export function cleanRegions(
  found: readonly FoundMask[],
  { minAreaPx, boxNmsThreshold = 0.7 }: {
    readonly minAreaPx: number;
    readonly boxNmsThreshold?: number;
  },
): readonly FoundMask[] {
  const cleaned = found.map((mask) => {
    const { bitmap, isChanged } = withoutSmall(
      rleToBitmap(mask.rle),
      minAreaPx,
    );
    if (!isChanged) return { mask, isChanged };
    const rle = bitmapToRle(bitmap);
    const box = boxOf(bitmap) ?? mask.box;
    return { mask: { ...mask, rle, areaPx: rleAreaPx(rle), box }, isChanged };
  });
  const scores = cleaned.map(({ isChanged }) => isChanged ? 0 : 1);
  const masks = cleaned.map(({ mask }) => mask);
  return bestOf(masks, scores, boxNmsThreshold);
}

/** The mask without small holes, then without small islands; `isChanged` when there was any. */
function withoutSmall(mask: Bitmap, minAreaPx: number) {
  const hasSmall = (parts: Bitmap) =>
    connectedComponents(parts).areasPx.slice(1).some((area) =>
      area < minAreaPx
    );
  const maxAreaPx = Math.ceil(minAreaPx) - 1; // "smaller than" in whole pixels
  const around = complementOf(mask);
  const hasHoles = hasSmall(around);
  const solid = complementOf(removeSprinkles(around, { maxAreaPx }));
  const hasIslands = hasSmall(solid);
  const large = removeSprinkles(solid, { maxAreaPx });
  const bitmap = isEmpty(large) ? keepLargest(solid) : large;
  return { bitmap, isChanged: hasHoles || hasIslands };
}
