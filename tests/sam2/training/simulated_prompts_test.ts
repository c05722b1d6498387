import { deepEqual, equal, ok } from "node:assert/strict";
import type { Bitmap } from "medannotate";
import { seededRandom } from "../../../lib/base/random.ts";
import {
  addCorrections,
  firstPrompts,
  promptTensors,
} from "../../../lib/sam2/training/simulated_prompts.ts";

const half = 32; // of an input of 64 pixels

/** A rectangle, from and to before in pixels at half the side. */
function box(x0: number, y0: number, x1: number, y1: number): Bitmap {
  const data = Uint8Array.from({ length: half * half }, (_, i) => {
    const [x, y] = [i % half, Math.floor(i / half)];
    return Number(x >= x0 && x < x1 && y >= y0 && y < y1);
  });
  return { width: half, height: half, data };
}

Deno.test("firstPrompts() begins with a click inside, in pixels of the input", () => {
  const mask = box(4, 8, 14, 20);
  const random = seededRandom(1);
  for (let i = 0; i < 200; i++) {
    const { points: [[{ x, y, label }]] } = firstPrompts([mask], random, {
      box: 0,
      mask: 0,
    });
    equal(label, 1);
    // the middle of a pixel at half the side: 2 · 4 + 0.5 to 2 · 13 + 0.5
    ok(x >= 8.5 && x <= 26.5 && y >= 16.5 && y <= 38.5, `${x}, ${y}`);
  }
});

Deno.test("firstPrompts() gives boxes that are off by at most 12 % of their sides", () => {
  const random = seededRandom(1);
  for (let i = 0; i < 200; i++) {
    const { points: [[a, b]] } = firstPrompts([box(4, 8, 14, 20)], random, {
      box: 1,
      mask: 0,
    });
    deepEqual([a.label, b.label], [2, 3]);
    ok(
      Math.abs(a.x - 8) <= 2 * 0.12 * 11 + 1e-9 &&
        Math.abs(a.y - 16) <= 2 * 0.12 * 13 + 1e-9,
    );
    ok(
      Math.abs(b.x - 28) <= 2 * 0.12 * 11 + 1e-9 &&
        Math.abs(b.y - 40) <= 2 * 0.12 * 13 + 1e-9,
    );
  }
});

Deno.test("addCorrections() clicks into the larger error, + where something is missing, - where there is too much", () => {
  const truth = box(4, 4, 14, 14);
  const logits = [new Float32Array(16 * 16).fill(100)];
  const start = { points: [[{ x: 17.5, y: 17.5, label: 1 }]] };
  const correct = (found: Bitmap, random = () => 0.9) =>
    addCorrections(start, { truths: [truth], found: [found], logits, random });
  const missing = correct(box(4, 4, 9, 14)); // the right half is missing
  equal(missing.points[0][1].label, 1);
  ok(missing.points[0][1].x > 18);
  const tooMuch = correct(box(4, 4, 28, 14));
  equal(tooMuch.points[0][1].label, 0);
  ok(tooMuch.points[0][1].x > 28);
  equal(missing.masks?.[0][0], 32); // logits are clamped
});

Deno.test("promptTensors() fills up with one point, or with two where there is none", () => {
  const one = promptTensors({ points: [[{ x: 3, y: 5, label: 1 }]] }, 64);
  deepEqual([...one.points.data], [3, 5, 0, 0]);
  deepEqual([...one.labels.data], [1, -1]);
  ok(one.isAmbiguous);
  const none = promptTensors({ points: [[]] }, 64);
  deepEqual([...none.labels.data], [-1, -1]);
  const corners = [{ x: 0, y: 0, label: 2 }, { x: 9, y: 9, label: 3 }];
  ok(!promptTensors({ points: [corners] }, 64).isAmbiguous);
});
