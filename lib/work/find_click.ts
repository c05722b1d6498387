// A first click when nobody gave one: the clearest object of a frame.
//
// A 16×16 grid of points; the mask with the best predicted IoU times stability
// between 1 and 30 % of the image wins, and its deepest point is the click.

import type { RgbImage } from "../base/image.ts";
import { areaPx } from "../masks/bitmap.ts";
import { deepestPoint } from "../masks/distance.ts";
import type { Click } from "../masks/next_click.ts";
import { toFrameMask } from "../propagate/propagate.ts";
import type { Engine } from "../sam2/engine.ts";
import { encodeFrame, predictMasks } from "../sam2/image.ts";
import { stability } from "../sam2/selection.ts";

const gridSide = 16;
const leastShare = 0.01;
const largestShare = 0.3;

/**
 * Finds a click for a frame.
 *
 * @throws RangeError when no mask is of a sensible size
 */
export async function findClick(
  engine: Engine,
  image: RgbImage,
): Promise<Click> {
  const { width, height } = image;
  const features = await encodeFrame(engine, image);
  let best: { score: number; lowRes: Float32Array } | undefined;
  try {
    for (let i = 0; i < gridSide ** 2; i++) {
      const x = (i % gridSide + 0.5) / gridSide * width;
      const y = (Math.floor(i / gridSide) + 0.5) / gridSide * height;
      const prompt = { clicks: [{ x, y, sign: "+" as const }] };
      const { masks } = await predictMasks(engine, features, prompt, {
        frame: image,
      });
      for (const { lowRes, iou } of masks) {
        const inside = lowRes.reduce((n, logit) => n + (logit > 0 ? 1 : 0), 0);
        const share = inside / lowRes.length;
        const score = iou * stability(lowRes, { delta: 1 });
        const fits = share >= leastShare && share <= largestShare;
        if (fits && score > (best?.score ?? 0)) best = { score, lowRes };
      }
    }
  } finally {
    await engine.releaseFeatures(features);
  }
  const mask = best && toFrameMask(best.lowRes, { width, height });
  const deepest = mask && areaPx(mask) > 0 ? deepestPoint(mask) : undefined;
  if (!deepest) {
    throw new RangeError(
      "Cannot choose a click: no mask of the first frame covers 1 to 30 % of it; give --prompts",
    );
  }
  return { ...deepest, sign: "+" };
}
