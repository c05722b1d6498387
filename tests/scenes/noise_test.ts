import { equal, notEqual, ok } from "node:assert/strict";
import { gradientNoise, hash, smoothstep } from "../../lib/scenes/noise.ts";

Deno.test("gradientNoise() is 0 on its lattice and depends on the seed between", () => {
  const noise = gradientNoise(1);
  equal(Math.abs(noise(3, -4)), 0);
  notEqual(noise(0.3, 0.6), gradientNoise(2)(0.3, 0.6));
  equal(noise(0.3, 0.6), gradientNoise(1)(0.3, 0.6));
});

Deno.test("gradientNoise() is smooth and bounded", () => {
  const noise = gradientNoise(5);
  for (let i = 0; i < 1000; i++) {
    const x = i * 0.173;
    ok(Math.abs(noise(x, 0.7 * x)) < 1.5);
    ok(Math.abs(noise(x + 1e-4, 0.7 * x) - noise(x, 0.7 * x)) < 1e-3);
  }
});

Deno.test("smoothstep() rises from 0 to 1, also downward", () => {
  equal(smoothstep(2, 4, 1), 0);
  equal(smoothstep(2, 4, 3), 0.5);
  equal(smoothstep(2, 4, 5), 1);
  equal(smoothstep(4, 2, 5), 0);
});

Deno.test("hash() gives 32 bits that change with every argument", () => {
  const values = [hash(1, 2, 3), hash(2, 2, 3), hash(1, 3, 3), hash(1, 2, 4)];
  equal(new Set(values).size, 4);
  ok(values.every((value) => value >= 0 && value < 2 ** 32));
});
