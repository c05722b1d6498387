// Rings for formats that know one line of points per object: simplified to
// fewer points, holes and parts joined by bridges.
//
// A bridge is two lines on top of each other, so it covers no pixel. It goes
// between the nearest corners, the known workaround for YOLO-seg
// (ultralytics/ultralytics#1106). Simplifying is Ramer-Douglas-Peucker.

import type { Bitmap } from "../base/image.ts";
import type { Point } from "../base/tensor.ts";
import {
  bitmapToPolygons,
  type Polygon,
  type Ring,
  ringArea,
} from "./polygons.ts";

/**
 * Leaves out points of a closed ring that lie within the tolerance of what stays.
 *
 * @example A point on a straight line goes
 * ```ts
 * import { simplifyRing } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const ring = [{ x: 0, y: 0 }, { x: 2, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 4 }];
 * equal(simplifyRing(ring, 0.5).length, 3);
 * ```
 */
export function simplifyRing(ring: Ring, tolerancePx: number): Ring {
  if (ring.length <= 3 || tolerancePx <= 0) return ring;
  // Two points far from each other cut the ring into two lines.
  const first = farthestFrom(ring, ring[0]);
  const second = farthestFrom(ring, ring[first]);
  const [from, to] = [Math.min(first, second), Math.max(first, second)];
  const kept = new Uint8Array(ring.length);
  kept[from] = kept[to] = 1;
  keepBends(ring, from, to, tolerancePx, kept);
  keepBends(ring, to, from + ring.length, tolerancePx, kept);

  const simple = ring.filter((_, i) => kept[i]);
  if (simple.length >= 3) return simple;
  // All of it is thinner than the tolerance: keep a triangle.
  const there = farthestFromLine(ring, from, to);
  const back = farthestFromLine(ring, to, from + ring.length);
  const third = there.distance > back.distance ? there.at : back.at;
  kept[third % ring.length] = 1;
  return ring.filter((_, i) => kept[i]);
}

/** Joins each hole of a polygon to its outer ring: one ring, the same pixels. */
export function bridgeHoles({ outer, holes }: Polygon): Ring {
  return bridgeRings([outer, ...holes]);
}

/** Joins several rings, parts or holes, into one by two-line bridges between nearest corners. */
export function bridgeRings(rings: readonly Ring[]): Ring {
  const [first, ...others] = rings;
  if (!first) throw new RangeError("Cannot bridge rings: there are none");
  const joined = [...first];
  const waiting = others.map((ring) => ({ ring, ...nearest(joined, ring) }));
  while (waiting.length > 0) {
    // The ring that is nearest now goes in at the corner it is nearest to.
    const next = waiting.reduce((a, b) => b.distance < a.distance ? b : a);
    waiting.splice(waiting.indexOf(next), 1);
    const { ring, here, there } = next;
    const around = [...ring.slice(there), ...ring.slice(0, there + 1)];
    const added = [...around, joined[here]];
    joined.splice(here + 1, 0, ...added);

    for (const other of waiting) {
      if (other.here > here) other.here += added.length;
      const found = nearest(around, other.ring);
      if (found.distance >= other.distance) continue;
      other.here = here + 1 + found.here;
      other.there = found.there;
      other.distance = found.distance;
    }
  }
  return joined;
}

/**
 * Makes the rings of a mask for YOLO-seg: one per part, holes bridged.
 *
 * @param tolerancePx how far simplified lines may stray; 0 keeps every corner
 * @param maxPoints the tolerance grows until no ring has more
 * @param parts "bridge" joins all parts into one ring, one row per object
 */
export function bitmapToYoloRings(
  bitmap: Bitmap,
  { tolerancePx = 0, maxPoints = Infinity, parts = "split" }: {
    tolerancePx?: number;
    maxPoints?: number;
    parts?: "split" | "bridge";
  } = {},
): Ring[] {
  if (maxPoints < 3) {
    throw new RangeError(
      `Cannot make rings of ${maxPoints} points, at least 3`,
    );
  }
  const polygons = bitmapToPolygons(bitmap);
  const groups = parts === "bridge"
    ? [polygons.flatMap(ringsOf)].filter((rings) => rings.length > 0)
    : polygons.map(ringsOf);
  return groups.map((rings) => joinWithin(rings, tolerancePx, maxPoints));
}

/** Simplifies and joins rings, ever more coarsely until the points suffice. */
function joinWithin(
  rings: readonly Ring[],
  tolerancePx: number,
  maxPoints: number,
): Ring {
  const areas = rings.map((ring) => Math.abs(ringArea(ring)));
  const largest = Math.max(...areas);
  for (
    let tolerance = tolerancePx;;
    tolerance = Math.max(0.5, tolerance * 1.25)
  ) {
    // What is smaller than the tolerance goes; the largest ring always stays.
    const kept = rings.filter((_, i) =>
      areas[i] >= Math.min(tolerance ** 2, largest)
    );
    const joined = bridgeRings(
      kept.map((ring) => simplifyRing(ring, tolerance)),
    );
    if (joined.length <= maxPoints) return joined;
  }
}

function ringsOf({ outer, holes }: Polygon): Ring[] {
  return [outer, ...holes];
}

/** Marks the points between two kept ones that stray from the straight line. */
function keepBends(
  ring: Ring,
  from: number,
  to: number,
  tolerancePx: number,
  kept: Uint8Array,
) {
  const open = [[from, to]]; // a stack, as rings can have very many points
  for (let span = open.pop(); span; span = open.pop()) {
    const { at, distance } = farthestFromLine(ring, span[0], span[1]);
    if (distance <= tolerancePx) continue;
    kept[at % ring.length] = 1;
    open.push([span[0], at], [at, span[1]]);
  }
}

function farthestFromLine(ring: Ring, from: number, to: number) {
  const a = ring[from % ring.length];
  const b = ring[to % ring.length];
  let at = from, distance = -1;
  for (let i = from + 1; i < to; i++) {
    const d = distanceToSegment(ring[i % ring.length], a, b);
    if (d > distance) [at, distance] = [i, d];
  }
  return { at, distance };
}

function distanceToSegment(p: Point, a: Point, b: Point): number {
  const dx = b.x - a.x, dy = b.y - a.y;
  const square = dx * dx + dy * dy;
  const along = square === 0
    ? 0
    : ((p.x - a.x) * dx + (p.y - a.y) * dy) / square;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

function farthestFrom(ring: Ring, { x, y }: Point): number {
  let best = 0, distance = -1;
  for (const [i, point] of ring.entries()) {
    const d = Math.hypot(point.x - x, point.y - y);
    if (d > distance) [best, distance] = [i, d];
  }
  return best;
}

/** The nearest pair of corners of two rings. */
function nearest(ring: Ring, other: Ring) {
  let here = 0, there = 0, distance = Infinity;
  for (const [i, a] of ring.entries()) {
    for (const [j, b] of other.entries()) {
      const d = (a.x - b.x) ** 2 + (a.y - b.y) ** 2;
      if (d < distance) [here, there, distance] = [i, j, d];
    }
  }
  return { here, there, distance };
}
