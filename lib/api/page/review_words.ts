// What speaks against a mask and how much, in the page's language.

import type { ReviewItem } from "../contract.ts";
import type { Say } from "./words.ts";

/** Why a mask is in doubt. */
export function doubtWords(say: Say, { kind, value }: ReviewItem["doubt"]) {
  return say(`doubt.${kind}`, { n: numberWords(kind, value) });
}

/** How much drift is, in steps; from 0.5 on lanes show it as doubtful. */
export function driftStep(drift: number): "low" | "doubtful" | "high" {
  return drift >= 0.8 ? "high" : drift >= 0.5 ? "doubtful" : "low";
}

function numberWords(
  kind: ReviewItem["doubt"]["kind"],
  value: number | null,
): string {
  if (value === null) return "?";
  switch (kind) {
    case "areaKept":
      return value.toFixed(value < 1 ? 2 : 1);
    case "distance":
      return String(Math.round(value));
    default:
      return String(Math.round(value * 100));
  }
}
