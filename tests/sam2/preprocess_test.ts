import { deepEqual, equal, ok } from "node:assert/strict";
import { normaliseImage, resample } from "../../lib/sam2/preprocess.ts";

/** Resizes one row of values. */
function row(values: readonly number[], width: number): number[] {
  const from = { width: values.length, height: 1 };
  const planes = Float32Array.from(values);
  return [...resample(planes, { from, to: { width, height: 1 } })];
}

function near(found: readonly number[], wanted: readonly number[]) {
  equal(found.length, wanted.length);
  found.forEach((value, i) =>
    ok(Math.abs(value - wanted[i]) < 1e-6, `${found} is not ${wanted}`)
  );
}

Deno.test("resample() makes a ramp of an edge that grows", () => {
  near(row([0, 1], 4), [0, 0.25, 0.75, 1]);
});

Deno.test("resample() averages with a triangle where it shrinks", () => {
  // centre 1, reach 2: weights 0.75 0.75 0.25, in sevenths 3 3 1
  near(row([7, 0, 0, 0], 2), [3, 0]);
  near(row([0, 7, 0, 0], 2), [3, 1]);
  near(row([0, 0, 7, 0], 2), [1, 3]);
});

Deno.test("resample() keeps a constant, whatever the sizes", () => {
  for (const width of [1, 2, 3, 5, 8, 13]) {
    near(row([4, 4, 4, 4, 4], width), Array(width).fill(4));
  }
});

Deno.test("resample() copies what has the right size", () => {
  const planes = Float32Array.of(1, 2);
  const size = { width: 2, height: 1 };
  const copy = resample(planes, { from: size, to: size });
  deepEqual([...copy], [1, 2]);
  copy[0] = 9;
  equal(planes[0], 1);
});

Deno.test("resample() resizes rows, columns and every plane", () => {
  const planes = Float32Array.of(0, 1, 0, 1, /* second */ 0, 0, 8, 8);
  const size = { width: 2, height: 2 };
  const wide = resample(planes, { from: size, to: { width: 4, height: 2 } });
  near([...wide], [
    ...[0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1],
    ...[0, 0, 0, 0, 8, 8, 8, 8],
  ]);
  const flat = resample(planes, { from: size, to: { width: 2, height: 1 } });
  near([...flat], [0, 1, 4, 4]); // both rows weigh the same
});

Deno.test("normaliseImage() takes the mean off and divides by the deviation, one plane a colour", () => {
  const data = Uint8Array.of(0, 255, 51);
  const tensor = normaliseImage({ width: 1, height: 1, data }, 1);
  deepEqual(tensor.dims, [1, 3, 1, 1]);
  near([...tensor.data], [
    (0 - 0.485) / 0.229,
    (1 - 0.456) / 0.224,
    (0.2 - 0.406) / 0.225, // 51 / 255
  ]);
});

Deno.test("normaliseImage() squeezes any image to the square", () => {
  const size = { width: 3, height: 2 };
  const grey = new Uint8Array(18).fill(255);
  const { dims, data } = normaliseImage({ ...size, data: grey }, 32);
  deepEqual(dims, [1, 3, 32, 32]);
  near([data[0], data[1023]], [2.2489083, 2.2489083]); // 0.515 / 0.229
});
