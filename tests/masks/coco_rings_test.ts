import { deepEqual, equal } from "node:assert/strict";
import {
  bitmapToRle,
  boxOf,
  cocoRingsToRle,
  rleAreaPx,
  rleBox,
  rleToBitmap,
} from "medannotate";
import { randomBitmap } from "./random_bitmap.ts";
import { rowsOf } from "./text_bitmap.ts";

const ringOf = (...points: [number, number][]) =>
  points.map(([x, y]) => ({ x, y }));
const size = { width: 6, height: 4 };

Deno.test("cocoRingsToRle() fills whole pixels between whole coordinates", () => {
  const rle = cocoRingsToRle([ringOf([1, 1], [4, 1], [4, 3], [1, 3])], size);
  deepEqual(rowsOf(rleToBitmap(rle)), ["......", ".###..", ".###..", "......"]);
});

Deno.test("cocoRingsToRle() joins rings that overlap or touch", () => {
  const one = ringOf([0, 0], [2, 0], [2, 2], [0, 2]);
  const two = ringOf([1, 1], [3, 1], [3, 4], [1, 4]);
  const joined = rleToBitmap(cocoRingsToRle([one, two], size));
  deepEqual(rowsOf(joined), ["##....", "###...", ".##...", ".##..."]);
  deepEqual(
    cocoRingsToRle([two, one], size),
    cocoRingsToRle([one, two], size),
  );
});

Deno.test("cocoRingsToRle() cuts what lies outside, and survives points in one place", () => {
  const outside = ringOf([-5, -5], [20, -5], [20, 20], [-5, 20]);
  equal(rleAreaPx(cocoRingsToRle([outside], size)), 24);
  const point = ringOf([2, 2], [2, 2], [2, 2]);
  deepEqual(cocoRingsToRle([point], size), { size: [4, 6], counts: [24] });
});

Deno.test("rleBox() is the box of the bitmap, for random masks", () => {
  for (let seed = 0; seed < 200; seed++) {
    const bitmap = randomBitmap(seed);
    deepEqual(rleBox(bitmapToRle(bitmap)), boxOf(bitmap));
  }
});
