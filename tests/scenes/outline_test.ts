import { deepEqual, ok } from "node:assert/strict";
import { flatField } from "../../lib/scenes/field.ts";
import {
  bar,
  coverOf,
  fillOutline,
  wavyEllipse,
} from "../../lib/scenes/outline.ts";

const sum = (data: Float32Array) => data.reduce((total, v) => total + v, 0);

Deno.test("fillOutline() covers border pixels by their share", () => {
  const cover = flatField(4, 3);
  // A rectangle from x = 0.5 to 2.25 and y = 1 to 2.5.
  fillOutline(cover, [0.5, 1, 2.25, 1, 2.25, 2.5, 0.5, 2.5]);
  // deno-fmt-ignore
  deepEqual([...cover.data], [
    0, 0, 0, 0,
    0.5, 1, 0.25, 0,
    0.25, 0.5, 0.125, 0,
  ]);
});

Deno.test("fillOutline() covers the same in either direction, and crossings once", () => {
  const square = [1, 1, 5, 1, 5, 5, 1, 5];
  const back = [1, 1, 1, 5, 5, 5, 5, 1];
  deepEqual(coverOf(6, 6, [square]), coverOf(6, 6, [back]));
  deepEqual(coverOf(6, 6, [[...square, ...square]]), coverOf(6, 6, [square]));
});

Deno.test("fillOutline() takes a hole away and cuts at the border", () => {
  const cover = flatField(4, 4);
  fillOutline(cover, [-3, -3, 9, -3, 9, 9, -3, 9]);
  deepEqual(sum(cover.data), 16);
  fillOutline(cover, [1, 1, 3, 1, 3, 3, 1, 3], 0);
  deepEqual(sum(cover.data), 12);
});

Deno.test("wavyEllipse() and bar() have the areas of an ellipse and a stadium", () => {
  const ellipse = wavyEllipse({ x: 20, y: 20, rx: 15, ry: 8, turn: 0.7 });
  const area = sum(coverOf(40, 40, [ellipse]).data);
  ok(Math.abs(area / (Math.PI * 15 * 8) - 1) < 0.01, `${area}`);
  const stadium = sum(coverOf(40, 40, [bar([10, 20], [30, 20], 6, 6)]).data);
  ok(Math.abs(stadium / (20 * 6 + Math.PI * 9) - 1) < 0.03, `${stadium}`);
});
