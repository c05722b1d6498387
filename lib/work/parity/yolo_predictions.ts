// Matching, metrics and validation of YOLO against the numbers of the package.
//
// `ops/matching.json` and `ops/metrics.json` are arithmetic alone. The two
// validations are computed from the predictions that the package wrote, not
// from a network of ours; those files have three decimals and boxes cut at the
// border, so precision, recall and means agree to the tolerances that were
// measured for them. Not compared here, since the files cannot tell them: AP
// at one threshold, where a single box on the border decides, and the masks of
// the validation itself, which compares them in the space of the network.
// COCO's own numbers were made from the same files, and are equal.

import { join } from "node:path";
import { z } from "zod";
import { averagePrecision } from "../../yolo/evaluation/average_precision.ts";
import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";
import { boxIous } from "../../yolo/evaluation/iou_matrix.ts";
import {
  matchDetections,
  type UltralyticsRule,
} from "../../yolo/evaluation/match_detections.ts";
import { measureByUltralytics } from "../../yolo/evaluation/ultralytics_measures.ts";
import { evaluatePredictions } from "../evaluation/evaluate_predictions.ts";
import {
  type Check,
  compareExactly,
  compareNumber,
  type Comparison,
} from "./compare.ts";

/** Compares everything of a folder laid out as the goldens of YOLO are that needs no network. */
export async function compareValidation(
  folder: string,
): Promise<readonly Comparison[]> {
  const found: Comparison[] = [];
  for (const { compare } of await validationChecks(folder)) {
    if (compare) found.push(...await compare());
  }
  return found;
}

/** Lists these comparisons as checks, each with how many it stands for. */
export async function validationChecks(
  folder: string,
): Promise<readonly Check[]> {
  const read = async <Out>(name: string, shape: z.ZodType<Out>) =>
    shape.parse(JSON.parse(await Deno.readTextFile(join(folder, name))));
  const matching = compareMatching(await read("ops/matching.json", Matching));
  const metrics = compareMetrics(await read("ops/metrics.json", Metrics));
  const checks: Check[] = [
    checkOf("ops/matching", matching),
    checkOf("ops/metrics", metrics),
  ];
  for (const task of ["det", "seg"] as const) {
    const name = `predict-${task}`;
    const file = await read(`${name}/val-metrics.json`, ValMetrics);
    for (const padding of ["rect", "square"] as const) {
      const wanted = wantedOf(file, task, padding);
      const prefix = `${name}/val-metrics/${padding}`;
      checks.push({
        name: prefix,
        count: wanted.length,
        compare: async () => {
          const measures = await evaluatePredictions(
            join(folder, name, "val-coco-gt.json"),
            join(folder, name, `predictions-${padding}.json`),
          );
          return wanted.map(({ name, value, tolerance, find }) =>
            compareNumber(`${prefix}/${name}`, find(measures), value, {
              tolerance,
            })
          );
        },
      });
    }
  }
  return checks;
}

function checkOf(name: string, found: readonly Comparison[]): Check {
  return { name, count: found.length, compare: () => Promise.resolve(found) };
}

const BoxRow = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const Matching = z.object({
  cases: z.array(z.object({
    gt_xyxy: z.array(BoxRow),
    gt_cls: z.array(z.int()),
    det_xyxy: z.array(BoxRow),
    det_cls: z.array(z.int()),
    correct: z.array(z.string()),
    correct_rule_8_3: z.array(z.string()),
  })),
});

/** Compares which detections are right, by both rules. */
function compareMatching({ cases }: z.infer<typeof Matching>): Comparison[] {
  return cases.flatMap((golden, i) => {
    const iousDL = boxIous(
      golden.det_xyxy.map(boxOfRow),
      golden.gt_xyxy.map(boxOfRow),
    );
    const compare = (rule: UltralyticsRule, wanted: readonly string[]) => {
      const correct = matchDetections({
        iousDL,
        detectionClasses: golden.det_cls,
        labelClasses: golden.gt_cls,
      }, { rule });
      const name = `ops/matching/case ${i}, rule ${rule}`;
      return compareExactly(name, correct.join(""), wanted.join(""));
    };
    return [
      compare("8.4", golden.correct),
      compare("8.3", golden.correct_rule_8_3),
    ];
  });
}

