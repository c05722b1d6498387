// The label file of one frame: a box or a polygon for every object.
//
// A polygon is one row per object: holes and parts are joined by bridges, as
// YOLO knows neither. The lines are those that agree with the mask once the row
// is read back and filled again (fit_rings.ts).

import { boxOf } from "../../masks/bitmap.ts";
import type { Ring } from "../../masks/polygons.ts";
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
import { fitRings } from "./fit_rings.ts";

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
  const { rings: [ring], iou, points } = fitRings(mask, {
    ...{ wantedIou, maxPoints, parts: "bridge" },
    written: (ring) => readBack(yoloSegRow(classNumber, ring, mask), mask),
  });
  return { row: yoloSegRow(classNumber, ring, mask), iou, points };
}

/** The ring that a written row is read as. */
function readBack(text: string, mask: Bitmap): Ring {
  const [row] = parseYoloLabels(text);
  return row.kind === "segment" ? yoloRingToPixels(row.ringNorm, mask) : [];
}
