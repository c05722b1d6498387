import { deepEqual, equal, ok } from "node:assert/strict";
import { resizeImage, sampleClip } from "medannotate";
import {
  findNearest,
  hashDistance,
  type ImageHash,
  imageHash,
  isPlain,
} from "../../../lib/work/export/image_hash.ts";

/** A picture of 9x8 pixels, each a field of the hash. */
function fields(grey: (x: number, y: number) => number) {
  const data = new Uint8Array(9 * 8 * 3);
  for (let i = 0; i < 72; i++) {
    data.fill(grey(i % 9, Math.floor(i / 9)), 3 * i, 3 * i + 3);
  }
  return { width: 9, height: 8, data };
}

Deno.test("imageHash() sets a bit where the field to the right is lighter", () => {
  deepEqual(imageHash(fields((x) => 10 * x)), [0xffffffff, 0xffffffff]);
  deepEqual(imageHash(fields((x) => 200 - 10 * x)), [0, 0]);
  // Only the first two fields of the last row differ: the first of its 8 bits.
  const one = fields((x, y) => x > 0 && y === 7 ? 9 : 0);
  deepEqual(imageHash(one), [0, 0x80]);
});

Deno.test("hashDistance() counts bits", () => {
  equal(hashDistance([0, 0], [0, 0]), 0);
  equal(hashDistance([0xffffffff, 0], [0, 0xffffffff]), 64);
  equal(hashDistance([0b1011, 0], [0b0001, 1]), 3);
});

Deno.test("imageHash() hardly changes when a picture is resized", async () => {
  const { image } = sampleClip({ size: { width: 192, height: 144 } }).frame(0);
  const small = await resizeImage(image, { width: 96, height: 72 });
  ok(hashDistance(imageHash(image), imageHash(small)) <= 6);
});

Deno.test("findNearest() finds the pair that differs least", () => {
  const item = (bits: number): { hash: ImageHash } => ({ hash: [bits, 0] });
  const a = [item(0), item(0b111)];
  const b = [item(0b110)];
  deepEqual(findNearest(a, b), { a: a[1], b: b[0], distance: 1 });
  equal(findNearest(a, []), undefined);
});

Deno.test("isPlain() finds pictures of one colour", () => {
  ok(isPlain(fields(() => 7)));
  ok(!isPlain(fields((x) => x)));
});
