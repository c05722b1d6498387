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
  readonly doubt: Doubt;
};

/** What speaks most against a mask, and how much; null where there is no number. */
export type Doubt = {
  readonly kind:
    | "noMask"
    | "presence"
    | "stability"
    | "appeared"
    | "areaKept"
    | "placeKept"
    | "agreement"
    | "distance"
    | "predictedIou";
  readonly value: number | null;
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
    curve.flatMap((point, i) => {
      if (point.drift === undefined || point.isCondition) return [];
      const doubt = doubtAt(curve, i);
      const because = describeDoubt(doubt);
      return [{ object: number, point, because, doubt, rank: rankOf(point) }];
    })
  ).sort((a, b) => b.rank - a.rank);

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
  return spread.map(({ rank: _, ...worst }) => worst);
}

/** The drift; for an empty mask the presence, which speaks against it. */
function rankOf({ drift = 0, presenceScore = 0, areaPx }: CurvePoint): number {
  return areaPx > 0 ? drift : presenceScore;
}

/** Finds the part that raises the drift score most. */
function doubtAt(curve: readonly CurvePoint[], i: number): Doubt {
  const { presenceScore = 1, predictedIou = 1, areaPx, parts } = curve[i];
  if (areaPx === 0) return { kind: "noMask", value: presenceScore };
  switch (parts && strongestDoubt(parts)) {
    case "presence":
      return { kind: "presence", value: presenceScore };
    case "stability":
      return { kind: "stability", value: parts?.stability ?? null };
    case "areaKept": {
      const before = curve[i - 1]?.areaPx ?? areaPx;
      if (before === 0) return { kind: "appeared", value: null };
      return { kind: "areaKept", value: areaPx / before };
    }
    case "placeKept":
      return { kind: "placeKept", value: null };
    case "agreement":
      return { kind: "agreement", value: parts?.agreement ?? null };
    case "distance":
      return { kind: "distance", value: parts?.distance ?? null };
    default: // of masks from before version 0.2 the parts are not known
      return { kind: "predictedIou", value: predictedIou };
  }
}

function describeDoubt({ kind, value }: Doubt): string {
  const number = value?.toFixed(2);
  switch (kind) {
    case "noMask":
      return `no mask, presence ${number}`;
    case "presence":
      return `presence ${number}`;
    case "stability":
      return `unsure of its edge, stability ${number}`;
    case "appeared":
      return "here, it was absent on the frame before";
    case "areaKept":
      return `area ${number} times that of the frame before`;
    case "placeKept":
      return "its place jumped";
    case "agreement":
      return `both directions agree only by ${number}`;
    case "distance":
      return `${value} frames from the nearest click`;
    case "predictedIou":
      return `predicted IoU ${number}`;
  }
}

/** A twentieth of the longest curve. */
function apartIn(objects: readonly ReportObject[]): number {
  const longest = Math.max(1, ...objects.map(({ curve }) => curve.length));
  return Math.max(1, Math.round(longest / 20));
}
