// The image predictor: prompts on one image, masks out.
//
// Follows sam2_image_predictor.py of facebookresearch/sam2 at 2b90b9f. Unlike
// tracking it never empties a mask when the object score is low. Several images
// at once (predict_batch there) are several calls here, with the same numbers.

import type { RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { clearLogitSprinkles, fillLogitHoles } from "../masks/clean_logits.ts";
import type { Engine, FrameFeatures } from "./engine.ts";
import { normaliseImage } from "./preprocess.ts";
import { padPoints, type PointPrompt, toModelPoints } from "./prompts.ts";
import { chooseMask, maskOf } from "./selection.ts";

/** A predicted mask, at a quarter of the network's input. */
export type PredictedMask = {
  /** Logits `[side/4 · side/4]`, above 0 inside, cut to ±32: what may be fed back. */
  readonly lowRes: Float32Array;
  /** What the mask is made of: the same logits uncut, holes and sprinkles removed. */
  readonly logits: Float32Array;
  /** Predicted IoU, 0..1. */
  readonly iou: number;
};

/** The answer to a prompt on one image. */
export type ImagePrediction = {
  /** Three masks with `multimask`, otherwise one. */
  readonly masks: readonly PredictedMask[];
  /** Logit; above 0 the model sees the object. */
  readonly objectScore: number;
};

const logitLimit = 32; // what may be fed back as a prompt

/** Encodes an image of any size; release the features when done. */
export function encodeFrame(
  engine: Engine,
  image: RgbImage,
): Promise<FrameFeatures> {
  return engine.encodeImage(normaliseImage(image, engine.side));
}

/** How the image predictor answers. */
export type PredictOptions = {
  /** Size of the image that the prompts are measured in. */
  readonly frame: Size;
  /** Three alternatives; good for a single click. */
  readonly multimask?: boolean;
  /** Low-resolution logits to refine, of an earlier answer or of another model. */
  readonly previous?: Float32Array;
  /** Logits above it are inside where holes and sprinkles are looked for (mask_threshold), default 0. */
  readonly maskThreshold?: number;
  /** Background parts up to this area become object (max_hole_area), in pixels of `lowRes`; default 0. */
  readonly maxHoleAreaPx?: number;
  /** Object parts up to this area become background (max_sprinkle_area); default 0. */
  readonly maxSprinkleAreaPx?: number;
};

/**
 * Predicts masks for clicks, a box, and the logits of an earlier answer.
 *
 * @throws RangeError for logits of another size
 */
export async function predictMasks(
  engine: Engine,
  features: FrameFeatures,
  prompt: PointPrompt,
  { frame, multimask = true, previous, ...cleaning }: PredictOptions,
): Promise<ImagePrediction> {
  const low = engine.side / 4;
  if (previous && previous.length !== low * low) {
    throw new RangeError(
      `Cannot refine ${previous.length} logits, expected ${low}x${low}`,
    );
  }
  const points = toModelPoints(prompt, { frame, side: engine.side });
  const output = await engine.decode(features, {
    isUnconditioned: true,
    points: points.length === 0 ? [] : padPoints(points),
    mask: previous,
  });
  const chosen = multimask
    ? [1, 2, 3].map((i) => ({ lowRes: maskOf(output, i), iou: output.ious[i] }))
    : [chooseMask(output, { multimask: false })];
  const masks = chosen.map(({ lowRes, iou }) => ({
    lowRes: clamped(lowRes),
    logits: cleaned(lowRes, low, cleaning),
    iou,
  }));
  return { masks, objectScore: output.objectScore };
}

/** Predicts masks for several prompts on one image, such as all boxes of a detector. */
export async function predictEach(
  engine: Engine,
  features: FrameFeatures,
  prompts: readonly PointPrompt[],
  options: PredictOptions,
): Promise<readonly ImagePrediction[]> {
  const answers: ImagePrediction[] = [];
  for (const prompt of prompts) {
    answers.push(await predictMasks(engine, features, prompt, options));
  }
  return answers;
}

/**
 * Holes become the threshold and 10, sprinkles the threshold less 10, both
 * found in the logits as they came; so does postprocess_masks of transforms.py.
 */
function cleaned(
  logits: Float32Array,
  low: number,
  { maxHoleAreaPx = 0, maxSprinkleAreaPx = 0, maskThreshold: threshold = 0 }:
    Pick<
      PredictOptions,
      "maxHoleAreaPx" | "maxSprinkleAreaPx" | "maskThreshold"
    >,
): Float32Array {
  if (maxHoleAreaPx <= 0 && maxSprinkleAreaPx <= 0) return logits;
  const size = { width: low, height: low };
  const filled = fillLogitHoles(logits, size, {
    maxAreaPx: maxHoleAreaPx,
    value: threshold + 10,
    threshold,
  });
  const cut = clearLogitSprinkles(logits, size, {
    maxAreaPx: maxSprinkleAreaPx,
    value: threshold - 10,
    threshold,
  });
  return filled.map((logit, i) => logits[i] > threshold ? cut[i] : logit);
}

/** Logits cut to ±32, as the official code feeds them back. */
export function clamped(logits: Float32Array): Float32Array {
  return logits.map((v) => Math.min(Math.max(v, -logitLimit), logitLimit));
}
