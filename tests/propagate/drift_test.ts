import { deepEqual, equal, ok } from "node:assert/strict";
import { driftParts, driftScore } from "../../lib/propagate/drift.ts";

/** A mask of 4x4 from rows of text, # inside. */
function mask(...rows: readonly string[]) {
  const data = Uint8Array.from(rows.join(""), (c) => c === "#" ? 1 : 0);
  return { width: 4, height: 4, data };
}

const square = mask("##..", "##..", "....", "....");
const sure = { presenceScore: 1, predictedIou: 1 };

Deno.test("driftScore() is one minus the weakest part", () => {
  const parts = {
    presence: 0.75,
    predictedIou: 0.5,
    areaKept: 1,
    placeKept: 0.625,
  };
  equal(driftScore(parts), 0.5); // 1 - 0.5
  equal(driftScore({ ...parts, predictedIou: 1 }), 0.375); // 1 - 0.625
});

Deno.test("driftScore() stays between 0 and 1", () => {
  const parts = { presence: 1, predictedIou: 1, areaKept: 1, placeKept: 1 };
  equal(driftScore(parts), 0);
  equal(driftScore({ ...parts, predictedIou: 1.25 }), 0);
  equal(driftScore({ ...parts, predictedIou: -1 }), 1);
});

Deno.test("driftParts() finds nothing against a mask that stayed as it was", () => {
  const parts = driftParts(square, square, sure);
  deepEqual(parts, { presence: 1, predictedIou: 1, areaKept: 1, placeKept: 1 });
});

Deno.test("driftParts() compares areas both ways", () => {
  const half = mask("##..", "....", "....", "....");
  equal(driftParts(half, square, sure).areaKept, 0.5); // 2 of 4 px
  equal(driftParts(square, half, sure).areaKept, 0.5);
});

Deno.test("driftParts() measures a jump by the diagonal of the box before", () => {
  // the box before is 2x2, its diagonal sqrt(8); the centre moves by (1, 1)
  const moved = mask("....", ".##.", ".##.", "....");
  ok(Math.abs(driftParts(moved, square, sure).placeKept - 0.5) < 1e-12);
  // by (2, 2): all of the diagonal
  const gone = mask("....", "....", "..##", "..##");
  ok(driftParts(gone, square, sure).placeKept < 1e-12);
});

Deno.test("driftParts() doubts a mask that vanished or came from nothing", () => {
  const empty = mask("....", "....", "....", "....");
  equal(driftParts(empty, square, sure).areaKept, 0);
  equal(driftParts(square, empty, sure).areaKept, 0);
  equal(driftScore(driftParts(empty, empty, sure)), 0);
});

Deno.test("driftParts() has only the model's word where no frame is before", () => {
  const scores = { presenceScore: 0.25, predictedIou: 0.5 };
  deepEqual(driftParts(square, undefined, scores), {
    presence: 0.25,
    predictedIou: 0.5,
    areaKept: 1,
    placeKept: 1,
  });
});