function boxOfRow([x0, y0, x1, y1]: z.infer<typeof BoxRow>) {
  return { x0, y0, x1, y1 };
}

const Metrics = z.object({
  conf: z.array(z.number()),
  pred_cls: z.array(z.int()),
  target_cls: z.array(z.int()),
  tp: z.array(z.string()),
  result: z.object({
    classes: z.array(z.int()),
    precision: z.array(z.number()),
    recall: z.array(z.number()),
    f1: z.array(z.number()),
    tp_at_best_f1: z.array(z.number()),
    fp_at_best_f1: z.array(z.number()),
    ap: z.array(z.array(z.number())),
    map50: z.number(),
    map75: z.number(),
    map50_95: z.number(),
    best_f1_confidence: z.number(),
  }),
  compute_ap: z.array(z.object({
    recall: z.array(z.number()),
    precision: z.array(z.number()),
    ap: z.number(),
  })),
});

const exact = { tolerance: 1e-9 };

/** Compares precision, recall and average precision of 200 detections, and of small curves. */
function compareMetrics(golden: z.infer<typeof Metrics>): Comparison[] {
  const { result } = golden;
  const { measures } = measureByUltralytics({
    confidences: golden.conf.map(Math.fround),
    classes: golden.pred_cls,
    labelClasses: golden.target_cls,
    correctDT: Uint8Array.from(golden.tp.join(""), Number),
  });
  const near = (name: string, found: number, wanted: number) =>
    compareNumber(`ops/metrics/${name}`, found, wanted, exact);
  const rows = result.classes.flatMap((classNumber, i) => {
    const row = measures.classes.find((row) => row.classNumber === classNumber);
    const all = (name: string, found: number | undefined, wanted: number) =>
      near(`class ${classNumber} ${name}`, found ?? NaN, wanted);
    return [
      all("precision", row?.precision, result.precision[i]),
      all("recall", row?.recall, result.recall[i]),
      all("f1", row?.f1, result.f1[i]),
      all("true positives", row?.truePositives, result.tp_at_best_f1[i]),
      all("false positives", row?.falsePositives, result.fp_at_best_f1[i]),
      ...result.ap[i].map((ap, t) => all(`ap ${t}`, row?.ap[t], ap)),
    ];
  });
  const curves = golden.compute_ap.map(({ recall, precision, ap }, i) => {
    const found = averagePrecision({
      recall: Float64Array.from(recall),
      precision: Float64Array.from(precision),
    });
    return near(`compute_ap ${i}`, found, ap);
  });
  return [
    compareExactly(
      "ops/metrics/classes",
      measures.classes.map(({ classNumber }) => classNumber),
      result.classes,
    ),
    ...rows,
    near("map50", measures.map50, result.map50),
    near("map75", measures.map75, result.map75),
    near("map50_95", measures.map50to95, result.map50_95),
    near("best confidence", measures.bestConfidence, result.best_f1_confidence),
    ...curves,
  ];
}

const Numbers = z.object({
  P: z.number(),
  R: z.number(),
  mAP50: z.number(),
  mAP50_95: z.number(),
  per_class: z.record(
    z.string(),
    z.looseObject({ P: z.number(), R: z.number(), F1: z.number() }),
  ),
});
const CocoNumbers = z.looseObject({
  AP: z.number(),
  AP_per_class: z.record(z.string(), z.number()),
});
const Run = z.object({
  box: Numbers,
  detections: z.int().optional(),
  pycocotools_bbox: CocoNumbers.optional(),
  pycocotools_segm: CocoNumbers.optional(),
});
type Run = z.infer<typeof Run>;
const ValMetrics = z.looseObject({});

