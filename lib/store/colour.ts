// Colours as the database and CSS write them.

import type { Rgb } from "../base/image.ts";

/** A colour as `#rrggbb`. */
export function hexOf(colour: Rgb): string {
  return "#" + colour.map((c) => c.toString(16).padStart(2, "0")).join("");
}
