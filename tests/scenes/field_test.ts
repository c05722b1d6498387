import { deepEqual, ok } from "node:assert/strict";
import { blur, type Field, resizeField } from "../../lib/scenes/field.ts";

Deno.test("blur() keeps a flat field, its border and the sum of a spot", () => {
  const flat = { width: 9, height: 7, data: new Float32Array(63).fill(0.4) };
  for (const sigma of [0.3, 1, 2.5]) {
    for (const value of blur(flat, sigma).data) {
      ok(Math.abs(value - 0.4) < 1e-6, `${value}`);
    }
    const { data } = blur(spot(), sigma);
    ok(Math.abs(data.reduce((sum, v) => sum + v, 0) - 1) < 1e-5);
  }
});

Deno.test("blur() spreads a spot with the variance that is asked for", () => {
  for (const sigma of [0.3, 0.8, 1.5, 3]) {
    const { data, width } = blur(spot(), sigma);
    const variance = data.reduce(
      (sum, v, i) => sum + v * (i % width - 20) ** 2,
      0,
    );
    ok(Math.abs(Math.sqrt(variance) / sigma - 1) < 0.001, `${variance}`);
  }
});

Deno.test("blur() keeps the colours of a canvas apart", () => {
  const data = new Float32Array(5 * 4 * 3);
  for (let p = 0; p < data.length; p += 3) data[p + 1] = 1;
  const { data: soft } = blur({ width: 5, height: 4, data }, 1.2);
  for (let p = 0; p < soft.length; p += 3) {
    deepEqual([soft[p], Math.round(soft[p + 1] * 1e5), soft[p + 2]], [
      0,
      1e5,
      0,
    ]);
  }
});

Deno.test("resizeField() doubles a ramp between its pixels' centres", () => {
  const ramp = { width: 2, height: 1, data: Float32Array.of(0, 1) };
  // Centres at 0.25, 0.75, 1.25, 1.75 of the old pixels, whose own are 0.5 and 1.5.
  deepEqual([...resizeField(ramp, 4, 1).data], [0, 0.25, 0.75, 1]);
});

/** 1 in the middle of 41 × 41. */
function spot(): Field {
  const data = new Float32Array(41 * 41);
  data[20 * 41 + 20] = 1;
  return { width: 41, height: 41, data };
}
