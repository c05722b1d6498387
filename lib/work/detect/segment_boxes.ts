// Detect, then segment: boxes of a detector become masks by SAM 2.
//
// The frame is encoded once for all its boxes; each box alone is the prompt.

import type { RgbImage } from "../../base/image.ts";
import type { Box } from "../../base/tensor.ts";
import { areaPx } from "../../masks/bitmap.ts";
import { bitmapToRle, type Rle } from "../../masks/rle.ts";
import { scoresOf, toFrameMask } from "../../propagate/propagate.ts";
import { encodeFrame } from "../../sam2/image.ts";
import { replayPrompts } from "../../sam2/interact.ts";
import type { OpenModel } from "../open_model.ts";

/** What a box led to. */
export type SegmentedBox = {
  /** At the size of the image. */
  readonly mask: Rle;
  /** The model's own estimate, 0..1. */
  readonly predictedIou: number;
  /** Probability that the object is there, 0..1. */
  readonly presenceScore: number;
};

/** Segments the objects in boxes; undefined for a box of no size, and where the mask is empty. */
export async function segmentBoxes(
  { engine }: Pick<OpenModel, "engine">,
  image: RgbImage,
  boxes: readonly Box[],
): Promise<(SegmentedBox | undefined)[]> {
  const frameSize = { width: image.width, height: image.height };
  const features = await encodeFrame(engine, image);
  try {
    const found: (SegmentedBox | undefined)[] = [];
    for (const box of boxes) {
      if (box.x0 >= box.x1 || box.y0 >= box.y1) {
        found.push(undefined);
        continue;
      }
      const prompts = [{ kind: "box", ...box }] as const;
      const place = { frame: 0, frameSize };
      const { result } = await replayPrompts(engine, features, prompts, place);
      const mask = toFrameMask(result.lowRes, frameSize);
      found.push(
        areaPx(mask) === 0
          ? undefined
          : { mask: bitmapToRle(mask), ...scoresOf(result) },
      );
    }
    return found;
  } finally {
    await engine.releaseFeatures(features);
  }
}
