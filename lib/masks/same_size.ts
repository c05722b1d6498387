// The one check that everything with two masks starts with.

import type { Size } from "../base/tensor.ts";

/** Throws when two masks, or a mask and an image, differ in size. */
export function requireSameSize(a: Size, b: Size) {
  if (a.width === b.width && a.height === b.height) return;
  throw new RangeError(
    `Cannot combine masks: one is ${a.width}x${a.height}, the other ${b.width}x${b.height}`,
  );
}
