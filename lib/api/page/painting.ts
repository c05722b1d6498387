// Brush and eraser: discs along a line, set or cleared in a mask.

import type { Bitmap } from "../../base/image.ts";
import type { Point } from "../../base/tensor.ts";
import { distanceToLine } from "./geometry.ts";

/**
 * Paints a stroke and returns a new mask. A pixel is painted when its centre is
 * within the radius of the line through the points.
 */
export function paintStroke(
  bitmap: Bitmap,
  points: readonly Point[],
  { radiusPx, value }: { radiusPx: number; value: 0 | 1 },
): Bitmap {
  const { width, height } = bitmap;
  const data = Uint8Array.from(bitmap.data);
  for (const [i, b] of points.entries()) {
    const a = points[Math.max(0, i - 1)];
    if (i > 0 && points.length > 1 && a === b) continue;
    const x0 = Math.max(0, Math.floor(Math.min(a.x, b.x) - radiusPx));
    const x1 = Math.min(width, Math.ceil(Math.max(a.x, b.x) + radiusPx));
    const y0 = Math.max(0, Math.floor(Math.min(a.y, b.y) - radiusPx));
    const y1 = Math.min(height, Math.ceil(Math.max(a.y, b.y) + radiusPx));
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const at = { x: x + 0.5, y: y + 0.5 };
        if (distanceToLine(at, a, b) <= radiusPx) data[y * width + x] = value;
      }
    }
  }
  return { width, height, data };
}
