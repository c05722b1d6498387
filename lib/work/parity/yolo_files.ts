// The trained files of the YOLO goldens: predictions, masks, validations; and
// the learning rates of the recorded runs.

import { join } from "node:path";
import { z } from "zod";
import type { Runtime } from "../../runtime/runtime.ts";
import { iou } from "../../masks/metrics.ts";
import { decodeCounts, rleToBitmap } from "../../masks/rle.ts";
import { readImage } from "../../media/image.ts";
import { openCheckpoint } from "../../weights/open_checkpoint.ts";
import {
  coefficientsOf,
  detectObjects,
  prepareImage,
} from "../../yolo/detect.ts";
import { chooseCandidates } from "../../yolo/candidates.ts";
import { openYoloEngine, type YoloEngine } from "../../yolo/engine.ts";
import { evaluateDetections } from "../../yolo/evaluation/evaluate_detections.ts";
import type { GeometryMeasures } from "../../yolo/evaluation/geometry_measures.ts";
import { maskAtInputSize } from "../../yolo/instance_masks.ts";
import { planBatches } from "../../yolo/rect_batches.ts";
import {
  sampleLoader,
  type TrainingSample,
} from "../../yolo/training/sample.ts";
import { type Schedule, settingsAt } from "../../yolo/training/schedule.ts";
import { validate } from "../../yolo/validate.ts";
import { yoloWeights } from "../../yolo/weights.ts";
import { readDataSet } from "../data_set/read_data_set.ts";
import { sampleOf } from "../data_set/sample_of.ts";
import { sha256OfFile } from "../model_file.ts";
import {
  type Check,
  compareExactly,
  compareNumber,
  type Comparison,
  judged,
} from "./compare.ts";

const Four = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const Predicted = z.object({
  image: z.string(),
  boxes: z.array(Four),
  conf: z.array(z.number()),
  cls: z.array(z.int()),
});
const Predictions = z.object({
  rect: z.array(Predicted),
  square: z.array(Predicted),
});
const MaskRow = Predicted.extend({
  masks: z.array(z.object({
    size: z.tuple([z.int(), z.int()]),
    counts: z.string(),
  })),
});
const Masks = z.object({
  retina_masks_false_network_size: z.array(MaskRow),
  retina_masks_true_native_size: z.array(MaskRow),
});
const Geometry = z.object({
  P: z.number(),
  R: z.number(),
  mAP50: z.number(),
  mAP75: z.number(),
  mAP50_95: z.number(),
});
const Validation = z.object({ box: Geometry, mask: Geometry.optional() });
const Batches = z.object({
  batch: z.int(),
  imgsz: z.int(),
  pad: z.number(),
  order: z.array(z.string()),
  batch_shapes_hw: z.array(z.tuple([z.int(), z.int()])),
});

const side = 160;
const tolerance = {
  boxPx: 0.05,
  confidence: 5e-4,
  maskIou: 0.02,
  map: 0.005,
  precisionRecall: 0.02,
} as const;

/** What the checks of trained files work with. */
type Place = {
  readonly folder: string;
  readonly runtime: Runtime;
  /** For graphs. */
  readonly scratch: string;
};

/** Lists the checks of both trained files. */
export async function trainedFileChecks(place: Place): Promise<Check[]> {
  return [
    ...await checksOf("det", place),
    ...await checksOf("seg", place),
  ];
}

