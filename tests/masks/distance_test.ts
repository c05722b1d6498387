import { deepEqual, equal } from "node:assert/strict";
import { createBitmap, deepestPoint, distanceInside } from "medannotate";
import type { Bitmap } from "../../lib/base/image.ts";
import { randomBitmap } from "./random_bitmap.ts";
import { bitmapOf } from "./text_bitmap.ts";

Deno.test("distanceInside() counts the image border as outside", () => {
  const full = bitmapOf("###", "###", "###");
  deepEqual([...distanceInside(full)], [1, 1, 1, 1, 2, 1, 1, 1, 1]);
});

Deno.test("distanceInside() is Euclidean", () => {
  const bitmap = bitmapOf(
    "#####",
    "#####",
    "##.##",
    "#####",
    "#####",
  );
  const distances = distanceInside(bitmap);
  equal(distances[2 * 5 + 2], 0);
  equal(distances[1 * 5 + 2], 1);
  equal(distances[1 * 5 + 1], Math.fround(Math.SQRT2)); // one right, one down
  equal(distances[0], 1);
});

Deno.test("distanceInside() agrees with trying every pixel", () => {
  for (let seed = 0; seed < 200; seed++) {
    const bitmap = randomBitmap(seed);
    deepEqual(distanceInside(bitmap), slowDistance(bitmap), `seed ${seed}`);
  }
});

Deno.test("deepestPoint() takes the first of equally deep pixels", () => {
  deepEqual(deepestPoint(bitmapOf("....", ".##.", ".##.")), { x: 1, y: 1 });
  equal(deepestPoint(createBitmap({ width: 2, height: 2 })), undefined);
});

Deno.test("deepestPoint() has the largest distance", () => {
  for (let seed = 0; seed < 100; seed++) {
    const bitmap = randomBitmap(seed);
    const distances = [...distanceInside(bitmap)];
    const largest = Math.max(...distances);
    const at = distances.indexOf(largest);
    const expected = largest === 0
      ? undefined
      : { x: at % bitmap.width, y: Math.floor(at / bitmap.width) };
    deepEqual(deepestPoint(bitmap), expected, `seed ${seed}`);
  }
});

/** The definition: the least distance to any outside pixel, the border included. */
function slowDistance({ width, height, data }: Bitmap): Float32Array {
  return Float32Array.from(data, (pixel, i) => {
    if (!pixel) return 0;
    const x = i % width, y = Math.floor(i / width);
    let best = Math.min(x + 1, y + 1, width - x, height - y) ** 2;
    for (let j = 0; j < data.length; j++) {
      const dx = j % width - x, dy = Math.floor(j / width) - y;
      if (!data[j]) best = Math.min(best, dx * dx + dy * dy);
    }
    return Math.sqrt(best);
  });
}
