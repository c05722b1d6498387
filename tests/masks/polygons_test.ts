import { deepEqual, equal, ok } from "node:assert/strict";
import {
  areaPx,
  bitmapToPolygons,
  connectedComponents,
  polygonsToBitmap,
  ringArea,
  sameBitmap,
} from "medannotate";
import { sharedTest } from "../shared.ts";
import { readSharedMask } from "./mask_file.ts";
import { randomBitmap } from "./random_bitmap.ts";
import { bitmapOf, rowsOf } from "./text_bitmap.ts";

Deno.test("bitmapToPolygons() runs along pixel edges, clockwise, without points on straight lines", () => {
  const [polygon, ...others] = bitmapToPolygons(
    bitmapOf("....", ".##.", ".#.."),
  );
  deepEqual(others, []);
  deepEqual(polygon, {
    outer: [
      { x: 1, y: 1 },
      { x: 3, y: 1 },
      { x: 3, y: 2 },
      { x: 2, y: 2 },
      { x: 2, y: 3 },
      { x: 1, y: 3 },
    ],
    holes: [],
  });
  equal(ringArea(polygon.outer), 3); // clockwise on the screen is positive
});

Deno.test("bitmapToPolygons() finds a hole, counter-clockwise", () => {
  const [{ outer, holes }] = bitmapToPolygons(bitmapOf("###", "#.#", "###"));
  equal(ringArea(outer), 9);
  equal(holes.length, 1);
  equal(ringArea(holes[0]), -1);
});

Deno.test("bitmapToPolygons() separates pixels that touch at a corner", () => {
  equal(bitmapToPolygons(bitmapOf("#.", ".#")).length, 2);
});

Deno.test("bitmapToPolygons() gives a part inside a hole its own polygon", () => {
  const polygons = bitmapToPolygons(bitmapOf(
    "#####",
    "#...#",
    "#.#.#",
    "#...#",
    "#####",
  ));
  deepEqual(polygons.map(({ holes }) => holes.length), [1, 0]);
  deepEqual(polygons.map(({ outer }) => ringArea(outer)), [25, 1]);
});

Deno.test("bitmapToPolygons() of an empty mask is empty", () => {
  deepEqual(bitmapToPolygons(bitmapOf("...")), []);
});

Deno.test("polygonsToBitmap() takes pixels whose centre is inside", () => {
  // From 0.4 to 2.5: the centres 0.5 and 1.5 are inside, 2.5 no more.
  const outer = [
    { x: 0.4, y: 0 },
    { x: 2.5, y: 0 },
    { x: 2.5, y: 1 },
    { x: 0.4, y: 1 },
  ];
  const bitmap = polygonsToBitmap([{ outer, holes: [] }], {
    width: 4,
    height: 1,
  });
  deepEqual(rowsOf(bitmap), ["##.."]);
});

Deno.test("polygonsToBitmap() clips what lies outside the image", () => {
  const outer = [{ x: -5, y: -5 }, { x: 2, y: -5 }, { x: 2, y: 9 }, {
    x: -5,
    y: 9,
  }];
  const bitmap = polygonsToBitmap([{ outer, holes: [] }], {
    width: 3,
    height: 2,
  });
  deepEqual(rowsOf(bitmap), ["##.", "##."]);
});

Deno.test("bitmapToPolygons() and polygonsToBitmap() give every random mask back", () => {
  for (let seed = 0; seed < 1000; seed++) {
    const bitmap = randomBitmap(seed);
    const polygons = bitmapToPolygons(bitmap);
    ok(sameBitmap(polygonsToBitmap(polygons, bitmap), bitmap), `seed ${seed}`);

    const { areasPx } = connectedComponents(bitmap, { connectivity: 4 });
    equal(polygons.length, areasPx.length - 1);
    for (const [i, { outer, holes }] of polygons.entries()) {
      ok(ringArea(outer) > 0 && holes.every((hole) => ringArea(hole) < 0));
      const area = [outer, ...holes].reduce((sum, r) => sum + ringArea(r), 0);
      equal(area, areasPx[i + 1], `seed ${seed}`);
    }
  }
});

sharedTest(
  "bitmapToPolygons() and polygonsToBitmap() give real masks back",
  async () => {
    for (const frame of ["00000", "00025", "00049"]) {
      for (const folder of ["masks", "osvos"]) {
        const path = `data/davis16-blackswan/${folder}/${frame}.png`;
        const bitmap = await readSharedMask(path);
        ok(areaPx(bitmap) > 1000);
        const polygons = bitmapToPolygons(bitmap);
        ok(sameBitmap(polygonsToBitmap(polygons, bitmap), bitmap), path);
      }
    }
  },
);
