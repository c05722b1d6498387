import { deepEqual, throws } from "node:assert/strict";
import { boxOf, rowRuns, rowRunsToBitmap } from "medannotate";
import { seededRandom } from "../../lib/base/random.ts";
import { bitmapOf } from "./text_bitmap.ts";

Deno.test("rowRuns() counts row by row within the box, background first", () => {
  const mask = bitmapOf(".....", "..##.", ".##..", ".....");
  const box = { x0: 1, y0: 1, x1: 4, y1: 3 };
  // .## ##.
  deepEqual(rowRuns(mask, box), [1, 4, 1]);
  deepEqual(rowRunsToBitmap([1, 4, 1], box, mask), mask);
  deepEqual(rowRunsToBitmap([1, 4], box, mask), mask); // the end may be missing
});

Deno.test("rowRunsToBitmap() gives random masks back", () => {
  const random = seededRandom(5);
  for (let i = 0; i < 100; i++) {
    const [width, height] = [1 + Math.floor(20 * random()), 9];
    const data = Uint8Array.from(
      { length: width * height },
      () => random() < 0.4 ? 1 : 0,
    );
    const mask = { width, height, data };
    const box = boxOf(mask);
    if (!box) continue;
    deepEqual(rowRunsToBitmap(rowRuns(mask, box), box, mask), mask);
  }
});

Deno.test("rowRunsToBitmap() refuses what reaches out of the frame", () => {
  const size = { width: 4, height: 4 };
  const box = { x0: 2, y0: 2, x1: 5, y1: 4 };
  throws(() => rowRunsToBitmap([0, 2], box, size), RangeError);
  const inside = { x0: 2, y0: 2, x1: 4, y1: 4 };
  throws(() => rowRunsToBitmap([0, 5], inside, size), /5 pixels in the box/);
});
