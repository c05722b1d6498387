// Lines around a mask that are as coarse as they may be: for formats that know
// polygons only, holes joined to their outer line by bridges.
//
// The lines are made finer until, filled again, they agree with the mask.

import type { Bitmap } from "../../base/image.ts";
import { iou } from "../../masks/metrics.ts";
import { polygonsToBitmap, type Ring } from "../../masks/polygons.ts";
import { bitmapToYoloRings } from "../../masks/rings.ts";

/** How far simplified lines may stray, in pixels: the first that agrees is taken. */
const TOLERANCES_PX = [1, 0.9, 0.8, 0.7, 0.5, 0];

/** Lines and how well they agree with their mask. */
export type FittedRings = {
  readonly rings: readonly Ring[];
  readonly iou: number;
  readonly points: number;
};

/**
 * Finds the coarsest lines that agree with a mask, else those that agree best.
 *
 * @param options.parts "bridge" makes one line of all parts, "split" one for each
 * @param options.written what becomes of the lines in the file, such as rounding
 */
export function fitRings(
  mask: Bitmap,
  { wantedIou, maxPoints, parts, written = (ring) => ring }: {
    wantedIou: number;
    maxPoints?: number;
    parts: "bridge" | "split";
    written?: (ring: Ring) => Ring;
  },
): FittedRings {
  let best: FittedRings = { rings: [], iou: -1, points: 0 };
  for (const tolerancePx of TOLERANCES_PX) {
    const rings = bitmapToYoloRings(mask, { tolerancePx, maxPoints, parts })
      .map(written);
    const filled = polygonsToBitmap(
      rings.map((outer) => ({ outer, holes: [] })),
      mask,
    );
    const agreement = iou(filled, mask);
    if (agreement > best.iou) {
      const points = rings.reduce((sum, ring) => sum + ring.length, 0);
      best = { rings, iou: agreement, points };
    }
    if (best.iou >= wantedIou) break;
  }
  return best;
}
