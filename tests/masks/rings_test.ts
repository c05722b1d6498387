import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  bitmapToPolygons,
  bitmapToYoloRings,
  bridgeHoles,
  bridgeRings,
  iou,
  polygonsToBitmap,
  type Ring,
  sameBitmap,
  simplifyRing,
} from "medannotate";
import type { Size } from "../../lib/base/tensor.ts";
import { sharedTest } from "../shared.ts";
import { readSharedMask } from "./mask_file.ts";
import { randomBitmap } from "./random_bitmap.ts";
import { bitmapOf } from "./text_bitmap.ts";

Deno.test("simplifyRing() leaves out steps below the tolerance", () => {
  const stairs = [
    { x: 0, y: 0 },
    { x: 5, y: 0 },
    { x: 5, y: 1 },
    { x: 10, y: 1 },
    { x: 10, y: 10 },
    { x: 0, y: 10 },
  ];
  // (0,0) to (10,1): (5,0) and (5,1) are half a pixel off the line.
  deepEqual(simplifyRing(stairs, 0.6), [
    { x: 0, y: 0 },
    { x: 10, y: 1 },
    { x: 10, y: 10 },
    { x: 0, y: 10 },
  ]);
  equal(simplifyRing(stairs, 0), stairs);
});

Deno.test("simplifyRing() never leaves fewer than three points", () => {
  const thin = [{ x: 0, y: 0 }, { x: 9, y: 0 }, { x: 9, y: 1 }, { x: 0, y: 1 }];
  equal(simplifyRing(thin, 100).length, 3);
});

Deno.test("bridgeHoles() joins a hole at the nearest corners", () => {
  const [polygon] = bitmapToPolygons(bitmapOf("####", "#..#", "####", "####"));
  const ring = bridgeHoles(polygon);
  equal(ring.length, 4 + 4 + 2); // both rings and the two ends of the bridge
  deepEqual(ring.slice(0, 2), [{ x: 0, y: 0 }, { x: 1, y: 1 }]);
});

Deno.test("bridgeHoles() and bridgeRings() cover the same pixels as before", () => {
  for (let seed = 0; seed < 300; seed++) {
    const bitmap = randomBitmap(seed);
    const polygons = bitmapToPolygons(bitmap);
    const bridged = polygons.map(bridgeHoles);
    ok(sameBitmap(fill(bridged, bitmap), bitmap), `seed ${seed}`);
    for (const [i, { outer, holes }] of polygons.entries()) {
      const points = [outer, ...holes].reduce((sum, r) => sum + r.length, 0);
      equal(bridged[i].length, points + 2 * holes.length);
    }
    if (polygons.length === 0) continue;
    ok(sameBitmap(fill([bridgeRings(bridged)], bitmap), bitmap), `${seed}`);
  }
});

Deno.test("bridgeRings() refuses to join nothing", () => {
  throws(() => bridgeRings([]), RangeError);
});

Deno.test("bitmapToYoloRings() splits or bridges the parts", () => {
  const bitmap = bitmapOf("##..##", "##..##");
  equal(bitmapToYoloRings(bitmap).length, 2);
  const [ring, ...others] = bitmapToYoloRings(bitmap, { parts: "bridge" });
  equal(others.length, 0);
  ok(sameBitmap(fill([ring], bitmap), bitmap));
  deepEqual(bitmapToYoloRings(bitmapOf("..")), []);
});

Deno.test("bitmapToYoloRings() keeps to the greatest number of points", () => {
  for (let seed = 0; seed < 100; seed++) {
    for (const maxPoints of [3, 7, 20]) {
      const rings = bitmapToYoloRings(randomBitmap(seed), { maxPoints });
      ok(rings.every(({ length }) => length >= 3 && length <= maxPoints));
    }
  }
});

sharedTest("bitmapToYoloRings() loses little of real masks", async () => {
  const masks = ["davis16-blackswan/masks/00000.png"];
  for (const path of masks) {
    const bitmap = await readSharedMask(`data/${path}`);
    const exact = bitmapToYoloRings(bitmap, { parts: "bridge" });
    equal(iou(fill(exact, bitmap), bitmap), 1);
    const simple = bitmapToYoloRings(bitmap, { tolerancePx: 1 });
    ok(simple[0].length < exact[0].length / 4);
    ok(iou(fill(simple, bitmap), bitmap) > 0.98);
    const coarse = bitmapToYoloRings(bitmap, { maxPoints: 60 });
    ok(iou(fill(coarse, bitmap), bitmap) > 0.95);
  }
});

function fill(rings: readonly Ring[], size: Size) {
  return polygonsToBitmap(
    rings.map((outer) => ({ outer, holes: [] })),
    size,
  );
}