/** One number of a validation, and how to find ours. */
type Wanted = {
  readonly name: string;
  readonly value: number;
  readonly tolerance: number;
  find(measures: DetectorMeasures): number;
};

const meanTolerance = { det: 2e-4, seg: 6e-3 }; // of the goldens' README
const rateTolerance = 1e-4;

function wantedOf(
  file: z.infer<typeof ValMetrics>,
  task: "det" | "seg",
  padding: "rect" | "square",
): Wanted[] {
  const run = Run.parse(
    file[task === "det" ? padding : `${padding}_native_masks`],
  );
  return [
    ...boxesOf(run, meanTolerance[task]),
    ...cocoOf("boxes", run.pycocotools_bbox),
    ...cocoOf("masks", run.pycocotools_segm),
  ];
}

function boxesOf({ box, detections }: Run, tolerance: number): Wanted[] {
  const newer = ({ boxes }: DetectorMeasures) => boxes.ultralytics84;
  const rates = Object.entries(box.per_class).flatMap(([name, row]) => {
    const own = (measures: DetectorMeasures) =>
      newer(measures).classes.find(({ classNumber }) =>
        measures.classNames[classNumber] === name
      );
    return [
      rate(`boxes ${name} P`, row.P, (all) => own(all)?.precision),
      rate(`boxes ${name} R`, row.R, (all) => own(all)?.recall),
      rate(`boxes ${name} F1`, row.F1, (all) => own(all)?.f1),
    ];
  });
  return [
    rate("boxes P", box.P, (all) => newer(all).precision),
    rate("boxes R", box.R, (all) => newer(all).recall),
    ...rates,
    {
      name: "boxes mAP50",
      value: box.mAP50,
      tolerance,
      find: (all) => newer(all).map50,
    },
    {
      name: "boxes mAP50-95",
      value: box.mAP50_95,
      tolerance,
      find: (all) => newer(all).map50to95,
    },
    ...(detections === undefined ? [] : [{
      name: "detections",
      value: detections,
      tolerance: 0,
      find: (all: DetectorMeasures) => all.detections,
    }]),
  ];
}

function rate(
  name: string,
  value: number,
  find: (measures: DetectorMeasures) => number | undefined,
): Wanted {
  return {
    name,
    value,
    tolerance: rateTolerance,
    find: (measures) => find(measures) ?? NaN,
  };
}

const cocoNames = {
  AP: "ap",
  AP50: "ap50",
  AP75: "ap75",
  AP_small: "apSmall",
  AP_medium: "apMedium",
  AP_large: "apLarge",
  AR1: "ar1",
  AR10: "ar10",
  AR100: "ar100",
  AR_small: "arSmall",
  AR_medium: "arMedium",
  AR_large: "arLarge",
} as const;

/** COCO's numbers; what is −1 in pycocotools is null here. */
function cocoOf(
  kind: "boxes" | "masks",
  golden: z.infer<typeof CocoNumbers> | undefined,
): Wanted[] {
  if (!golden) return [];
  const coco = (measures: DetectorMeasures) => measures[kind]?.coco;
  const whole = Object.entries(cocoNames).map(([name, key]): Wanted => ({
    name: `${kind} COCO ${name}`,
    value: z.number().parse(golden[name]),
    ...exact,
    find: (measures) => {
      const found = coco(measures);
      return found ? found[key] ?? -1 : NaN;
    },
  }));
  const perClass = Object.entries(golden.AP_per_class).map(
    ([name, value]): Wanted => ({
      name: `${kind} COCO ${name} AP`,
      value,
      ...exact,
      find: (measures) =>
        coco(measures)?.classes.find(({ classNumber }) =>
          measures.classNames[classNumber] === name
        )?.ap ?? NaN,
    }),
  );
  return [...whole, ...perClass];
}
