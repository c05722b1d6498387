// The label file of one frame: a box or a polygon for every object.
//
// A polygon is one row per object: holes and parts are joined by bridges, as
// YOLO knows neither. Every row is read back and filled again; the lines are
// made finer until the fill agrees with the mask.

import { boxOf } from "../../masks/bitmap.ts";
import { iou } from "../../masks/metrics.ts";
import { polygonsToBitmap } from "../../masks/polygons.ts";
import { bitmapToYoloRings } from "../../masks/rings.ts";
import { rleToBitmap } from "../../masks/rle.ts";
import type { Bitmap } from "../../base/image.ts";
import {
  parseYoloLabels,
  yoloDetectRow,
  yoloRingToPixels,
  yoloSegRow,
} from "../../formats/yolo.ts";
import type { PlannedFrame } from "./data_set.ts";
import type { RowAgreement } from "./certificate.ts";

/** How far simplified lines may stray, in pixels: the first that agrees is taken. */
const TOLERANCES_PX = [1, 0.9, 0.8, 0.7, 0.5, 0];

/** Writes the boxes of a frame. */
export function detectLabels({ masks, sequence }: PlannedFrame): string {
  return masks.map(({ rle, tag }) => {
    const box = boxOf(rleToBitmap(rle));
    if (!box) throw new Error("an empty mask has no box"); // the plan has none
    return yoloDetectRow(tag.classNumber, box, sequence.size) + "\n";
  }).join("");
}

/**
 * Writes the polygons of a frame and tells how well each agrees with its mask.
 *
 * @param options.wantedIou the agreement at which lines are fine enough
 * @param options.maxPoints points of a polygon, at most
 */
export function segLabels(
  { masks, sequence, frame }: PlannedFrame,
  { wantedIou, maxPoints }: { wantedIou: number; maxPoints?: number },
): { text: string; rows: RowAgreement[] } {
  const written = masks.map(({ rle, tag, object }) => {
    const best = bestRow(rleToBitmap(rle), {
      classNumber: tag.classNumber,
      wantedIou,
      maxPoints,
    });
    return {
      text: best.row + "\n",
      row: {
        sequence: sequence.id,
        object,
        frame: frame.index,
        tag: tag.code,
        iou: best.iou,
        points: best.points,
      },
    };
  });
  return {
    text: written.map(({ text }) => text).join(""),
    rows: written.map(({ row }) => row),
  };
}

/** The coarsest row that agrees with the mask, else the one that agrees best. */
function bestRow(
  mask: Bitmap,
  { classNumber, wantedIou, maxPoints }: {
    classNumber: number;
    wantedIou: number;
    maxPoints?: number;
  },
) {
  let best = { row: "", iou: -1, points: 0 };
  for (const tolerancePx of TOLERANCES_PX) {
    const [ring] = bitmapToYoloRings(mask, {
      tolerancePx,
      maxPoints,
      parts: "bridge",
    });
    const row = yoloSegRow(classNumber, ring, mask);
    const agreement = rowIou(row, mask);
    if (agreement > best.iou) {
      best = { row, iou: agreement, points: (row.split(" ").length - 1) / 2 };
    }
    if (best.iou >= wantedIou) break;
  }
  return best;
}

/** Reads a written row back, fills it and compares it with the mask. */
function rowIou(text: string, mask: Bitmap): number {
  const [row] = parseYoloLabels(text);
  if (row.kind !== "segment") return 0;
  const outer = yoloRingToPixels(row.ringNorm, mask);
  return iou(polygonsToBitmap([{ outer, holes: [] }], mask), mask);
}
