import { equal } from "node:assert/strict";
import { showsObject } from "../../lib/scenes/visible.ts";

/** 20 × 20 pixels of one grey with a square of another, which is object 1. */
function square(sidePx: number, background: number, grey: number) {
  const data = new Uint8Array(20 * 20 * 3).fill(background);
  const ids = new Uint8Array(20 * 20);
  for (let k = 0; k < sidePx * sidePx; k++) {
    const i = (5 + Math.floor(k / sidePx)) * 20 + 5 + k % sidePx;
    ids[i] = 1;
    data.fill(grey, 3 * i, 3 * i + 3);
  }
  const size = { width: 20, height: 20 };
  return { image: { ...size, data }, identities: { ...size, data: ids } };
}

Deno.test("showsObject() wants 0.2 % of the pixels and a step at the edge", () => {
  equal(showsObject(square(6, 100, 120)), true);
  equal(showsObject(square(6, 100, 103)), true);
  equal(showsObject(square(6, 100, 102)), false);
  equal(showsObject(square(0, 100, 120)), false);
});

Deno.test("showsObject() takes an object that fills the picture", () => {
  const all = square(6, 100, 100);
  all.identities.data.fill(1);
  equal(showsObject(all), true);
});
