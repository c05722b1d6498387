// One mask on one image.

import type { Bitmap, RgbImage } from "../base/image.ts";
import type { Box } from "../base/tensor.ts";
import { areaPx, boxOf } from "../masks/bitmap.ts";
import { scoresOf, toFrameMask } from "../propagate/propagate.ts";
import { encodeFrame } from "../sam2/image.ts";
import {
  checkInside,
  type FramePrompt,
  replayPrompts,
} from "../sam2/interact.ts";
import type { OpenModel } from "./open_model.ts";
import { borderContact, pasted, type View, zoomViews } from "./zoom.ts";

/** A mask at the image's own size, with what the model thinks of it. */
export type Segmentation = {
  readonly mask: Bitmap;
  readonly areaPx: number;
  /** The model's own estimate, 0..1. */
  readonly predictedIou: number;
  /** Probability that the object is there, 0..1. */
  readonly presenceScore: number;
  readonly box: Box | undefined;
  /** The part of the image that was looked at; all of it without zoom. */
  readonly view: Box;
  readonly msEncode: number;
  readonly msDecode: number;
};

/**
 * Segments one object by prompts, given one after the other.
 *
 * @param options.zoom `auto` also looks at crops around the prompts and takes the best
 * @throws RangeError for a prompt outside the image, or for none
 */
export async function segmentImage(
  model: OpenModel,
  image: RgbImage,
  prompts: readonly FramePrompt[],
  { zoom = "off" }: { readonly zoom?: "auto" | "off" } = {},
): Promise<Segmentation> {
  const { width, height } = image;
  for (const prompt of prompts) checkInside(prompt, { width, height });
  const [whole, ...closer] = zoomViews(image, prompts);
  const views = zoom === "auto" ? [whole, ...closer] : [whole];
  const looks: Awaited<ReturnType<typeof look>>[] = [];
  for (const view of views) looks.push(await look(model, view, image));
  const best = looks.reduce((a, b) => b.score > a.score ? b : a);
  const mask = pasted(best.mask, best.view.box, image);
  const total = (part: "msEncode" | "msDecode") =>
    looks.reduce((sum, each) => sum + each[part], 0);
  return {
    mask,
    areaPx: areaPx(mask),
    predictedIou: best.predictedIou,
    presenceScore: best.presenceScore,
    box: boxOf(mask),
    view: best.view.box,
    msEncode: total("msEncode"),
    msDecode: total("msDecode"),
  };
}

/** Segments one view; its score is the predicted IoU less the contact with the crop's edge. */
async function look({ engine }: OpenModel, view: View, whole: RgbImage) {
  const { image, prompts, box } = view;
  const frameSize = { width: image.width, height: image.height };
  const startMs = performance.now();
  const features = await encodeFrame(engine, image);
  const encodedMs = performance.now();
  try {
    const place = { frame: 0, frameSize };
    const { result } = await replayPrompts(engine, features, prompts, place);
    const mask = toFrameMask(result.lowRes, frameSize);
    return {
      view,
      mask,
      ...scoresOf(result),
      score: result.iou - borderContact(mask, box, whole),
      msEncode: encodedMs - startMs,
      msDecode: performance.now() - encodedMs,
    };
  } finally {
    await engine.releaseFeatures(features);
  }
}
