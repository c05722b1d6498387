import { deepEqual, equal } from "node:assert/strict";
import { planSteps, trackedWay } from "../../lib/propagate/plan.ts";

const whole = { direction: "both", from: 0, to: 5 } as const;

Deno.test("trackedWay() leads away from the nearer condition, from the earlier one when both are as near", () => {
  const ways = [0, 1, 2, 3, 4, 5, 6]
    .map((frame) => trackedWay([1, 5], frame, "both"));
  deepEqual(ways, [
    "backward", // before the first
    undefined, // a condition
    "forward", // 1 from the first, 3 from the second
    "forward", // 2 from both
    "backward",
    undefined,
    "forward", // after the last
  ]);
});

Deno.test("trackedWay() passes the middle when only one direction is wanted", () => {
  equal(trackedWay([1, 5], 4, "forward"), "forward");
  equal(trackedWay([1, 5], 2, "backward"), "backward");
  equal(trackedWay([1, 5], 0, "forward"), undefined);
  equal(trackedWay([1, 5], 6, "backward"), undefined);
  equal(trackedWay([], 3, "both"), undefined);
});

Deno.test("trackedWay() takes conditions in any order", () => {
  equal(trackedWay([5, 1], 2, "both"), "forward");
  equal(trackedWay([5, 1], 4, "both"), "backward");
});

Deno.test("planSteps() goes forward by rising frame, then backward by falling frame, objects together", () => {
  const conditions = new Map([[1, [2]], [2, [0, 5]]]);
  deepEqual(planSteps(conditions, whole), [
    { direction: "forward", frame: 1, objects: [2] },
    { direction: "forward", frame: 2, objects: [2] },
    { direction: "forward", frame: 3, objects: [1] },
    { direction: "forward", frame: 4, objects: [1] },
    { direction: "forward", frame: 5, objects: [1] },
    { direction: "backward", frame: 4, objects: [2] },
    { direction: "backward", frame: 3, objects: [2] },
    { direction: "backward", frame: 1, objects: [1] },
    { direction: "backward", frame: 0, objects: [1] },
  ]);
});

Deno.test("planSteps() fills only the wanted frames, from conditions outside of them too", () => {
  const conditions = new Map([[1, [0]]]);
  deepEqual(planSteps(conditions, { ...whole, from: 3, to: 4 }), [
    { direction: "forward", frame: 3, objects: [1] },
    { direction: "forward", frame: 4, objects: [1] },
  ]);
});

Deno.test("planSteps() plans every frame of an object once and its conditions never", () => {
  const conditions = [3, 4, 11, 30];
  const steps = planSteps(new Map([[7, conditions]]), {
    direction: "both",
    from: 0,
    to: 40,
  });
  const frames = [...conditions, ...steps.map(({ frame }) => frame)];
  deepEqual(
    frames.sort((a, b) => a - b),
    Array.from({ length: 41 }, (_, frame) => frame),
  );
});

Deno.test("planSteps() has nothing to do where every frame is a condition", () => {
  deepEqual(planSteps(new Map([[1, [0, 1, 2, 3, 4, 5]]]), whole), []);
  deepEqual(planSteps(new Map(), whole), []);
});
