import { deepEqual, equal } from "node:assert/strict";
import { makeBatch } from "../../../lib/yolo/training/batch.ts";

const about = { classCount: 2, width: 16, height: 8, hasMasks: true };

Deno.test("makeBatch() pads images with few objects and says which are there", () => {
  const box = { x0: 1, y0: 2, x1: 5, y1: 6 };
  const { boxes, classes, present, numbers } = makeBatch(
    new Float32Array(2 * 3 * 16 * 8),
    { ...about, labels: [[], [{ classNumber: 1, box }]] },
  );
  deepEqual([boxes.dims, classes.dims, present.dims, numbers.dims], [
    [2, 1, 4],
    [2, 1, 2],
    [2, 1, 1],
    [1, 1, 1],
  ]);
  deepEqual([...boxes.data], [0, 0, 0, 0, 1, 2, 5, 6]);
  deepEqual([...classes.data], [0, 0, 0, 1]);
  deepEqual([...present.data], [0, 1]);
});

Deno.test("makeBatch() draws the smaller of two objects on top, counted from 1", () => {
  const whole = { x0: 0, y0: 0, x1: 16, y1: 8 };
  const part = { x0: 0, y0: 0, x1: 7, y1: 8 };
  const { masks } = makeBatch(new Float32Array(3 * 16 * 8), {
    ...about,
    labels: [[
      { classNumber: 0, box: part },
      { classNumber: 1, box: whole },
    ]],
  });
  equal(masks?.dims.join(), "1,1,8");
  // 16 px are 4 places; the smaller covers 7 px: places 0 and, by its two middle pixels 5 and 6, 1
  deepEqual([...masks?.data ?? []], [1, 1, 2, 2, 1, 1, 2, 2]);
});
