// Editing by vertices, as in EISeg.

import { deepEqual, equal } from "node:assert/strict";
import {
  closeDrawing,
  deleteVertex,
  drawPoint,
  findEdge,
  findVertex,
  insertVertex,
  isTooSmall,
  moveVertex,
  polygonEditToBitmap,
  startPolygonEdit,
} from "../../../lib/api/page/polygon_edit.ts";
import { areaPx, createBitmap } from "../../../lib/masks/bitmap.ts";

const size = { width: 20, height: 20 };

/** A square of 10 x 10 at (5, 5), with a hole of 4 x 4 in it. */
function edit() {
  const bitmap = createBitmap(size);
  for (let y = 5; y < 15; y++) {
    for (let x = 5; x < 15; x++) {
      const inHole = x >= 8 && x < 12 && y >= 8 && y < 12;
      bitmap.data[y * 20 + x] = inHole ? 0 : 1;
    }
  }
  return startPolygonEdit(bitmap, { objectId: 1, frame: 0, base: "x" });
}

Deno.test("startPolygonEdit() keeps corners and holes", () => {
  const { polygons, changed } = edit();
  equal(polygons.length, 1);
  equal(polygons[0].outer.length, 4);
  equal(polygons[0].holes.length, 1);
  equal(changed, false);
  equal(areaPx(polygonEditToBitmap(edit(), size)), 84); // 100 - 16
});

Deno.test("findVertex() takes the nearest within reach", () => {
  deepEqual(findVertex(edit(), { x: 5.5, y: 5.2 }, 2), {
    polygon: 0,
    ring: 0,
    vertex: 0,
  });
  equal(findVertex(edit(), { x: 10, y: 1 }, 2), undefined);
});

Deno.test("moveVertex() moves a corner and tells that something changed", () => {
  const moved = moveVertex(edit(), { polygon: 0, ring: 0, vertex: 0 }, {
    x: 0,
    y: 0,
  });
  deepEqual(moved.polygons[0].outer[0], { x: 0, y: 0 });
  equal(moved.changed, true);
});

Deno.test("insertVertex() puts a vertex on the edge that findEdge() finds", () => {
  const place = { x: 10, y: 5 };
  const edge = findEdge(edit(), place, 1);
  deepEqual(edge, { polygon: 0, ring: 0, vertex: 1 });
  if (!edge) return;
  const { polygons } = insertVertex(edit(), edge, place);
  deepEqual(polygons[0].outer[1], place);
  equal(polygons[0].outer.length, 5);
});

Deno.test("deleteVertex() takes a ring of three as a whole, its holes with it", () => {
  const first = { polygon: 0, ring: 0, vertex: 0 };
  const triangle = deleteVertex(edit(), first);
  equal(triangle.polygons[0].outer.length, 3);
  equal(deleteVertex(triangle, first).polygons.length, 0);

  const hole = { polygon: 0, ring: 1, vertex: 0 };
  const noHole = deleteVertex(deleteVertex(edit(), hole), hole);
  equal(noHole.polygons[0].holes.length, 0);
  equal(noHole.polygons.length, 1);
});

Deno.test("closeDrawing() adds a polygon, and drops less than three points", () => {
  const corners = [{ x: 0, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 4 }];
  const drawn = corners.reduce(drawPoint, edit());
  const closed = closeDrawing(drawPoint(drawn, corners[2])); // a double click
  equal(closed.polygons.length, 2);
  deepEqual(closed.polygons[1].outer, corners);
  const dropped = closeDrawing(drawPoint(edit(), corners[0]));
  equal(dropped.polygons.length, 1);
  equal(dropped.changed, false);
});

Deno.test("isTooSmall() is true of a few pixels until they are seen large", () => {
  const square = (side: number) => [
    { x: 0, y: 0 },
    { x: side, y: 0 },
    { x: side, y: side },
    { x: 0, y: side },
  ];
  equal(isTooSmall(square(3), 1), true); // 9 pixels
  equal(isTooSmall(square(3), 4), false);
  equal(isTooSmall(square(4), 1), false); // 16 pixels
});
