// Masks as polygons, exactly: rings run along pixel edges, on pixel corners.
//
// The object is joined over edges (4), so pixels that touch only at a corner
// become separate polygons. Seen on the screen (y down), outer rings run
// clockwise and holes counter-clockwise. Filling follows the even-odd rule at
// pixel centres, which gives the mask back pixel by pixel. Simplifying and
// bridging, which lose or bend pixels, are in rings.ts.

import type { Bitmap } from "../base/image.ts";
import type { Point, Size } from "../base/tensor.ts";
import { createBitmap } from "./bitmap.ts";
import { connectedComponents } from "./morphology.ts";

/** A closed line of points; the last joins the first. */
export type Ring = readonly Point[];

/** One part of a mask, in pixels of the frame. */
export type Polygon = {
  readonly outer: Ring;
  readonly holes: readonly Ring[];
};

/**
 * Traces the parts of a mask and their holes, in reading order.
 *
 * @example Two pixels side by side
 * ```ts
 * import { bitmapToPolygons } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const bitmap = { width: 3, height: 1, data: Uint8Array.of(0, 1, 1) };
 * deepEqual(bitmapToPolygons(bitmap), [{
 *   outer: [{ x: 1, y: 0 }, { x: 3, y: 0 }, { x: 3, y: 1 }, { x: 1, y: 1 }],
 *   holes: [],
 * }]);
 * ```
 */
export function bitmapToPolygons(bitmap: Bitmap): Polygon[] {
  const { width, data } = bitmap;
  const polygons: { outer: Ring; holes: Ring[] }[] = [];
  const { labels } = connectedComponents(bitmap, { connectivity: 4 });
  const traced = new Uint8Array(data.length); // pixels whose upper edge is in a ring

  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0 || traced[i] || (i >= width && data[i - width])) continue;
    const ring = traceRing(bitmap, i, traced);
    // Parts are numbered from 1 by their first pixel, which starts the outer ring.
    const part = polygons[labels[i] - 1];
    if (part) part.holes.push(ring);
    else polygons.push({ outer: ring, holes: [] });
  }
  return polygons;
}

/** Fills polygons: a pixel is inside when its centre is inside any of them. */
export function polygonsToBitmap(
  polygons: readonly Polygon[],
  size: Size,
): Bitmap {
  const bitmap = createBitmap(size);
  for (const { outer, holes } of polygons) {
    // Where the rings cross the middle line of each row.
    const crossings = Array.from({ length: size.height }, (): number[] => []);
    for (const ring of [outer, ...holes]) addCrossings(ring, crossings);

    for (const [y, xs] of crossings.entries()) {
      xs.sort((a, b) => a - b);
      for (let i = 0; i + 1 < xs.length; i += 2) {
        const from = Math.max(0, Math.ceil(xs[i] - 0.5));
        const to = Math.min(size.width, Math.ceil(xs[i + 1] - 0.5));
        const row = y * size.width;
        if (from < to) bitmap.data.fill(1, row + from, row + to);
      }
    }
  }
  return bitmap;
}

/** The area inside a ring; positive when it runs clockwise on the screen. */
export function ringArea(ring: Ring): number {
  let twice = 0;
  for (const [i, a] of ring.entries()) {
    const b = ring[(i + 1) % ring.length];
    twice += a.x * b.y - b.x * a.y;
  }
  return twice / 2;
}

// Right, down, left, up: turning right is one further.
const stepX = [1, 0, -1, 0];
const stepY = [0, 1, 0, -1];

/** Walks around the object, which stays on the right hand, from the upper edge of a pixel. */
function traceRing(
  { width, height, data }: Bitmap,
  start: number,
  traced: Uint8Array,
): Ring {
  const isInside = (x: number, y: number) =>
    x >= 0 && x < width && y >= 0 && y < height && data[y * width + x] > 0;

  const startX = start % width;
  const startY = (start - startX) / width;
  const ring: Point[] = [{ x: startX, y: startY }];
  let x = startX, y = startY, heading = 0;
  for (;;) {
    if (heading === 0) traced[y * width + x] = 1;
    x += stepX[heading];
    y += stepY[heading];

    // The pixels ahead, to the right and to the left of the way.
    const dx = stepX[heading], dy = stepY[heading];
    const aheadX = x + (dx - 1) / 2, aheadY = y + (dy - 1) / 2;
    const right = isInside(aheadX - dy / 2, aheadY + dx / 2);
    const left = isInside(aheadX + dy / 2, aheadY - dx / 2);
    const turn = !right ? 1 : left ? 3 : 0;
    heading = (heading + turn) % 4;
    if (x === startX && y === startY && heading === 0) return ring;
    if (turn !== 0) ring.push({ x, y });
  }
}

/** Adds, for each row, where a ring crosses the line through its pixel centres. */
function addCrossings(ring: Ring, crossings: number[][]) {
  for (const [i, a] of ring.entries()) {
    const b = ring[(i + 1) % ring.length];
    if (a.y === b.y) continue;
    // Always downwards, so that a bridge gives the same number both ways.
    const [top, foot] = a.y < b.y ? [a, b] : [b, a];
    const slope = (foot.x - top.x) / (foot.y - top.y);
    const first = Math.max(0, Math.ceil(top.y - 0.5));
    const end = Math.min(crossings.length, Math.ceil(foot.y - 0.5));
    for (let y = first; y < end; y++) {
      crossings[y].push(top.x + (y + 0.5 - top.y) * slope);
    }
  }
}
