// What the pointer is making while a button is held.

import type { Point } from "../../base/tensor.ts";

/** What the pointer makes and nobody else knows of yet. */
export type Gesture =
  | { readonly kind: "none" }
  | { readonly kind: "pan" }
  | { readonly kind: "box"; readonly from: Point; readonly to: Point }
  | { readonly kind: "stroke"; readonly points: readonly Point[] }
  | { readonly kind: "vertex" };
