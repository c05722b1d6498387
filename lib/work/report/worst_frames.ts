// Which frames to look at first, and what speaks against their masks.
//
// The drift of an empty mask is high because the object is not there; it is worth
// a look only as far as the model still believes in the object. Frames next to
// each other usually fail for one reason, so those that are listed keep a
// distance; there may then be fewer than asked for.

import { strongestDoubt } from "../../propagate/drift.ts";
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

/** Names the part that raises the drift score most. */
function reasonAt(curve: readonly CurvePoint[], i: number): string {
  const { presenceScore = 1, predictedIou = 1, areaPx, parts } = curve[i];
  if (areaPx === 0) return `no mask, presence ${presenceScore.toFixed(2)}`;
  switch (parts && strongestDoubt(parts)) {
    case "presence":
      return `presence ${presenceScore.toFixed(2)}`;
    case "stability":
      return `unsure of its edge, stability ${parts?.stability.toFixed(2)}`;
    case "areaKept":
      return areaChange(areaPx, curve[i - 1]?.areaPx ?? areaPx);
    case "placeKept":
      return "its place jumped";
    case "agreement":
      return `both directions agree only by ${parts?.agreement?.toFixed(2)}`;
    case "distance":
      return `${parts?.distance} frames from the nearest click`;
    default: // of masks from before version 0.2 the parts are not known
      return `predicted IoU ${predictedIou.toFixed(2)}`;
  }
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
