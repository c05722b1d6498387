import { deepEqual } from "node:assert/strict";
import {
  padPoints,
  toModelMask,
  toModelPoints,
} from "../../lib/sam2/prompts.ts";

const place = { frame: { width: 200, height: 100 }, side: 64 };

Deno.test("toModelPoints() scales x and y apart, since the frame is squeezed to a square", () => {
  const clicks = [
    { x: 50, y: 25, sign: "+" },
    { x: 200, y: 0, sign: "-" },
  ] as const;
  deepEqual(toModelPoints({ clicks }, place), [
    { x: 16, y: 16, label: 1 }, // 50 / 200 * 64, 25 / 100 * 64
    { x: 64, y: 0, label: 0 },
  ]);
});

Deno.test("toModelPoints() puts the corners of a box first", () => {
  const clicks = [{ x: 100, y: 50, sign: "+" }] as const;
  const box = { x0: 0, y0: 0, x1: 100, y1: 100 };
  deepEqual(toModelPoints({ clicks, box }, place), [
    { x: 0, y: 0, label: 2 },
    { x: 32, y: 64, label: 3 },
    { x: 32, y: 32, label: 1 },
  ]);
});

Deno.test("padPoints() appends one point that is none, two where there is no other", () => {
  const none = { x: 0, y: 0, label: -1 };
  const point = { x: 3, y: 4, label: 1 };
  deepEqual(padPoints([point]), [point, none]);
  deepEqual(padPoints([]), [none, none]);
});

Deno.test("toModelMask() leaves a mask of the right size as it is", () => {
  const data = Uint8Array.of(1, 0, 0, 1);
  deepEqual(
    [...toModelMask({ width: 2, height: 2, data }, 2)],
    [1, 0, 0, 1],
  );
});

Deno.test("toModelMask() shrinks with antialiasing and cuts at one half", () => {
  // 4 columns become 2 with weights 3/7 3/7 1/7 and 1/7 3/7 3/7
  const left = Uint8Array.from({ length: 16 }, (_, i) => i % 4 < 2 ? 1 : 0);
  deepEqual(
    [...toModelMask({ width: 4, height: 4, data: left }, 2)],
    [1, 0, 1, 0], // 6/7 and 1/7
  );
  const edge = Uint8Array.from({ length: 16 }, (_, i) => i % 4 < 1 ? 1 : 0);
  deepEqual(
    [...toModelMask({ width: 4, height: 4, data: edge }, 2)],
    [0, 0, 0, 0], // 3/7 and 0
  );
});
