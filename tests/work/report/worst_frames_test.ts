import { deepEqual } from "node:assert/strict";
import { type CurvePoint, listWorstFrames } from "medannotate";
import { point } from "./made_report.ts";

function object(curve: readonly CurvePoint[]) {
  return { number: 1, name: "polyp", colour: [0, 220, 150], curve } as const;
}

Deno.test("listWorstFrames() lists the highest drift first and keeps a distance", () => {
  const drifts = [0, 0.1, 0.8, 0.9, 0.7, 0.2, 0.3];
  const curve = drifts.map((drift, frame) => point(frame, { drift }));
  const worst = listWorstFrames([object(curve)], { count: 3, apartFrames: 2 });
  // 3 first; 2 and 4 are its neighbours; then 6, then 1.
  deepEqual(worst.map(({ point }) => point.frame), [3, 6, 1]);
});

Deno.test("listWorstFrames() leaves out what was clicked or verified", () => {
  const curve = [point(0, { isCondition: true, drift: 0.9 }), point(1)];
  const worst = listWorstFrames([object(curve)]);
  deepEqual(worst.map(({ point }) => point.frame), [1]);
});

Deno.test("listWorstFrames() doubts an absent object by its presence", () => {
  const curve = [
    point(0, { areaPx: 0, drift: 0.98, presenceScore: 0.02 }),
    point(1, { drift: 0.2 }),
    point(2, { areaPx: 0, drift: 0.55, presenceScore: 0.45 }),
  ];
  const worst = listWorstFrames([object(curve)], { apartFrames: 1 });
  deepEqual(worst.map(({ point }) => point.frame), [2, 1, 0]);
  deepEqual(worst[0].because, "no mask, presence 0.45");
});

Deno.test("listWorstFrames() names what speaks against the mask", () => {
  const sure = {
    presence: 1,
    predictedIou: 1,
    stability: 1,
    areaKept: 1,
    placeKept: 1,
    distance: 1,
  };
  const curve = [
    point(0, { isCondition: true }),
    point(1, { drift: 0.1, parts: { ...sure, distance: 9 } }),
    point(2, {
      drift: 0.2,
      predictedIou: 0.6,
      parts: { ...sure, predictedIou: 0.6 },
    }),
    point(3, {
      drift: 0.3,
      presenceScore: 0.5,
      parts: { ...sure, presence: 0.5 },
    }),
    point(4, { drift: 0.4, areaPx: 25, parts: { ...sure, areaKept: 0.25 } }),
    point(5, { drift: 0.5, areaPx: 25, parts: { ...sure, placeKept: 0.25 } }),
    point(6, { drift: 0.6, parts: { ...sure, stability: 0.5 } }),
    point(7, { drift: 0.7, parts: { ...sure, agreement: 0.1 } }),
  ];
  const worst = listWorstFrames([object(curve)], { count: 7, apartFrames: 1 });
  deepEqual(worst.map(({ because }) => because), [
    "both directions agree only by 0.10",
    "unsure of its edge, stability 0.50",
    "its place jumped",
    "area 0.25 times that of the frame before", // 25 of 100 px
    "presence 0.50",
    "predicted IoU 0.60",
    "9 frames from the nearest click",
  ]);
});
