import { deepEqual, equal, throws } from "node:assert/strict";
import {
  areaPx,
  boxOf,
  centroidOf,
  createBitmap,
  isEmpty,
  sameBitmap,
  subtract,
  unionOf,
} from "medannotate";
import { bitmapOf, rowsOf } from "./text_bitmap.ts";

Deno.test("createBitmap() makes an empty mask", () => {
  const bitmap = createBitmap({ width: 3, height: 2 });
  equal(isEmpty(bitmap), true);
  equal(areaPx(bitmap), 0);
  equal(boxOf(bitmap), undefined);
  equal(centroidOf(bitmap), undefined);
});

Deno.test("boxOf() is half open and touches the outermost pixels", () => {
  const bitmap = bitmapOf("....", ".#..", "...#");
  deepEqual(boxOf(bitmap), { x0: 1, y0: 1, x1: 4, y1: 3 });
  equal(areaPx(bitmap), 2);
  equal(isEmpty(bitmap), false);
});

Deno.test("centroidOf() is the mean of pixel centres", () => {
  // Pixels (0,0), (2,0), (2,1): x = (0.5 + 2.5 + 2.5) / 3, y = (0.5 + 0.5 + 1.5) / 3
  const { x, y } = centroidOf(bitmapOf("#.#", "..#")) ?? { x: 0, y: 0 };
  equal(x.toFixed(9), (5.5 / 3).toFixed(9));
  equal(y.toFixed(9), (2.5 / 3).toFixed(9));
});

Deno.test("unionOf() joins masks and subtract() removes one", () => {
  const a = bitmapOf("##..");
  const b = bitmapOf(".##.");
  deepEqual(rowsOf(unionOf(a, b)), ["###."]);
  deepEqual(rowsOf(subtract(a, b)), ["#..."]);
  deepEqual(rowsOf(a), ["##.."]); // the arguments stay
});

Deno.test("sameBitmap() compares sizes and pixels", () => {
  equal(sameBitmap(bitmapOf("#."), bitmapOf("#.")), true);
  equal(sameBitmap(bitmapOf("#."), bitmapOf(".#")), false);
  equal(sameBitmap(bitmapOf("#."), bitmapOf("#", ".")), false);
  const as255 = { width: 2, height: 1, data: Uint8Array.of(255, 0) };
  equal(sameBitmap(bitmapOf("#."), as255), true);
});

Deno.test("unionOf() refuses masks of different sizes", () => {
  throws(() => unionOf(bitmapOf("#."), bitmapOf("#")), /one is 2x1, .* 1x1/);
});
