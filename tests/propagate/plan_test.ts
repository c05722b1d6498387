import { deepEqual, equal, ok } from "node:assert/strict";
import {
  emptyGap,
  framesOf,
  type Gap,
  type GapState,
  isNearer,
  listGaps,
  type Pass,
  planGap,
  planSteps,
} from "../../lib/propagate/plan.ts";

const both = { direction: "both", agreement: true } as const;
const gap: Gap = { object: 7, before: 1, after: 6, from: 2, to: 5 };

/** A pass as text: `> 2..5`. */
function text(passes: readonly Pass[]): string {
  return passes.map(({ direction, first, last }) =>
    `${direction === "forward" ? ">" : "<"} ${first}..${last}`
  ).join(", ");
}

function stateOf(
  missing: readonly number[],
  { provisional = [], forward = [], backward = [] }: {
    provisional?: readonly number[];
    forward?: readonly number[];
    backward?: readonly number[];
  } = {},
): GapState {
  return {
    missing: new Set(missing),
    provisional: new Set(provisional),
    memories: { forward, backward },
  };
}

Deno.test("listGaps() lists what lies before, between and after the conditions", () => {
  deepEqual(listGaps(7, [6, 1, 5], { from: 0, to: 9 }), [
    { object: 7, before: undefined, after: 1, from: 0, to: 0 },
    { object: 7, before: 1, after: 5, from: 2, to: 4 },
    { object: 7, before: 6, after: undefined, from: 7, to: 9 },
  ]); // nothing lies between 5 and 6
});

Deno.test("listGaps() keeps to the range and knows the conditions outside of it", () => {
  deepEqual(listGaps(7, [0, 9], { from: 3, to: 4 }), [
    { object: 7, before: 0, after: 9, from: 3, to: 4 },
  ]);
  deepEqual(listGaps(7, [], { from: 0, to: 9 }), []);
});

Deno.test("planGap() walks from both conditions, so that the directions can be compared", () => {
  const passes = planGap(gap, emptyGap(gap), both);
  equal(text(passes), "> 2..5, < 5..2");
  deepEqual(
    passes.map(({ condition, opposite }) => [condition, opposite]),
    [[1, 6], [6, 1]],
  );
});

Deno.test("planGap() without agreement walks every frame once, from the nearer condition", () => {
  const once = { ...both, agreement: false };
  // 3 is 2 from 1 and 3 from 6; 4 is 3 from 1 and 2 from 6
  equal(text(planGap(gap, emptyGap(gap), once)), "> 2..3, < 5..4");
  const middle = { ...gap, after: 7, to: 6 }; // 4 is as near to 1 as to 7
  equal(text(planGap(middle, emptyGap(middle), once)), "> 2..4, < 6..5");
});

Deno.test("planGap() walks only where a condition reaches in the wanted direction", () => {
  const left = { ...gap, before: undefined, from: 0 };
  equal(text(planGap(left, emptyGap(left), both)), "< 5..0");
  const right = { ...gap, after: undefined, to: 9 };
  equal(text(planGap(right, emptyGap(right), both)), "> 2..9");
  const forward = { ...both, direction: "forward" } as const;
  equal(text(planGap(gap, emptyGap(gap), forward)), "> 2..5");
  equal(text(planGap(left, emptyGap(left), forward)), "");
});

Deno.test("planGap() plans nothing where all is there", () => {
  deepEqual(planGap(gap, stateOf([]), both), []);
});

Deno.test("planGap() goes on after the last memory of a stopped pass", () => {
  const there = stateOf([4, 5], { provisional: [2, 3], forward: [2, 3] });
  equal(text(planGap(gap, there, both)), "> 4..5, < 5..2");
  const back = stateOf([], { provisional: [2, 3], backward: [5, 4] });
  equal(text(planGap(gap, back, both)), "< 3..2");
  const turn = stateOf([], { provisional: [2, 3, 4, 5], forward: [4, 5] });
  equal(text(planGap(gap, turn, both)), "< 5..2");
});

Deno.test("planGap() begins anew when something before the last memory is missing", () => {
  const hole = stateOf([2, 5], { provisional: [3, 4], forward: [3, 4] });
  equal(text(planGap(gap, hole, both)), "> 2..5, < 5..2");
  const right = { ...gap, after: undefined, to: 9 };
  equal(
    text(planGap(right, stateOf([3, 8, 9], { forward: [6, 7] }), both)),
    "> 2..9",
  );
});

Deno.test("planGap() ends a single pass at the last frame that is missing", () => {
  const right = { ...gap, after: undefined, to: 9 };
  equal(text(planGap(right, stateOf([4, 6]), both)), "> 2..6");
});

Deno.test("planGap() after a stop at any place plans just the rest", () => {
  for (const agreement of [true, false]) {
    const options = { ...both, agreement };
    for (
      const gap of [
        { object: 1, before: 0, after: 30, from: 1, to: 29 },
        { object: 1, before: 0, after: undefined, from: 1, to: 29 },
        { object: 1, before: undefined, after: 30, from: 0, to: 29 },
        { object: 1, before: 2, after: 40, from: 10, to: 20 },
      ]
    ) {
      const steps = planSteps(planGap(gap, emptyGap(gap), options));
      const missing = new Set(emptyGap(gap).missing);
      const provisional = new Set<number>();
      const memories = { forward: [] as number[], backward: [] as number[] };
      for (const [i, { direction, frame, objects }] of steps.entries()) {
        const isFirst = direction === "forward" && objects[0].opposite !== null;
        missing.delete(frame);
        if (isFirst) provisional.add(frame);
        else provisional.delete(frame);
        memories[direction] = [...memories[direction], frame].slice(-15);
        const rest = planSteps(
          planGap(gap, { missing, provisional, memories }, options),
        );
        deepEqual(rest, steps.slice(i + 1), `after ${direction} ${frame}`);
      }
    }
  }
});

Deno.test("planSteps() goes forward by rising frame, then backward by falling frame, objects together", () => {
  const passes = [
    ...planGap(
      { object: 2, before: 0, after: 4, from: 1, to: 3 },
      stateOf([2]),
      both,
    ),
    ...planGap(
      { object: 1, before: 1, after: undefined, from: 2, to: 4 },
      stateOf([4]),
      both,
    ),
  ];
  deepEqual(
    planSteps(passes).map(({ direction, frame, objects }) =>
      `${direction[0]}${frame} ${objects.map(({ object }) => object)}`
    ),
    ["f1 2", "f2 1,2", "f3 1,2", "f4 1", "b3 2", "b2 2", "b1 2"],
  );
});

Deno.test("isNearer() gives a frame to the nearer condition, to the earlier one when both are as near", () => {
  const nearer = (direction: "forward" | "backward", frame: number) =>
    isNearer({ direction, frame, objects: [] }, {
      object: 1,
      condition: direction === "forward" ? 2 : 8,
      opposite: direction === "forward" ? 8 : 2,
    });
  deepEqual([4, 5, 6].map((f) => nearer("forward", f)), [true, true, false]);
  deepEqual([4, 5, 6].map((f) => nearer("backward", f)), [false, false, true]);
  const alone = { object: 1, condition: 2, opposite: null };
  ok(isNearer({ direction: "forward", frame: 90, objects: [] }, alone));
});

Deno.test("framesOf() walks in the direction of the pass and may be empty", () => {
  deepEqual(framesOf({ direction: "backward", first: 3, last: 1 }), [3, 2, 1]);
  deepEqual(framesOf({ direction: "forward", first: 3, last: 1 }), []);
});
