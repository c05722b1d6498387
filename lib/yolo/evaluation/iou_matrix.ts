// How much every detection of an image overlaps every label.
//
// A crowd is a region in which nobody counted the objects; a detection inside
// it overlaps it wholly, so there the area of the detection alone divides.
// Masks stay run lengths: those whose boxes do not touch are never compared,
// and none is ever drawn.

import type { Box } from "../../base/tensor.ts";
import { boxArea } from "../../masks/nms.ts";
import { type Rle, rleAreaPx, rleIntersectionPx } from "../../masks/rle.ts";
import { rleBox } from "../../masks/rle_box.ts";

/** Makes `[detections, labels]` of intersection over union; 0 where both are empty. */
export function boxIous(
  detections: readonly Box[],
  labels: readonly Box[],
  { isCrowd = [] }: { isCrowd?: readonly boolean[] } = {},
): Float64Array {
  const ious = new Float64Array(detections.length * labels.length);
  let i = 0;
  for (const a of detections) {
    const area = boxArea(a);
    for (let l = 0; l < labels.length; l++, i++) {
      const b = labels[l];
      const width = Math.min(a.x1, b.x1) - Math.max(a.x0, b.x0);
      const height = Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0);
      if (width <= 0 || height <= 0) continue;
      const both = width * height;
      ious[i] = both / (isCrowd[l] ? area : area + boxArea(b) - both);
    }
  }
  return ious;
}

/** Makes `[detections, labels]` of masks; pairs for which `isWanted` is false stay 0. */
export function maskIous(
  detections: readonly Rle[],
  labels: readonly Rle[],
  { isCrowd = [], isWanted = () => true }: {
    isCrowd?: readonly boolean[];
    isWanted?: (detection: number, label: number) => boolean;
  } = {},
): Float64Array {
  const ious = new Float64Array(detections.length * labels.length);
  const known = labels.map(withBox);
  for (const [d, rle] of detections.entries()) {
    const detection = withBox(rle);
    for (const [l, label] of known.entries()) {
      if (!isWanted(d, l) || !doBoxesTouch(detection.box, label.box)) continue;
      const both = rleIntersectionPx(detection.rle, label.rle);
      const either = isCrowd[l]
        ? detection.areaPx
        : detection.areaPx + label.areaPx - both;
      ious[d * labels.length + l] = both / either;
    }
  }
  return ious;
}

function withBox(rle: Rle) {
  return { rle, areaPx: rleAreaPx(rle), box: rleBox(rle) };
}

function doBoxesTouch(a: Box | undefined, b: Box | undefined): boolean {
  return a !== undefined && b !== undefined &&
    a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
}
