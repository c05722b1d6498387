import { deepEqual, equal, throws } from "node:assert/strict";
import { boxIous, iouThresholds, matchDetections } from "medannotate";
import { claimLabels } from "../../../lib/yolo/evaluation/match_detections.ts";
import { readOps } from "./goldens.ts";

type Golden = {
  readonly gt_xyxy: readonly (readonly number[])[];
  readonly gt_cls: readonly number[];
  readonly det_xyxy: readonly (readonly number[])[];
  readonly det_cls: readonly number[];
  readonly correct: readonly string[];
  readonly correct_rule_8_3: readonly string[];
};

const boxOf = ([x0, y0, x1, y1]: readonly number[]) => ({ x0, y0, x1, y1 });

for (const rule of ["8.4", "8.3"] as const) {
  Deno.test(`matchDetections() finds what Ultralytics ${rule} finds`, async () => {
    const { cases }: { cases: readonly Golden[] } = await readOps("matching");
    equal(cases.length, 3);
    for (const golden of cases) {
      const correct = matchDetections({
        iousDL: boxIous(golden.det_xyxy.map(boxOf), golden.gt_xyxy.map(boxOf)),
        detectionClasses: golden.det_cls,
        labelClasses: golden.gt_cls,
      }, { rule });
      const wanted = rule === "8.4" ? golden.correct : golden.correct_rule_8_3;
      deepEqual(correct.join(""), wanted.join(""));
    }
  });
}

Deno.test("matchDetections() by the rule of 8.3 wastes a detection whose best label is taken", () => {
  // both overlap the first label most; the second would fit the second detection
  const overlaps = {
    iousDL: Float64Array.of(0.9, 0, 0.8, 0.7),
    detectionClasses: [0, 0],
    labelClasses: [0, 0],
  };
  const at50 = (rule: "8.3" | "8.4") =>
    matchDetections(overlaps, { rule, thresholds: [0.5] });
  deepEqual([...at50("8.4")], [1, 1]);
  deepEqual([...at50("8.3")], [1, 0]);
});

Deno.test("matchDetections() never matches across classes, nor labels that are left out", () => {
  const iousDL = Float64Array.of(1, 1);
  const correct = matchDetections({
    iousDL,
    detectionClasses: [0],
    labelClasses: [1, -1],
  });
  deepEqual([...correct], new Array(10).fill(0));
});

Deno.test("matchDetections() says how many overlaps it expected", () => {
  throws(
    () =>
      matchDetections({
        iousDL: new Float64Array(3),
        detectionClasses: [0],
        labelClasses: [0, 0],
      }),
    { name: "RangeError", message: /3 overlaps, expected 1 .* x 2/ },
  );
});

Deno.test("claimLabels() tells the label of each detection", () => {
  const labels = claimLabels({
    iousDL: Float64Array.of(0.6, 0.9, 0.7, 0.8, 0.2, 0.1),
    detectionClasses: [0, 0, 0],
    labelClasses: [0, 0],
  }, 0.5);
  deepEqual([...labels], [1, 0, -1]);
});

Deno.test("iouThresholds are a twentieth apart, to the last bit as start + i · step", () => {
  deepEqual([...iouThresholds], [
    0.5,
    0.55,
    0.6,
    0.65,
    0.7,
    0.75,
    0.8,
    0.85,
    0.8999999999999999,
    0.95,
  ]);
});
