import { deepEqual, notDeepEqual } from "node:assert/strict";
import { makeScene, sceneSheet } from "medannotate";

const options = { columns: 2, side: 32 };

Deno.test("sceneSheet() shows each scene in its place, every second one outlined", () => {
  const sheet = sceneSheet([4, 5, 6], options);
  deepEqual([sheet.width, sheet.height], [64, 64]);
  const tile = (column: number, row: number) =>
    Uint8Array.from({ length: 32 * 32 * 3 }, (_, k) => {
      const y = Math.floor(k / 96) + row * 32;
      return sheet.data[y * 64 * 3 + column * 96 + k % 96];
    });
  const image = (seed: number) =>
    makeScene(seed, { side: 32 }).frames[0].image.data;
  deepEqual(tile(0, 0), image(4));
  notDeepEqual(tile(1, 0), image(5));
  deepEqual(tile(0, 1), image(6));
});

Deno.test("sceneSheet() shows the frames of clips side by side", () => {
  const sheet = sceneSheet([4, 5], {
    ...options,
    columns: 3,
    frames: 3,
    outlines: "none",
  });
  deepEqual([sheet.width, sheet.height], [96, 64]);
});
