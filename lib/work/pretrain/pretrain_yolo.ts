// Pretraining of a YOLO on generated scenes, from nothing.
//
// Every scene is seen once. Everything by chance follows from the seed and the
// number of the step, and the state is written whole every few minutes: a run
// that was killed goes on as if it had not been. The average of the parameters
// is what is validated and kept.

import { join } from "node:path";
import { throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import { hashText, seededRandom } from "../../base/random.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";
import type { Label } from "../../yolo/detection.ts";
import { saveYolo } from "../../yolo/save.ts";
import { augment } from "../../yolo/training/augment.ts";
import { type Batch, makeBatch } from "../../yolo/training/batch.ts";
import { toPlanes } from "../../yolo/training/epoch_batches.ts";
import { openValidator } from "../../yolo/training/epoch_validator.ts";
import { type Learner, openLearner } from "../../yolo/training/learner.ts";
import { createMeans } from "../../yolo/training/means.ts";
import {
  layoutParameters,
  withParameters,
} from "../../yolo/training/parameters.ts";
import type {
  LoadedSample,
  TrainingSample,
} from "../../yolo/training/sample.ts";
import type { YoloWeights } from "../../yolo/weights.ts";
import { writeFileWhole } from "../write_file.ts";
import { type BlockSource, openBlockSource } from "./block_source.ts";
import { detectorClasses } from "./detector_scene.ts";
import {
  type PretrainYoloSettings,
  stepSettingsAt,
  stepsOf,
  trainSettingsOf,
} from "./yolo_settings.ts";
import {
  readPretrainYoloState,
  writePretrainYoloState,
  type YoloCurveRow,
  type YoloValidation,
} from "./yolo_state.ts";

/** How a run is watched and cut. */
export type PretrainYoloOptions = {
  /** Folder for state, curve and weights; a run in it goes on. */
  readonly out: string;
  readonly settings: PretrainYoloSettings;
  /** Steps between two rows of the curve, which are also what a kill may lose. */
  readonly stepsPerRow?: number;
  /** Rows between two validations. */
  readonly rowsPerValidation?: number;
  readonly onRow?: (row: YoloCurveRow) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** What a run leaves. */
export type PretrainedYolo = {
  readonly weightsPath: string;
  readonly rows: readonly YoloCurveRow[];
};

const validationSeed = 0x7fe00000; // scenes from here on are never learnt from
const seedStride = 0x01000000; // scenes of one seed of a run
const batchesPerBlock = 8;

/** Trains until the last step, or goes on with the run in the folder. */
export async function pretrainYolo(
  runtime: Runtime,
  start: YoloWeights,
  options: PretrainYoloOptions,
): Promise<PretrainedYolo> {
  const { out, settings, signal } = options;
  const { stepsPerRow = 100, rowsPerValidation = 5 } = options;
  const steps = stepsOf(settings);
  const statePath = join(out, "state.safetensors");
  const weightsPath = join(out, "weights.safetensors");
  const known = readPretrainYoloState(statePath);
  let rows = known?.rows ?? [];
  let boxesSeen = known?.boxesSeen ?? 0;
  let updates = known?.learner.updates ?? 0;
  if (updates >= steps) return { weightsPath, rows };
  const layout = layoutParameters(start);
  const scratch = await Deno.makeTempDir();
  const source = openSource(settings.seed * seedStride, settings, {
    size: batchesPerBlock * settings.batch,
  });
  const learner = await openLearner(runtime, {
    start,
    settings: trainSettingsOf(settings),
    state: known?.learner,
    scratch,
  }, layout);
  const validator = await openSceneValidator(runtime, {
    start,
    settings,
    layout,
    scratch,
  });
  const first = updates;
  const report = startProgress("pretrain", steps - first, {
    onProgress: options.onProgress,
  });
  const prepare = (step: number) => {
    const made = makeStepBatch(source, step, settings);
    made.catch(() => {}); // its error is met where it is awaited
    return made;
  };
  try {
    let next = prepare(updates);
    while (updates < steps) {
      const startMs = performance.now();
      const end = Math.min(updates + stepsPerRow, steps);
      const losses = createMeans();
      while (updates < end) {
        throwIfCancelled(signal, `pretraining at step ${updates}`);
        const { batch, boxes } = await next;
        if (updates + 1 < steps) next = prepare(updates + 1); // while it learns
        const found = await learner.step(
          batch,
          stepSettingsAt(updates, settings),
        );
        requireFinite(found, updates);
        losses.add(found);
        boxesSeen += boxes;
        report(++updates - first);
      }
      const isValidated = updates === steps ||
        rows.length % rowsPerValidation === rowsPerValidation - 1;
      const validation = isValidated
        ? await validator.run(learner, signal)
        : undefined;
      const row: YoloCurveRow = {
        step: updates,
        seconds: (rows.at(-1)?.seconds ?? 0) +
          (performance.now() - startMs) / 1000,
        imagesSeen: updates * settings.batch,
        boxesSeen,
        rate: stepSettingsAt(updates - 1, settings).rates[0],
        losses: losses.read(),
        validation,
      };
      rows = [...rows, row];
      const state = await learner.readState();
      const { averageParameters, averageRunning } = state.vectors;
      // the state last: whoever finds it finds what belongs to it
      if (isValidated) {
        const learnt = withParameters(start, layout, {
          parameters: averageParameters,
          running: averageRunning,
        });
        saveYolo(weightsPath, learnt, { metadata, precision: "float16" });
      }
      writePretrainYoloState(statePath, { learner: state, boxesSeen, rows });
      await writeCurve(out, rows);
      options.onRow?.(row);
    }
    return { weightsPath, rows };
  } finally {
    source.close();
    await validator.close();
    await learner.close();
    await Deno.remove(scratch, { recursive: true });
  }
}

const metadata = {
  "medannotate.licence": "MIT",
  "medannotate.trainedOn": "generated images only",
};

async function writeCurve(out: string, rows: readonly YoloCurveRow[]) {
  const lines = rows.map((row) => JSON.stringify(row)).join("\n");
  await writeFileWhole(join(out, "curve.jsonl"), lines + "\n");
}

function requireFinite(losses: Float32Array, step: number) {
  if (losses.every(Number.isFinite)) return;
  throw new RangeError(
    `Cannot go on pretraining: at step ${step} the losses became ${
      [...losses].join(", ")
    }, expected numbers; a smaller --rate may help`,
  );
}

function openSource(
  seed: number,
  { side }: PretrainYoloSettings,
  { size }: { readonly size: number },
): BlockSource<LoadedSample> {
  const worker = new Worker(
    import.meta.resolve("./detector_scene_worker.ts"),
    { type: "module" },
  );
  return openBlockSource(worker, { seed, size, how: { side } });
}

/** The batch of a step, counted from 0: the scenes that come next, changed a bit. */
async function makeStepBatch(
  source: BlockSource<LoadedSample>,
  step: number,
  { seed, side, batch, augmentation }: PretrainYoloSettings,
): Promise<{ readonly batch: Batch; readonly boxes: number }> {
  const random = seededRandom(hashText(`${seed} step ${step}`));
  const scenes = await source.block(Math.floor(step / batchesPerBlock));
  const first = step % batchesPerBlock * batch;
  const partner = () =>
    Promise.resolve(scenes[Math.floor(random() * scenes.length)]);
  const area = 3 * side * side;
  const images = new Float32Array(batch * area);
  const labels: (readonly Label[])[] = [];
  for (let i = 0; i < batch; i++) {
    const changed = await augment(scenes[first + i], {
      ...{ side, random, partner, amounts: augmentation },
    });
    toPlanes(changed.image.data, images.subarray(i * area, (i + 1) * area));
    labels.push(changed.labels);
  }
  return {
    batch: makeBatch(images, {
      ...{ labels, width: side, height: side, hasMasks: false },
      classCount: detectorClasses.length,
    }),
    boxes: labels.reduce((sum, { length }) => sum + length, 0),
  };
}

/** Validates averages on scenes that are never learnt from. */
async function openSceneValidator(
  runtime: Runtime,
  { start, settings, layout, scratch }: {
    readonly start: YoloWeights;
    readonly settings: PretrainYoloSettings;
    readonly layout: ReturnType<typeof layoutParameters>;
    readonly scratch: string;
  },
) {
  const scenes = await validationScenes(settings);
  const loaded = new Map(scenes.map((scene) => [scene.name, scene]));
  const load = ({ name }: TrainingSample) => {
    const scene = loaded.get(name);
    if (scene) return Promise.resolve(scene);
    return Promise.reject(new RangeError(`There is no scene ${name}`));
  };
  const validation = scenes.map(({ name, image, size, labels }) => ({
    ...{ name, size, labels },
    read: () => Promise.resolve(image),
  }));
  const validator = openValidator(runtime, {
    ...{ start, validation, scratch },
    settings: trainSettingsOf(settings),
  }, layout);
  return {
    run: async (learner: Learner, signal?: AbortSignal) => {
      const { measures, losses } = await validator.run(learner.averages(), {
        ...{ load, signal, classCount: detectorClasses.length },
      });
      return validationOf(measures, losses);
    },
    close: validator.close,
  };
}

async function validationScenes(settings: PretrainYoloSettings) {
  const size = settings.validationImages;
  const source = openSource(validationSeed, settings, { size });
  try {
    return await source.block(0);
  } finally {
    source.close();
  }
}

function validationOf(
  { boxes: { ultralytics84 } }: DetectorMeasures,
  losses: readonly number[],
): YoloValidation {
  const { map50, map50to95, classes } = ultralytics84;
  return {
    map50,
    map50to95,
    losses: [...losses],
    classes: Object.fromEntries(
      classes.map(({ classNumber, labels, ap50, ap50to95 }) => [
        detectorClasses[classNumber],
        { labels, map50: ap50, map50to95: ap50to95 },
      ]),
    ),
  };
}
