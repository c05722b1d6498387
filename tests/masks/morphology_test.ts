import { deepEqual, equal } from "node:assert/strict";
import {
  areaPx,
  complementOf,
  connectedComponents,
  dilate,
  fillHoles,
  keepLargest,
  removeSprinkles,
} from "medannotate";
import { randomBitmap } from "./random_bitmap.ts";
import { bitmapOf, rowsOf } from "./text_bitmap.ts";

Deno.test("connectedComponents() numbers parts in reading order", () => {
  const bitmap = bitmapOf(
    "#.#",
    "..#",
    "##.",
  );
  const edges = connectedComponents(bitmap, { connectivity: 4 });
  deepEqual([...edges.labels], [1, 0, 2, 0, 0, 2, 3, 3, 0]);
  deepEqual(edges.areasPx, [4, 1, 2, 2]);
  // Over corners the two on the right and the two below are one.
  const corners = connectedComponents(bitmap, { connectivity: 8 });
  deepEqual([...corners.labels], [1, 0, 2, 0, 0, 2, 2, 2, 0]);
  deepEqual(corners.areasPx, [4, 1, 4]);
});

Deno.test("connectedComponents() joins the arms of a U and a spiral", () => {
  const u = bitmapOf("#.#", "#.#", "###");
  deepEqual(connectedComponents(u).areasPx, [2, 7]);
  const spiral = bitmapOf("#####", "....#", "###.#", "#...#", "#####");
  deepEqual(connectedComponents(spiral, { connectivity: 4 }).areasPx, [8, 17]);
});

Deno.test("connectedComponents() never lets neighbours differ", () => {
  for (let seed = 0; seed < 200; seed++) {
    const bitmap = randomBitmap(seed);
    const { labels, areasPx } = connectedComponents(bitmap);
    equal(areasPx.length - 1, countByFlooding(bitmap), `seed ${seed}`);
    equal(areaPx(bitmap), bitmap.data.length - areasPx[0]);
    deepEqual([...labels].map((label) => label > 0 ? 1 : 0), [...bitmap.data]);
  }
});

Deno.test("fillHoles() fills what the border does not touch", () => {
  const bitmap = bitmapOf(
    "######.",
    "#.#..#.",
    "####.#.",
    "######.",
  );
  deepEqual(rowsOf(fillHoles(bitmap)), [
    "######.",
    "######.",
    "######.",
    "######.",
  ]);
  // Holes of 1 and 3 pixels; those at (3,1), (4,1), (4,2) hang together.
  deepEqual(rowsOf(fillHoles(bitmap, { maxAreaPx: 2 }))[1], "###..#.");
});

Deno.test("removeSprinkles() keeps parts above the area", () => {
  const bitmap = bitmapOf("#.##.###");
  deepEqual(rowsOf(removeSprinkles(bitmap, { maxAreaPx: 1 })), ["..##.###"]);
  deepEqual(rowsOf(removeSprinkles(bitmap, { maxAreaPx: 2 })), [".....###"]);
});

Deno.test("keepLargest() keeps one part", () => {
  deepEqual(rowsOf(keepLargest(bitmapOf("#.##.##"))), ["..##..."]);
  deepEqual(rowsOf(keepLargest(bitmapOf("..."))), ["..."]);
});

Deno.test("dilate() grows by a disk", () => {
  const bitmap = bitmapOf(".....", ".....", "..#..", ".....", ".....");
  deepEqual(rowsOf(dilate(bitmap, 2)), [
    "..#..",
    ".###.",
    "#####",
    ".###.",
    "..#..",
  ]);
  deepEqual(rowsOf(dilate(bitmap, 1.5))[1], ".###."); // 1.41 to the corners
  deepEqual(rowsOf(dilate(bitmap, 0)), rowsOf(bitmap));
});

Deno.test("dilate() agrees with its definition", () => {
  for (let seed = 0; seed < 100; seed++) {
    const bitmap = randomBitmap(seed);
    const { width, data } = bitmap;
    const radius = seed % 5;
    const expected = Uint8Array.from(data, (_, i) => {
      const isNear = data.some((pixel, j) =>
        pixel > 0 &&
        (i % width - j % width) ** 2 +
              (Math.floor(i / width) - Math.floor(j / width)) ** 2 <=
          radius ** 2
      );
      return isNear ? 1 : 0;
    });
    deepEqual(dilate(bitmap, radius).data, expected, `seed ${seed}`);
  }
});

Deno.test("complementOf() swaps inside and outside", () => {
  deepEqual(rowsOf(complementOf(bitmapOf("#.."))), [".##"]);
});

/** Counts parts by flooding each from its first pixel, over edges and corners. */
function countByFlooding(
  { width, height, data }: ReturnType<typeof randomBitmap>,
): number {
  const left = data.slice();
  let count = 0;
  for (let start = left.indexOf(1); start >= 0; start = left.indexOf(1)) {
    count++;
    const open = [start];
    left[start] = 0;
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      for (let y = -1; y <= 1; y++) {
        for (let x = -1; x <= 1; x++) {
          const column = i % width + x, row = Math.floor(i / width) + y;
          if (column < 0 || column >= width || row < 0 || row >= height) {
            continue;
          }
          if (left[row * width + column] === 0) continue;
          left[row * width + column] = 0;
          open.push(row * width + column);
        }
      }
    }
  }
  return count;
}
