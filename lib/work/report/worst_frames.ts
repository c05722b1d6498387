// Which frames to look at first, and what speaks against their masks.
//
// The drift of an empty mask is high because the object is not there; it is worth
// a look only as far as the model still believes in the object. Frames next to
// each other usually fail for one reason, so those that are listed keep a
// distance; there may then be fewer than asked for.

import type { CurvePoint, ReportObject } from "./demo_report.ts";

/** A frame to look at, before it has a picture. */
export type WorstFrame = {
  readonly object: number;
  readonly point: CurvePoint;
  readonly because: string;
};

/** Lists the propagated masks that are most in doubt, worst first. */
export function listWorstFrames(
  objects: readonly ReportObject[],
  { count = 5, apartFrames = apartIn(objects) }: {
    count?: number;
    /** Frames between two of one object. */
    apartFrames?: number;
  } = {},
): WorstFrame[] {
  const candidates = objects.flatMap(({ number, curve }) =>
    curve.flatMap((point, i) =>
      point.drift === undefined || point.isCondition ? [] : [{
        object: number,
        point,
        doubt: doubtOf(point),
        because: reasonAt(curve, i),
      }]
    )
  ).sort((a, b) => b.doubt - a.doubt);

  const isNear = (a: WorstFrame, b: WorstFrame) =>
    a.object === b.object &&
    Math.abs(a.point.frame - b.point.frame) < apartFrames;
  const spread: typeof candidates = [];
  for (const candidate of candidates) {
    if (spread.length === count) break;
    if (!spread.some((other) => isNear(candidate, other))) {
      spread.push(candidate);
    }
  }
  return spread.map(({ object, point, because }) => ({
    object,
    point,
    because,
  }));
}

/** The drift; for an empty mask the presence, which speaks against it. */
function doubtOf({ drift = 0, presenceScore = 0, areaPx }: CurvePoint): number {
  return areaPx > 0 ? drift : presenceScore;
}

/** Names the weakest part of the drift score. */
function reasonAt(curve: readonly CurvePoint[], i: number): string {
  const { presenceScore = 1, predictedIou = 1, areaPx, drift = 0 } = curve[i];
  const before = curve[i - 1]?.areaPx ?? areaPx;
  if (areaPx === 0) return `no mask, presence ${presenceScore.toFixed(2)}`;
  const kept = areaPx === before
    ? 1
    : Math.min(areaPx, before) / Math.max(areaPx, before);
  const reasons = [
    { value: presenceScore, text: `presence ${presenceScore.toFixed(2)}` },
    { value: predictedIou, text: `predicted IoU ${predictedIou.toFixed(2)}` },
    { value: kept, text: areaChange(areaPx, before) },
  ];
  const weakest = reasons.reduce((a, b) => b.value < a.value ? b : a);
  // What none of them explains is the jump of the centroid.
  return 1 - weakest.value >= drift - 0.05 ? weakest.text : "its place jumped";
}

function areaChange(areaPx: number, before: number): string {
  if (before === 0) return "here, it was absent on the frame before";
  return `area ${(areaPx / before).toFixed(2)} times that of the frame before`;
}

/** A twentieth of the longest curve. */
function apartIn(objects: readonly ReportObject[]): number {
  const longest = Math.max(1, ...objects.map(({ curve }) => curve.length));
  return Math.max(1, Math.round(longest / 20));
}
