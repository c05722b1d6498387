// Which detections of an image are right by COCO's rule.
//
// Follows pycocotools (PythonAPI/pycocotools/cocoeval.py, cocodataset/cocoapi,
// BSD): per class, the 100 most confident detections; each takes the label it
// overlaps most of those left, counted labels first; a crowd may be taken by
// many. What matched a crowd, or a label that is ignored or outside the range
// of sizes, is neither right nor wrong; nor is an unmatched detection outside
// the range.

import { iouThresholds } from "./match_detections.ts";

/** COCO's ranges of size, in square pixels, both ends included. */
export const cocoAreas = [
  { name: "all", leastPx: 0, mostPx: 1e10 },
  { name: "small", leastPx: 0, mostPx: 32 ** 2 },
  { name: "medium", leastPx: 32 ** 2, mostPx: 96 ** 2 },
  { name: "large", leastPx: 96 ** 2, mostPx: 1e10 },
] as const;

const mostDetections = 100;

/** A label as COCO's rule sees it. */
export type CocoLabel = {
  readonly classNumber: number;
  readonly areaPx: number;
  readonly isCrowd: boolean;
  readonly isIgnored: boolean;
};

/** A detection as COCO's rule sees it. */
export type CocoDetection = {
  readonly classNumber: number;
  readonly confidence: number;
  readonly areaPx: number;
};

/** The detections of one class on one image, most confident first. */
export type CocoMatches = {
  readonly classNumber: number;
  readonly confidences: Float64Array;
  /** `[areas, detections]`, one bit for each threshold: it took a label. */
  readonly matchedAD: Uint16Array;
  /** `[areas, detections]`, one bit for each threshold: it does not count. */
  readonly passedAD: Uint16Array;
  /** Of each range of sizes: labels that are to be found. */
  readonly wantedA: readonly number[];
};

/**
 * Matches an image; one entry for every class that is labelled or detected.
 *
 * @param iousDL `[detections, labels]`, with crowds as in {@link boxIous}
 */
export function matchCoco(
  labels: readonly CocoLabel[],
  detections: readonly CocoDetection[],
  iousDL: Float64Array,
): CocoMatches[] {
  const labelsOf = Map.groupBy(labels.keys(), (l) => labels[l].classNumber);
  const detectionsOf = Map.groupBy(
    detections.keys(),
    (d) => detections[d].classNumber,
  );
  const classes = new Set([...labelsOf.keys(), ...detectionsOf.keys()]);
  return [...classes].map((classNumber) => {
    const own = labelsOf.get(classNumber) ?? [];
    const rows = (detectionsOf.get(classNumber) ?? [])
      .sort((a, b) => detections[b].confidence - detections[a].confidence)
      .slice(0, mostDetections);
    const matches = {
      classNumber,
      confidences: Float64Array.from(rows, (d) => detections[d].confidence),
      matchedAD: new Uint16Array(cocoAreas.length * rows.length),
      passedAD: new Uint16Array(cocoAreas.length * rows.length),
    };
    const wantedA = cocoAreas.map((_, a) =>
      matchRange(a, {
        labels: own.map((l) => labels[l]),
        detections: rows.map((d) => detections[d]),
        iou: (d, l) => iousDL[rows[d] * labels.length + own[l]],
      }, matches)
    );
    return { ...matches, wantedA };
  });
}

type OneClass = {
  readonly labels: readonly CocoLabel[];
  readonly detections: readonly CocoDetection[];
  iou(detection: number, label: number): number;
};

/** Matches within one range of sizes and counts the labels to be found. */
function matchRange(
  area: number,
  { labels, detections, iou }: OneClass,
  { matchedAD, passedAD }: Pick<CocoMatches, "matchedAD" | "passedAD">,
): number {
  const { leastPx, mostPx } = cocoAreas[area];
  const isOutside = ({ areaPx }: { readonly areaPx: number }) =>
    areaPx < leastPx || areaPx > mostPx;
  const isPassed = labels.map((label) =>
    label.isCrowd || label.isIgnored || isOutside(label)
  );
  const order = [...labels.keys()].sort((a, b) =>
    // stable: counted ones first
    Number(isPassed[a]) - Number(isPassed[b])
  );
  const taken = new Uint8Array(labels.length);
  for (const [t, threshold] of iouThresholds.entries()) {
    taken.fill(0);
    for (const [d, detection] of detections.entries()) {
      let best = -1;
      let least = Math.min(threshold, 1 - 1e-10);
      for (const l of order) {
        if (taken[l] && !labels[l].isCrowd) continue;
        if (best >= 0 && !isPassed[best] && isPassed[l]) break;
        const overlap = iou(d, l);
        if (overlap < least) continue;
        least = overlap; // of equal ones the last is taken
        best = l;
      }
      const at = area * detections.length + d;
      if (best >= 0) {
        taken[best] = 1;
        matchedAD[at] |= 1 << t;
        if (isPassed[best]) passedAD[at] |= 1 << t;
      } else if (isOutside(detection)) passedAD[at] |= 1 << t;
    }
  }
  return isPassed.filter((passed) => !passed).length;
}
