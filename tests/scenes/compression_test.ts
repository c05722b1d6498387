import { deepEqual, ok } from "node:assert/strict";
import { compressImage } from "../../lib/scenes/compression.ts";
import { makeScene } from "medannotate";

Deno.test("compressImage() keeps a flat grey picture of any size", () => {
  const grey = new Uint8Array(21 * 13 * 3).fill(128);
  compressImage(grey, 21, 13, 50);
  ok(grey.every((value) => value === 128));
});

Deno.test("compressImage() loses more at a lower quality, and little at the best", () => {
  const { image } = makeScene(3, { family: "volume" }).frames[0];
  const losses = [100, 80, 20, 5].map((quality) => {
    const bytes = image.data.slice();
    compressImage(bytes, image.width, image.height, quality);
    return bytes.reduce((sum, v, i) => sum + Math.abs(v - image.data[i]), 0) /
      bytes.length;
  });
  deepEqual([...losses].sort((a, b) => a - b), losses);
  ok(losses[0] < 1.5, `${losses}`);
});