async function checksOf(
  task: "det" | "seg",
  { folder, runtime, scratch }: Place,
): Promise<Check[]> {
  const read = async <Out>(name: string, shape: z.ZodType<Out>) =>
    shape.parse(
      JSON.parse(
        await Deno.readTextFile(join(folder, `predict-${task}`, name)),
      ),
    );
  const predictions = await read("predict.json", Predictions);
  const validations = await read(
    "val-metrics.json",
    z.record(z.string(), z.unknown()),
  );
  const batches = await read("rect-batches.json", Batches);
  const withEngine = async (
    work: (engine: YoloEngine) => Promise<Comparison[]>,
  ) => {
    const path = join(folder, "pt", `yolo11n-shapes-${task}.pt`);
    const checkpoint = openCheckpoint(path);
    const engine = openYoloEngine(yoloWeights(checkpoint), runtime, {
      sha256: await sha256OfFile(path),
      cache: scratch,
    });
    try {
      return await work(engine);
    } finally {
      await engine.close();
      checkpoint.close();
    }
  };
  const data = join(folder, "data", `shapes-${task}`);
  const imageOf = (name: string) => readImage(join(data, "images/val", name));
  const checks: Check[] = [];
  for (const padding of ["rect", "square"] as const) {
    const rows = predictions[padding];
    const name = `predict-${task}/predict/${padding}`;
    checks.push({
      name,
      count: rows.length * 3,
      compare: () =>
        withEngine(async (engine) => {
          const found: Comparison[] = [];
          for (const row of rows) {
            const image = await imageOf(row.image);
            const isRect = padding === "rect";
            const detections = await detectObjects(engine, image, { isRect });
            found.push(
              ...comparePredictions(`${name}/${row.image}`, detections, row),
            );
          }
          return found;
        }),
    });
  }
  const samples = async (): Promise<TrainingSample[]> => {
    const { parts } = await readDataSet(data);
    return parts.val.map(sampleOf);
  };
  checks.push({
    name: `predict-${task}/rect-batches`,
    count: 1,
    compare: async () => {
      const { batch, imgsz, pad } = batches;
      const sizes = (await samples()).map(({ size }) => size);
      const shapes = planBatches(sizes, { batch, side: imgsz, pad })
        .map(({ size: { width, height } }) => [height, width]);
      const name = `predict-${task}/rect-batches`;
      return [compareExactly(name, shapes, batches.batch_shapes_hw)];
    },
  });
  for (const [word, value] of Object.entries(validations)) {
    const match = /^(rect|square)(_native_masks|_proto_masks)?$/.exec(word);
    if (!match) continue;
    const golden = Validation.parse(value);
    const name = `predict-${task}/validation/${word}`;
    checks.push({
      name,
      count: golden.mask ? 10 : 5,
      compare: () =>
        withEngine(async (engine) => {
          const images = await validate(await samples(), {
            load: sampleLoader(side),
            run: ({ images }) => engine.run(images),
            classCount: engine.names.length,
            hasMasks: task === "seg",
          }, {
            side,
            isRect: match[1] === "rect",
            masksAt: match[2] === "_native_masks" ? "input" : "quarter",
          });
          const { boxes, masks } = evaluateDetections(
            images.map(({ evaluated }) => evaluated),
            engine.names,
          );
          return [
            ...compareGeometry(`${name}/boxes`, boxes, golden.box),
            ...(masks && golden.mask
              ? compareGeometry(`${name}/masks`, masks, golden.mask)
              : []),
          ];
        }),
    });
  }
  if (task === "seg") {
    const masks = await read("masks.json", Masks);
    const native = masks.retina_masks_true_native_size;
    const inner = masks.retina_masks_false_network_size;
    const countOf = (rows: typeof native) =>
      rows.reduce((sum, row) => sum + row.masks.length, 0);
    checks.push({
      name: "predict-seg/masks",
      count: countOf(native) + countOf(inner),
      compare: () =>
        withEngine(async (engine) => {
          const found: Comparison[] = [];
          for (const row of native) {
            const image = await imageOf(row.image);
            const detections = await detectObjects(engine, image);
            const own = detections.map(({ mask }) => mask && rleToBitmap(mask));
            found.push(
              ...compareMasks(
                `predict-seg/masks/native ${row.image}`,
                own,
                row,
              ),
            );
          }
          for (const row of inner) {
            const image = await imageOf(row.image);
            const own = await masksOfInput(engine, image);
            found.push(
              ...compareMasks(`predict-seg/masks/input ${row.image}`, own, row),
            );
          }
          return found;
        }),
    });
  }
  return checks;
}

type Found = Awaited<ReturnType<typeof detectObjects>>;

/** Classes exactly, boxes and confidences within their tolerance. */
function comparePredictions(
  name: string,
  found: Found,
  { boxes, conf, cls }: z.infer<typeof Predicted>,
): Comparison[] {
  const worst = (errors: readonly number[]) =>
    found.length === boxes.length ? Math.max(0, ...errors) : Infinity;
  return [
    compareExactly(
      `${name}/classes`,
      found.map(({ classNumber }) => classNumber),
      cls,
    ),
    judged(
      `${name}/boxes`,
      worst(
        found.flatMap(({ box }, i) =>
          [box.x0, box.y0, box.x1, box.y1].map((value, side) =>
            Math.abs(value - (boxes[i]?.[side] ?? NaN))
          )
        ),
      ),
      "abs",
      tolerance.boxPx,
    ),
    judged(
      `${name}/confidences`,
      worst(found.map(({ confidence }, i) => Math.abs(confidence - conf[i]))),
      "abs",
      tolerance.confidence,
    ),
  ];
}

