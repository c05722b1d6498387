import { deepEqual, equal } from "node:assert/strict";
import {
  orientedSize,
  orientImage,
  parseDisplayMatrix,
} from "../../lib/media/orientation.ts";

/** Two pixels side by side, 1 and 2. */
const IMAGE = { width: 2, height: 1, data: Uint8Array.of(1, 1, 1, 2, 2, 2) };

Deno.test("parseDisplayMatrix() finds nothing to do in the identity", () => {
  equal(parseDisplayMatrix(matrix([1, 0, 0, 1])), undefined);
  equal(parseDisplayMatrix(new Uint8Array(4)), undefined);
});

Deno.test("parseDisplayMatrix() leaves slanted pictures alone", () => {
  equal(parseDisplayMatrix(matrix([0.7, 0.7, -0.7, 0.7])), undefined);
});

Deno.test("orientImage() turns a phone's upright recording clockwise", () => {
  // x' = -y, y' = x: the left pixel comes to the top.
  const orientation = parseDisplayMatrix(matrix([0, 1, -1, 0]));
  deepEqual(orientedSize(IMAGE, orientation), { width: 1, height: 2 });
  const image = orientImage(IMAGE, orientation);
  deepEqual([image.width, image.height], [1, 2]);
  deepEqual([...image.data], [1, 1, 1, 2, 2, 2]);
});

Deno.test("orientImage() turns by 180 degrees and mirrors", () => {
  const turned = parseDisplayMatrix(matrix([-1, 0, 0, -1]));
  deepEqual([...orientImage(IMAGE, turned).data], [2, 2, 2, 1, 1, 1]);
  const mirrored = parseDisplayMatrix(matrix([-1, 0, 0, 1]));
  deepEqual([...orientImage(IMAGE, mirrored).data], [2, 2, 2, 1, 1, 1]);
  const transposed = parseDisplayMatrix(matrix([0, 1, 1, 0]));
  deepEqual([...orientImage(IMAGE, transposed).data], [1, 1, 1, 2, 2, 2]);
});

function matrix([a, b, c, d]: number[]): Uint8Array {
  const numbers = [a, b, 0, c, d, 0, 0, 0, 16384].map((n) => n * 65536);
  return new Uint8Array(Int32Array.from(numbers).buffer);
}
