// The image predictor: prompts on one image, masks out.
//
// Follows sam2_image_predictor.py of facebookresearch/sam2 at 2b90b9f. Unlike
// tracking it never empties a mask when the object score is low.

import type { RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import type { Engine, FrameFeatures } from "./engine.ts";
import { normaliseImage } from "./preprocess.ts";
import { padPoints, type PointPrompt, toModelPoints } from "./prompts.ts";
import { chooseMask, maskOf } from "./selection.ts";

/** A predicted mask, at a quarter of the network's input. */
export type PredictedMask = {
  /** Logits `[side/4 · side/4]`, above 0 inside. */
  readonly lowRes: Float32Array;
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

/**
 * Predicts masks for clicks, a box, and the logits of an earlier answer.
 *
 * @param options.frame size of the image that the prompts are measured in
 * @param options.multimask three alternatives; good for a single click
 * @param options.previous low-resolution logits to refine
 */
export async function predictMasks(
  engine: Engine,
  features: FrameFeatures,
  prompt: PointPrompt,
  { frame, multimask = true, previous }: {
    readonly frame: Size;
    readonly multimask?: boolean;
    readonly previous?: Float32Array;
  },
): Promise<ImagePrediction> {
  const points = toModelPoints(prompt, { frame, side: engine.side });
  const output = await engine.decode(features, {
    isUnconditioned: true,
    points: points.length === 0 ? [] : padPoints(points),
    mask: previous,
  });
  const { objectScore } = output;
  if (!multimask) {
    const { lowRes, iou } = chooseMask(output, { multimask: false });
    return { masks: [{ lowRes: clamped(lowRes), iou }], objectScore };
  }
  const masks = [1, 2, 3].map((i) => ({
    lowRes: clamped(maskOf(output, i)),
    iou: output.ious[i],
  }));
  return { masks, objectScore };
}

/** Logits cut to ±32, as the official code feeds them back. */
export function clamped(logits: Float32Array): Float32Array {
  return logits.map((v) => Math.min(Math.max(v, -logitLimit), logitLimit));
}
