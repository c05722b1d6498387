import { deepEqual, equal } from "node:assert/strict";
import { logitsToBitmap, resizeBitmap, resizeLogits } from "medannotate";
import { bitmapOf, rowsOf } from "./text_bitmap.ts";

Deno.test("resizeLogits() keeps a mask that has the right size", () => {
  const mask = {
    dims: [1, 1, 2, 2],
    data: Float32Array.of(1, 2, 3, 4),
  } as const;
  deepEqual(resizeLogits(mask, { width: 2, height: 2 }), mask);
});

Deno.test("resizeLogits() blends between pixel centres and clamps at the edges", () => {
  const mask = {
    dims: [1, 1, 2, 2],
    data: Float32Array.of(0, 4, 8, 12),
  } as const;
  const { dims, data } = resizeLogits(mask, { width: 4, height: 2 });
  deepEqual(dims, [1, 1, 2, 4]);
  deepEqual([...data], [0, 1, 3, 4, 8, 9, 11, 12]); // 0 + (4 - 0) * 0.25 = 1
});

Deno.test("resizeLogits() keeps the masks of a batch apart", () => {
  const masks = {
    dims: [2, 1, 1, 1],
    data: Float32Array.of(-1, 5),
  } as const;
  const { dims, data } = resizeLogits(masks, { width: 2, height: 1 });
  deepEqual(dims, [2, 1, 1, 2]);
  deepEqual([...data], [-1, -1, 5, 5]);
});

Deno.test("resizeLogits() shrinks without averaging, as torch does", () => {
  const row = {
    dims: [1, 1, 1, 4],
    data: Float32Array.of(0, 10, 20, 90),
  } as const;
  // Output centres lie at 0.5 and 2.5 of the input: (0 + 10) / 2, (20 + 90) / 2.
  deepEqual([...resizeLogits(row, { width: 2, height: 1 }).data], [5, 55]);
});

Deno.test("resizeBitmap() repeats and picks pixels", () => {
  const bitmap = bitmapOf("#.", ".#");
  const large = resizeBitmap(bitmap, { width: 4, height: 4 });
  deepEqual(rowsOf(large), ["##..", "##..", "..##", "..##"]);
  deepEqual(rowsOf(resizeBitmap(large, bitmap)), ["#.", ".#"]);
});

Deno.test("logitsToBitmap() is inside above 0", () => {
  const logits = {
    dims: [1, 2, 1, 3],
    data: Float32Array.of(1, 1, 1, -1, 0, 0.5),
  } as const;
  equal(rowsOf(logitsToBitmap(logits, { mask: 1 }))[0], "..#");
});
