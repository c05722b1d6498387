import { deepEqual, equal, ok } from "node:assert/strict";
import { averagePrecision, measureByUltralytics } from "medannotate";
import {
  interpolate,
  precisionEnvelope,
} from "../../../lib/yolo/evaluation/average_precision.ts";
import { readOps, worstOf } from "./goldens.ts";

type Curve = {
  readonly recall: readonly number[];
  readonly precision: readonly number[];
  readonly ap: number;
};

type Golden = {
  readonly conf: readonly number[];
  readonly pred_cls: readonly number[];
  readonly target_cls: readonly number[];
  readonly tp: readonly string[];
  readonly result:
    & Readonly<
      Record<
        | "classes"
        | "precision"
        | "recall"
        | "f1"
        | "tp_at_best_f1"
        | "fp_at_best_f1"
        | "f1_curve_mean_samples",
        readonly number[]
      >
    >
    & {
      readonly ap: readonly (readonly number[])[];
      readonly map50: number;
      readonly map75: number;
      readonly map50_95: number;
      readonly best_f1_confidence: number;
    };
  readonly compute_ap: readonly Curve[];
};

const near = 1e-9; // the goldens' README

Deno.test("averagePrecision() is the package's on small curves", async () => {
  const { compute_ap }: Golden = await readOps("metrics");
  equal(compute_ap.length, 4);
  for (const { recall, precision, ap } of compute_ap) {
    const found = averagePrecision({
      recall: Float64Array.from(recall),
      precision: Float64Array.from(precision),
    });
    ok(Math.abs(found - ap) < near, `${found}, expected ${ap}`);
  }
});

Deno.test("precisionEnvelope() never rises, and ends by the rule that is asked for", () => {
  const curve = {
    recall: Float64Array.of(0.5, 0.5),
    precision: Float64Array.of(0.4, 0.6),
  };
  deepEqual(precisionEnvelope(curve, "8.4"), {
    recall: Float64Array.of(0, 0.5, 0.5, 0.5, 1),
    precision: Float64Array.of(1, 0.6, 0.6, 0, 0),
  });
  deepEqual(precisionEnvelope(curve, "8.3"), {
    recall: Float64Array.of(0, 0.5, 0.5, 1),
    precision: Float64Array.of(1, 0.6, 0.6, 0),
  });
});

Deno.test("interpolate() takes the last of equal places, and the ends beyond the curve", () => {
  const xs = Float64Array.of(0, 1, 1, 2);
  const ys = Float64Array.of(10, 20, 30, 50);
  const at = (x: number) => interpolate(x, xs, ys);
  deepEqual([-1, 0.5, 1, 1.5, 2, 3].map(at), [10, 15, 30, 40, 50, 50]);
  equal(interpolate(-1, xs, ys, { left: 7 }), 7);
});

Deno.test("measureByUltralytics() gives the package's numbers for 200 detections", async () => {
  const golden: Golden = await readOps("metrics");
  const { result } = golden;
  const { measures, meanCurves } = measureByUltralytics({
    confidences: golden.conf.map(Math.fround),
    classes: golden.pred_cls,
    labelClasses: golden.target_cls,
    correctDT: Uint8Array.from(golden.tp.join(""), Number),
  });
  const { classes } = measures;
  deepEqual(classes.map((row) => row.classNumber), result.classes);
  deepEqual(classes.map((row) => row.truePositives), result.tp_at_best_f1);
  deepEqual(classes.map((row) => row.falsePositives), result.fp_at_best_f1);
  const errors = [
    worstOf(classes.map((row) => row.precision), result.precision),
    worstOf(classes.map((row) => row.recall), result.recall),
    worstOf(classes.map((row) => row.f1), result.f1),
    ...classes.map((row, i) => worstOf(row.ap, result.ap[i])),
    worstOf(
      [measures.map50, measures.map75, measures.map50to95],
      [result.map50, result.map75, result.map50_95],
    ),
    worstOf([measures.bestConfidence], [result.best_f1_confidence]),
  ];
  ok(Math.max(...errors) < near, errors.join(" "));
  // 20 samples of the curve, written with ten digits, spread as all samples there
  const samples = result.f1_curve_mean_samples;
  const sampled = samples.map((_, j) =>
    meanCurves.f1[Math.floor((2 * j + 1) * 1000 / (2 * samples.length))]
  );
  ok(worstOf(sampled, samples) < near, `${worstOf(sampled, samples)}`);
});

Deno.test("measureByUltralytics() counts only classes with labels, and those without detections as 0", () => {
  const { measures } = measureByUltralytics({
    confidences: [0.9, 0.8],
    classes: [0, 5], // nobody labelled class 5
    labelClasses: [0, 1],
    correctDT: new Uint8Array(20).fill(1, 0, 10),
  });
  deepEqual(measures.classes.map((row) => row.classNumber), [0, 1]);
  deepEqual(measures.classes.map((row) => row.ap50.toFixed(3)), [
    "0.995",
    "0.000",
  ]);
});

Deno.test("measureByUltralytics() of nothing is 0, not a number that is none", () => {
  const { measures, meanCurves } = measureByUltralytics({
    confidences: [],
    classes: [],
    labelClasses: [],
    correctDT: new Uint8Array(),
  });
  deepEqual([measures.map50, measures.precision, measures.classes.length], [
    0,
    0,
    0,
  ]);
  equal(meanCurves.f1.every((value) => value === 0), true);
});
