// Editing a mask by its vertices, as EISeg does: drag moves, a double click on
// an edge inserts, on a vertex deletes; a ring of three goes as a whole.
//
// Holes stay holes. Simplified rings have lost pixels, so a part that was not
// changed is written back as it was, pixel by pixel.

import type { Bitmap } from "../../base/image.ts";
import type { Point, Size } from "../../base/tensor.ts";
import {
  bitmapToPolygons,
  type Polygon,
  polygonsToBitmap,
  type Ring,
  ringArea,
} from "../../masks/polygons.ts";
import { simplifyRing } from "../../masks/rings.ts";
import { distanceToLine } from "./geometry.ts";
import type { PolygonEdit, VertexAddress } from "./state.ts";

/** Starts to edit a mask. */
export function startPolygonEdit(
  bitmap: Bitmap,
  { objectId, frame, base }: {
    objectId: number;
    frame: number;
    base: string | null;
  },
): PolygonEdit {
  const polygons = bitmapToPolygons(bitmap).map((exact) => ({
    outer: simplify(exact.outer),
    holes: exact.holes.map(simplify),
    exact,
  }));
  return {
    objectId,
    frame,
    base,
    polygons,
    selected: null,
    drawing: null,
    changed: false,
  };
}

/** The mask inside the polygons. */
export function polygonEditToBitmap(edit: PolygonEdit, size: Size): Bitmap {
  const polygons = edit.polygons.map((it) => it.exact ?? it);
  return polygonsToBitmap(polygons, size);
}

/** Islands and holes of a few pixels get no handles before they are seen large. */
export function isTooSmall(ring: Ring, zoom: number): boolean {
  return zoom < 4 && Math.abs(ringArea(ring)) < 12;
}

/** Finds the vertex nearest to a place, within a distance. */
export function findVertex(
  { polygons }: PolygonEdit,
  at: Point,
  withinPx: number,
): VertexAddress | undefined {
  let best: VertexAddress | undefined;
  let nearest = withinPx;
  for (const [address, { x, y }] of vertices(polygons)) {
    const distance = Math.hypot(x - at.x, y - at.y);
    if (distance > nearest) continue;
    nearest = distance;
    best = address;
  }
  return best;
}

/** Finds the edge nearest to a place, by the vertex that it leads to. */
export function findEdge(
  { polygons }: PolygonEdit,
  at: Point,
  withinPx: number,
): VertexAddress | undefined {
  let best: VertexAddress | undefined;
  let nearest = withinPx;
  for (const [address, point] of vertices(polygons)) {
    const ring = ringAt(polygons, address);
    const next = ring[(address.vertex + 1) % ring.length];
    const distance = distanceToLine(at, point, next);
    if (distance > nearest) continue;
    nearest = distance;
    best = { ...address, vertex: address.vertex + 1 };
  }
  return best;
}

/** Moves a vertex. */
export function moveVertex(
  edit: PolygonEdit,
  at: VertexAddress,
  to: Point,
): PolygonEdit {
  return withRing(
    edit,
    at,
    (ring) => ring.map((point, i) => i === at.vertex ? to : point),
  );
}

/** Puts a vertex before the one at the address. */
export function insertVertex(
  edit: PolygonEdit,
  at: VertexAddress,
  point: Point,
): PolygonEdit {
  const added = withRing(edit, at, (ring) => [
    ...ring.slice(0, at.vertex),
    point,
    ...ring.slice(at.vertex),
  ]);
  return { ...added, selected: at };
}

/** Takes a vertex out; with one of three, its ring. */
export function deleteVertex(
  edit: PolygonEdit,
  at: VertexAddress,
): PolygonEdit {
  const ring = ringAt(edit.polygons, at);
  const left = ring.length <= 3 ? [] : ring.filter((_, i) => i !== at.vertex);
  return { ...withRing(edit, at, () => left), selected: null };
}

/** Adds a point to the polygon that is being drawn. */
export function drawPoint(edit: PolygonEdit, point: Point): PolygonEdit {
  return { ...edit, selected: null, drawing: [...edit.drawing ?? [], point] };
}

/** Closes the polygon that is being drawn; fewer than three points are dropped. */
export function closeDrawing(edit: PolygonEdit): PolygonEdit {
  // A double click comes as two clicks at one place.
  const points = (edit.drawing ?? []).filter(({ x, y }, i, all) =>
    i === 0 || Math.hypot(x - all[i - 1].x, y - all[i - 1].y) > 1e-6
  );
  if (points.length < 3) return { ...edit, drawing: null };
  return {
    ...edit,
    drawing: null,
    polygons: [...edit.polygons, { outer: points, holes: [] }],
    changed: true,
  };
}

/** All vertices with their addresses. */
export function* vertices(
  polygons: readonly Polygon[],
): Generator<[VertexAddress, Point]> {
  for (const [polygon, { outer, holes }] of polygons.entries()) {
    for (const [ring, points] of [outer, ...holes].entries()) {
      for (const [vertex, point] of points.entries()) {
        yield [{ polygon, ring, vertex }, point];
      }
    }
  }
}

function ringAt(
  polygons: readonly Polygon[],
  { polygon, ring }: VertexAddress,
): Ring {
  const { outer, holes } = polygons[polygon];
  return ring === 0 ? outer : holes[ring - 1];
}

function withRing(
  edit: PolygonEdit,
  { polygon, ring }: VertexAddress,
  change: (ring: Ring) => Ring,
): PolygonEdit {
  const polygons = edit.polygons.map((it, i) => {
    if (i !== polygon) return it;
    if (ring === 0) return { outer: change(it.outer), holes: it.holes };
    const holes = it.holes.map((hole, k) =>
      k === ring - 1 ? change(hole) : hole
    ).filter((hole) => hole.length > 0);
    return { outer: it.outer, holes };
  }).filter(({ outer }) => outer.length > 0);
  return { ...edit, polygons, changed: true };
}

/** Coarser than EISeg's 0.0005 of the length, so that vertices can be grasped. */
function simplify(ring: Ring): Ring {
  let length = 0;
  for (const [i, a] of ring.entries()) {
    const b = ring[(i + 1) % ring.length];
    length += Math.hypot(b.x - a.x, b.y - a.y);
  }
  return simplifyRing(ring, Math.max(1, 0.003 * length));
}
