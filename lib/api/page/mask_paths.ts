// Masks as outlines for a canvas: edges on pixel edges, sharp at any zoom.
//
// The last few hundred outlines are kept.

import type { Size } from "../../base/tensor.ts";
import type { Ring } from "../../masks/polygons.ts";
import { maskRings } from "./mask_rings.ts";

const most = 240;

/** Outlines by run lengths and height. */
export type MaskPaths = (counts: string, size: Size) => Path2D;

/** Makes a function that gives outlines, and remembers them. */
export function createMaskPaths(): MaskPaths {
  const kept = new Map<string, Path2D>();
  return (counts, size) => {
    const key = `${size.height}/${counts}`;
    const found = kept.get(key);
    if (found) {
      kept.delete(key);
      kept.set(key, found);
      return found;
    }
    const path = toPath(maskRings(counts, size));
    kept.set(key, path);
    for (const old of kept.keys()) {
      if (kept.size <= most) break;
      kept.delete(old);
    }
    return path;
  };
}

function toPath(rings: readonly Ring[]): Path2D {
  const path = new Path2D();
  for (const ring of rings) {
    for (const [i, { x, y }] of ring.entries()) {
      if (i === 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    }
    path.closePath();
  }
  return path;
}
