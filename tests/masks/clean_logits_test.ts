import { deepEqual } from "node:assert/strict";
import { clearLogitSprinkles, fillLogitHoles } from "medannotate";

// + is 2, - is -3
const size = { width: 5, height: 4 };
const rows = [
  "+-+++",
  "+++-+",
  "++-++",
  "----+",
];
const logits = logitsOf(...rows);

function logitsOf(...rows: readonly string[]): Float32Array {
  const values: Record<string, number> = { "+": 2, "-": -3, o: 9, ".": -7 };
  return Float32Array.from(rows.join(""), (sign) => values[sign]);
}

Deno.test("fillLogitHoles() fills small parts of the background, at the border too", () => {
  // one part of one pixel on the border; the others touch at corners: 6 pixels
  deepEqual(
    fillLogitHoles(logits, size, { maxAreaPx: 5, value: 9 }),
    logitsOf("+o+++", "+++-+", "++-++", "----+"),
  );
  deepEqual(
    fillLogitHoles(logits, size, { maxAreaPx: 6, value: 9 }),
    logitsOf("+o+++", "+++o+", "++o++", "oooo+"),
  );
  deepEqual(fillLogitHoles(logits, size, { maxAreaPx: 0, value: 9 }), logits);
});

Deno.test("fillLogitHoles() takes a logit of 0 for background", () => {
  deepEqual(
    fillLogitHoles(Float32Array.of(1, 0, 1), { width: 3, height: 1 }, {
      maxAreaPx: 1,
      value: 9,
    }),
    Float32Array.of(1, 9, 1),
  );
});

Deno.test("clearLogitSprinkles() clears small parts of the object", () => {
  const specks = logitsOf("+----", "-+--+", "-----", "++++-");
  deepEqual(
    clearLogitSprinkles(specks, size, { maxAreaPx: 2, value: -7 }),
    logitsOf(".----", "-.--.", "-----", "++++-"),
  );
});
