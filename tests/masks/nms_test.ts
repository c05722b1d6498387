import { deepEqual, equal } from "node:assert/strict";
import { boxIou, suppressBoxes } from "medannotate";

const box = (x0: number, y0: number, x1: number, y1: number) => ({
  x0,
  y0,
  x1,
  y1,
});

Deno.test("boxIou() divides the shared area by that of both", () => {
  equal(boxIou(box(0, 0, 4, 4), box(2, 0, 6, 4)), 8 / 24);
  equal(boxIou(box(0, 0, 4, 4), box(4, 0, 8, 4)), 0);
  equal(boxIou(box(0, 0, 4, 4), box(5, 5, 8, 8)), 0);
  equal(boxIou(box(1, 1, 1, 1), box(1, 1, 1, 1)), 0);
});

Deno.test("suppressBoxes() removes what overlaps a better box, not what overlaps a removed one", () => {
  const boxes = [
    box(0, 0, 10, 10),
    box(3, 0, 13, 10), // IoU 70 / 130 with the first
    box(6, 0, 16, 10), // IoU 70 / 130 with the second, 40 / 160 with the first
  ];
  deepEqual(suppressBoxes(boxes, [3, 2, 1], { iouThreshold: 0.5 }), [0, 2]);
  deepEqual(suppressBoxes(boxes, [1, 2, 3], { iouThreshold: 0.5 }), [2, 0]);
  deepEqual(suppressBoxes(boxes, [2, 3, 1], { iouThreshold: 0.5 }), [1]);
});

Deno.test("suppressBoxes() keeps an overlap of exactly the threshold, and of equal scores the earlier box", () => {
  const boxes = [box(0, 0, 4, 4), box(0, 0, 4, 2)]; // IoU 8 / 16
  deepEqual(suppressBoxes(boxes, [1, 1], { iouThreshold: 0.5 }), [0, 1]);
  deepEqual(suppressBoxes(boxes, [1, 1], { iouThreshold: 0.4 }), [0]);
  deepEqual(suppressBoxes([], [], { iouThreshold: 0.4 }), []);
});
