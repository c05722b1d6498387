import { deepEqual, equal, ok } from "node:assert/strict";
import {
  calibrateDrift,
  driftParts,
  driftScore,
  uncalibrated,
} from "../../lib/propagate/drift.ts";

/** A mask of 4x4 from rows of text, # inside. */
function mask(...rows: readonly string[]) {
  const data = Uint8Array.from(rows.join(""), (c) => c === "#" ? 1 : 0);
  return { width: 4, height: 4, data };
}

const square = mask("##..", "##..", "....", "....");
const sure = { presenceScore: 1, predictedIou: 1, stability: 1, distance: 1 };

const best = {
  presence: 1,
  predictedIou: 1,
  stability: 1,
  areaKept: 1,
  placeKept: 1,
  distance: 0,
};

Deno.test("driftScore() is small when nothing speaks against a mask", () => {
  equal(driftScore(best), 1 / (1 + Math.exp(3.3))); // the offset alone: 0.036
});

Deno.test("driftScore() rises with everything that speaks against a mask", () => {
  for (
    const part of [
      "presence",
      "predictedIou",
      "stability",
      "areaKept",
      "placeKept",
      "agreement",
    ]
  ) {
    const scores = [1, 0.5, 0].map((value) =>
      driftScore({ ...best, [part]: value })
    );
    ok(scores[0] < scores[1] && scores[1] < scores[2], part);
  }
  ok(driftScore({ ...best, distance: 50 }) > driftScore(best));
});

Deno.test("driftScore() adds the parts up before it bends them to 0..1", () => {
  // 10 · (1 − 0.75) + 3 · (1 − 0.5) + 0.2 · ln(1 + 0) − 3.3 = 0.7
  const score = driftScore({ ...best, predictedIou: 0.75, stability: 0.5 });
  ok(Math.abs(score - 1 / (1 + Math.exp(-0.7))) < 1e-12);
});

Deno.test("driftScore() takes scores beyond 0 and 1 as 0 and 1", () => {
  equal(driftScore({ ...best, predictedIou: 1.25 }), driftScore(best));
  equal(
    driftScore({ ...best, predictedIou: -1 }),
    driftScore({ ...best, predictedIou: 0 }),
  );
});

Deno.test("driftScore() without a second direction is as with two that agree", () => {
  equal(driftScore({ ...best, agreement: 1 }), driftScore(best));
});

/** Masks with a predicted IoU and what a person found. */
function judged(pairs: readonly (readonly [number, number])[]) {
  return pairs.map(([predictedIou, iou]) => ({
    parts: { ...best, predictedIou },
    iou,
  }));
}

Deno.test("calibrateDrift() leaves the score alone until eight frames are judged", () => {
  deepEqual(calibrateDrift(judged(Array(7).fill([0.5, 1]))), uncalibrated);
});

Deno.test("calibrateDrift() lowers the score where people accept what it doubts, and raises it where they correct what it trusts", () => {
  const doubted = { ...best, predictedIou: 0.7 }; // 3 − 3.3: near one half
  const before = driftScore(doubted);
  const accepted = calibrateDrift(judged(Array(20).fill([0.7, 1])));
  const corrected = calibrateDrift(judged(Array(20).fill([0.7, 0.2])));
  ok(driftScore(doubted, accepted) < before - 0.2);
  ok(driftScore(doubted, corrected) > before + 0.2);
});

Deno.test("calibrateDrift() finds the place where right turns into wrong, and keeps the order", () => {
  const pairs = Array.from({ length: 60 }, (_, i) => {
    const predictedIou = 0.5 + i / 120;
    return [predictedIou, predictedIou > 0.9 ? 0.9 : 0.3] as const;
  });
  const calibration = calibrateDrift(judged(pairs));
  const at = (predictedIou: number) =>
    driftScore({ ...best, predictedIou }, calibration);
  ok(at(0.99) < at(0.9) && at(0.9) < at(0.8) && at(0.8) < at(0.5));
  ok(at(0.85) > 0.5 && at(0.98) < 0.5);
});

Deno.test("driftParts() finds nothing against a mask that stayed as it was", () => {
  const parts = driftParts(square, square, sure);
  deepEqual(parts, {
    presence: 1,
    predictedIou: 1,
    stability: 1,
    areaKept: 1,
    placeKept: 1,
    distance: 1,
  });
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
  equal(driftParts(empty, empty, sure).areaKept, 1);
});

Deno.test("driftParts() has only the model's word where no frame is before", () => {
  const scores = {
    presenceScore: 0.25,
    predictedIou: 0.5,
    stability: 1,
    distance: 9,
  };
  deepEqual(driftParts(square, undefined, scores), {
    presence: 0.25,
    predictedIou: 0.5,
    stability: 1,
    areaKept: 1,
    placeKept: 1,
    distance: 9,
  });
});
