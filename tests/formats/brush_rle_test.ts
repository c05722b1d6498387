import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  bitmapToBrushRle,
  brushRleToBitmap,
  packRuns,
  unpackRuns,
  type WordRun,
} from "medannotate";
import { seededRandom } from "../../lib/base/random.ts";
import { ring } from "../work/export/made_sequence.ts";

/** The values of the package's README: 1,024 words, those in the middle not 0. */
const readme: readonly WordRun[] = [
  ...[[0, 512], [1, 5], [2, 4], [3, 3], [4, 2], [5, 1]] as const,
  ...[[4, 2], [3, 3], [2, 4], [1, 5], [0, 483]] as const,
];

Deno.test("packRuns() packs the README's example into as many bytes as it says", () => {
  equal(packRuns(readme).length, 30);
  const sizes = { wordBits: 3, lengthBits: [1, 2, 3, 9] };
  equal(packRuns(readme, sizes).length, 20);
  for (const packed of [packRuns(readme), packRuns(readme, sizes)]) {
    deepEqual([...unpackRuns(packed)], readme);
  }
});

Deno.test("packRuns() writes header and block bit by bit", () => {
  // 3 words of 8 bits, lengths of 3, 4, 8 and 16 bits; then a run (1) of the
  // first kind (00), 3 - 1 (010), 255
  const bits = "00000000000000000000000000000011" + "00111" +
    "0010" + "0011" + "0111" + "1111" + "1" + "00" + "010" + "11111111";
  const bytes = bits.padEnd(72, "0").match(/.{8}/g) ?? [];
  deepEqual([...packRuns([[255, 3]])], bytes.map((byte) => parseInt(byte, 2)));
});

Deno.test("unpackRuns() reads words that do not repeat", () => {
  const runs: WordRun[] = Array.from({ length: 300 }, (_, i) => [i % 256, 1]);
  deepEqual([...unpackRuns(packRuns(runs))], runs);
});

Deno.test("brushRleToBitmap() gives random masks back", () => {
  const random = seededRandom(7);
  for (let i = 0; i < 200; i++) {
    const width = 1 + Math.floor(40 * random());
    const height = 1 + Math.floor(40 * random());
    const share = random();
    const data = Uint8Array.from(
      { length: width * height },
      () => random() < share ? 1 : 0,
    );
    const mask = { width, height, data };
    deepEqual(brushRleToBitmap(bitmapToBrushRle(mask), mask), mask);
  }
});

Deno.test("brushRleToBitmap() reads an image of 2313 x 2405: 22,251,060 values", () => {
  const size = { width: 2313, height: 2405 };
  const mask = ring(size, { x: 900.5, y: 1200.5, outer: 700, inner: 90 });
  const rle = bitmapToBrushRle(mask);
  const [a, b, c, d] = rle;
  equal(((a * 256 + b) * 256 + c) * 256 + d, 22_251_060);
  deepEqual(brushRleToBitmap(Array.from(rle), size), mask);
  console.log(`22251060 values in ${rle.length} bytes`);
});

Deno.test("brushRleToBitmap() looks at alpha only", () => {
  // red without alpha, black with alpha
  const packed = packRuns([[255, 1], [0, 2], [0, 1], [0, 3], [128, 1]]);
  const { data } = brushRleToBitmap(packed, { width: 2, height: 1 });
  deepEqual([...data], [0, 1]);
});

Deno.test("brushRleToBitmap() refuses streams that are broken or of another size", () => {
  const mask = ring({ width: 20, height: 10 }, { x: 9, y: 5, outer: 4 });
  const rle = bitmapToBrushRle(mask);
  throws(
    () => brushRleToBitmap(rle, { width: 20, height: 11 }),
    /it has 800 values, expected 880/,
  );
  throws(() => brushRleToBitmap(rle.slice(0, 12), mask), /byte 12/);
  throws(() => brushRleToBitmap([0, 0, 3, 32, 300], mask), /byte 4 is 300/);
  throws(
    () => brushRleToBitmap(rle, { width: 1e6, height: 1e6 }),
    { name: "RangeError", message: /at most/ },
  );
  const random = seededRandom(3);
  let refused = 0;
  for (let i = 0; i < 500; i++) {
    const spoilt = rle.slice();
    spoilt[Math.floor(random() * rle.length)] ^= 1 << Math.floor(8 * random());
    try {
      equal(brushRleToBitmap(spoilt, mask).data.length, 200);
    } catch (error) {
      ok(error instanceof SyntaxError || error instanceof RangeError);
      refused++;
    }
  }
  ok(refused > 50, `${refused}`);
});
