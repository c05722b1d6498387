import { deepEqual } from "node:assert/strict";
import type { CurvePoint } from "medannotate";
import { linesOf } from "../../lib/notebook/drift.ts";

function point(frame: number, rest: Partial<CurvePoint>): CurvePoint {
  const nothing = { drift: undefined, presenceScore: 1, predictedIou: 1 };
  return {
    ...nothing,
    frame,
    areaPx: 9,
    parts: undefined,
    isCondition: false,
    ...rest,
  };
}

const curve = [
  point(0, { isCondition: true }),
  point(1, { drift: 0.5 }),
  point(2, { drift: 1, areaPx: 0 }),
];
const polyp = { number: 1, name: "polyp", colour: [0, 0, 0], curve } as const;

Deno.test("linesOf() is sure of conditions and has a gap where there is no mask", () => {
  const [line, ...more] = linesOf(polyp, []);
  deepEqual(line.points, [{ x: 0, y: 0 }, { x: 1, y: 0.5 }, {
    x: 2,
    y: undefined,
  }]);
  deepEqual(line.marks, [0]);
  deepEqual(more, []);
});

Deno.test("linesOf() adds what the masks of the object lack", () => {
  const measure = { frame: 1, f: 1, drift: 0.5 };
  const [, wrong] = linesOf(polyp, [
    { ...measure, object: 1, iou: 0.75 },
    { ...measure, object: 2, iou: 0 },
  ]);
  deepEqual(wrong.points, [{ x: 1, y: 0.25 }]);
});