function compareGeometry(
  name: string,
  { ultralytics84: found }: GeometryMeasures,
  wanted: z.infer<typeof Geometry>,
): Comparison[] {
  const compare = (part: string, a: number, b: number, tolerance: number) =>
    compareNumber(`${name} ${part}`, a, b, { tolerance });
  const { map, precisionRecall } = tolerance;
  return [
    compare("precision", found.precision, wanted.P, precisionRecall),
    compare("recall", found.recall, wanted.R, precisionRecall),
    compare("mAP50", found.map50, wanted.mAP50, map),
    compare("mAP75", found.map75, wanted.mAP75, map),
    compare("mAP50-95", found.map50to95, wanted.mAP50_95, map),
  ];
}

type Picture = Parameters<typeof iou>[0];

function compareMasks(
  name: string,
  found: readonly (Picture | undefined)[],
  { masks }: z.infer<typeof MaskRow>,
): Comparison[] {
  return masks.map(({ size, counts }, i) => {
    const own = found[i];
    const wanted = rleToBitmap({ size, counts: decodeCounts(counts) });
    const isAlike = own?.width === wanted.width && own.height === wanted.height;
    const apart = own && isAlike ? 1 - iou(own, wanted) : Infinity;
    return judged(`${name} ${i}`, apart, "abs", tolerance.maskIou);
  });
}

/** Masks in pixels of the input, grey rim included. */
async function masksOfInput(
  engine: YoloEngine,
  image: Awaited<ReturnType<typeof readImage>>,
) {
  const { tensor, place } = prepareImage(engine, image);
  const { output, prototypes } = await engine.run(tensor);
  if (!prototypes) return [];
  const [, count, height, width] = prototypes.dims;
  const candidates = chooseCandidates(output.data, {
    classCount: engine.names.length,
    anchorCount: output.dims[2],
  });
  return candidates.map(({ anchor, box }) =>
    maskAtInputSize(
      coefficientsOf(output, engine.names.length, anchor),
      { dims: [count, height, width], data: prototypes.data },
      { box, size: { width: place.width, height: place.height } },
    )
  );
}

const Summary = z.looseObject({
  det: z.looseObject({ args: z.looseObject({}), resolved: z.looseObject({}) }),
});

const rateTolerance = 1e-5; // relative: the files have six digits

/** Lists the checks of learning rates that the recorded runs were taught with. */
export async function rateChecks(folder: string): Promise<Check[]> {
  const runs = join(folder, "train-runs");
  Summary.parse(
    JSON.parse(await Deno.readTextFile(join(runs, "summary.json"))),
  );
  const known = [
    ["det-seed0", 80, 12, 0.001429],
    ["det-seed1", 80, 12, 0.001429],
    ["det-seed2", 80, 12, 0.001429],
    ["seg-seed0", 50, 4, 0.001667],
  ] as const;
  return known.map(([run, epochs, batchesPerEpoch, rate]) => ({
    name: `train-runs/${run}/rates`,
    count: epochs,
    compare: async () => {
      const text = await Deno.readTextFile(join(runs, `${run}-results.csv`));
      const [head, ...rows] = text.trim().split("\n").map((line) =>
        line.split(",").map((word) => word.trim())
      );
      const column = head.indexOf("lr/pg0");
      const schedule: Schedule = {
        epochs,
        batchesPerEpoch,
        rate,
        batch: 8,
        nominalBatch: 8,
        lastShare: 0.01,
        isCosine: false,
        warmUpEpochs: 3,
        warmUpOffsetRate: 0,
        momentum: 0.9,
      };
      return rows.map((row, epoch) => {
        const last = (epoch + 1) * batchesPerEpoch - 1;
        const found = settingsAt(schedule, last).rates[0];
        const name = `train-runs/${run}/rate of epoch ${epoch + 1}`;
        const error = Math.abs(found / Number(row[column]) - 1);
        return judged(name, error, "rel", rateTolerance);
      });
    },
  }));
}
