// One mask on one image.

import type { Bitmap, RgbImage } from "../base/image.ts";
import type { Box } from "../base/tensor.ts";
import { areaPx, boxOf } from "../masks/bitmap.ts";
import { sigmoid, toFrameMask } from "../propagate/propagate.ts";
import { encodeFrame } from "../sam2/image.ts";
import {
  checkInside,
  type FramePrompt,
  replayPrompts,
} from "../sam2/interact.ts";
import type { OpenModel } from "./open_model.ts";

/** A mask at the image's own size, with what the model thinks of it. */
export type Segmentation = {
  readonly mask: Bitmap;
  readonly areaPx: number;
  /** The model's own estimate, 0..1. */
  readonly predictedIou: number;
  /** Probability that the object is there, 0..1. */
  readonly presenceScore: number;
  readonly box: Box | undefined;
  readonly msEncode: number;
  readonly msDecode: number;
};

/**
 * Segments one object by prompts, given one after the other.
 *
 * @throws RangeError for a prompt outside the image, or for none
 */
export async function segmentImage(
  { engine }: OpenModel,
  image: RgbImage,
  prompts: readonly FramePrompt[],
): Promise<Segmentation> {
  const frameSize = { width: image.width, height: image.height };
  for (const prompt of prompts) checkInside(prompt, frameSize);
  const startMs = performance.now();
  const features = await encodeFrame(engine, image);
  const encodedMs = performance.now();
  try {
    const place = { frame: 0, frameSize };
    const { result } = await replayPrompts(engine, features, prompts, place);
    const mask = toFrameMask(result.lowRes, frameSize);
    return {
      mask,
      areaPx: areaPx(mask),
      predictedIou: result.iou,
      presenceScore: sigmoid(result.objectScore),
      box: boxOf(mask),
      msEncode: encodedMs - startMs,
      msDecode: performance.now() - encodedMs,
    };
  } finally {
    await engine.releaseFeatures(features);
  }
}
