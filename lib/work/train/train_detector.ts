// Training a detector from a data set on disk into a folder.
//
// The folder holds what the run is (run.json), its curves (results.csv), the
// best and the last weights, measures of the best, and the state to go on from.
// The same command goes on where it stopped; anything that would make another
// run of it is refused. State is written after each epoch, best weights before
// it, so a kill loses the epoch in flight and nothing else.

import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { z } from "zod";
import { CancelledError, throwIfCancelled } from "../../base/errors.ts";
import type { OnProgress } from "../../base/progress.ts";
import { readImage } from "../../media/image.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { openCheckpoint } from "../../weights/open_checkpoint.ts";
import { type Design, yoloSizes } from "../../yolo/design.ts";
import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";
import { saveYolo } from "../../yolo/save.ts";
import type { TrainingSample } from "../../yolo/training/sample.ts";
import {
  fillSettings,
  type TrainSettings,
  type WantedSettings,
} from "../../yolo/training/settings.ts";
import {
  startFromCheckpoint,
  startFromNothing,
  type TransferReport,
} from "../../yolo/training/start.ts";
import {
  averagedWeights,
  type EpochResult,
  secondsPerStep,
  type TimeEstimate,
  trainEpochs,
} from "../../yolo/training/train.ts";
import { type YoloWeights, yoloWeights } from "../../yolo/weights.ts";
import { problemsText } from "../data_set/problems_text.ts";
import {
  type DataSet,
  type DataSetImage,
  readDataSet,
} from "../data_set/read_data_set.ts";
import { writeDetectorMeasures } from "../evaluation/write_measures.ts";
import { sha256OfFile } from "../model_file.ts";
import { removeTemporaryFiles, writeFileWhole } from "../write_file.ts";
import { resultsCsv, type ResultsRow, resultsRow } from "./results_csv.ts";
import { readRunState, type RunState, writeRunState } from "./run_state.ts";

/** What to train, and how. */
export type TrainOptions = Partial<WantedSettings> & {
  /** A folder or data.yaml. */
  readonly data: string;
  /** Where everything goes. */
  readonly out: string;
  /** A checkpoint file, or a design such as `yolo11n` to start from nothing; default `yolo11n`. */
  readonly model?: string;
  /** Trains although images of training and validation are the same. */
  readonly force?: boolean;
  /** Forgets an earlier run in the folder. */
  readonly restart?: boolean;
  /** Told what is decided before the first epoch. */
  readonly onPlan?: (plan: TrainPlan) => void;
  readonly onEpoch?: (epoch: EpochResult, row: ResultsRow) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** What a run is about to do. */
export type TrainPlan = {
  readonly settings: TrainSettings;
  readonly start: string;
  readonly transfer: TransferReport | undefined;
  readonly images: { readonly train: number; readonly validation: number };
  /** What a reader of the results has to know, one sentence each. */
  readonly marks: readonly string[];
  readonly problems: DataSet["problems"];
  readonly estimate: TimeEstimate;
  /** Epochs done in earlier sittings. */
  readonly epochsDone: number;
};

/** How a run ended. */
export type TrainResult = {
  readonly out: string;
  readonly epochs: number;
  readonly best: { readonly epoch: number; readonly fitness: number };
  readonly measures: DetectorMeasures | undefined;
  readonly bestWeights: string;
  readonly lastWeights: string;
  readonly seconds: number;
  readonly marks: readonly string[];
};

/** Names of the files in a run's folder. */
export const runFiles = {
  run: "run.json",
  results: "results.csv",
  state: "state.safetensors",
  best: "weights/best.safetensors",
  last: "weights/last.safetensors",
  problems: "problems.txt",
} as const;

/**
 * Trains, or goes on with the run in the folder.
 *
 * @throws RangeError for a data set that leaks or is empty, settings that cannot be, another run in the folder
 * @throws CancelledError when the signal fires; what was written stays
 */
export async function trainDetector(
  runtime: Runtime,
  options: TrainOptions,
): Promise<TrainResult> {
  const { signal, onProgress, onPlan, onEpoch, force = false } = options;
  const out = resolve(options.out);
  const file = (name: keyof typeof runFiles) => join(out, runFiles[name]);
  await removeTemporaryFiles(out);
  await removeTemporaryFiles(join(out, "weights"));
  if (options.restart) await forget(out);
  const earlier = await readRun(file("run"));
  const data = await readDataSet(options.data, { signal, onProgress });
  refuseLeaks(data, force);
  const marks = marksOf(data, force);
  const start = await openStart(options, data, runtime);
  const scratch = await Deno.makeTempDir({ prefix: "medannotate-train-" });
  try {
    const train = data.parts.train.map(sampleOf);
    const validation = data.parts.val.length > 0
      ? data.parts.val.map(sampleOf)
      : train;
    const settings = earlier && options.epochs === undefined
      ? settingsFrom(options, data, runtime, earlier.settings)
      : settingsFrom(options, data, runtime);
    const isGiven = earlier !== undefined || options.epochs !== undefined;
    const epochs = isGiven
      ? settings.epochs
      : await epochsOfLunchBreak(runtime, settings, { start, train, scratch });
    const fitted = settingsFrom({ ...options, epochs }, data, runtime);
    const identity: RunFile = {
      kind: "medannotate-training",
      data: digestOf(data),
      start: start.sha256,
      settings: fitted,
    };
    if (earlier) refuseOther(earlier, identity, out);
    else await writeFileWhole(file("run"), json(identity));
    await writeFileWhole(file("problems"), problemsText(data.problems) + "\n");

    const known = readRunState(file("state"));
    let rows: readonly ResultsRow[] = known?.rows ?? [];
    let best = known?.state.best ?? { epoch: 0, fitness: -Infinity };
    let measures: DetectorMeasures | undefined;
    const before = rows.at(-1)?.time ?? 0;
    const beganMs = performance.now();
    const seconds = () => before + (performance.now() - beganMs) / 1000;
    if (known) await writeFileWhole(file("results"), resultsCsv(rows));
    if (!known?.isDone) {
      const epochs = trainEpochs(runtime, {
        start: start.weights,
        settings: fitted,
        train,
        validation,
        scratch,
        state: known?.state,
        onProgress,
        signal,
        onEstimate: (estimate) =>
          onPlan?.({
            settings: fitted,
            start: start.title,
            transfer: start.transfer,
            images: { train: train.length, validation: validation.length },
            marks,
            problems: data.problems,
            estimate,
            epochsDone: known?.state.epoch ?? 0,
          }),
      });
      for await (const epoch of epochs) {
        const state = await epoch.readState();
        const row = resultsRow(epoch, seconds());
        rows = [...rows, row];
        best = state.best;
        const weights = averagedWeights(start.weights, state, fitted);
        const about = weightsMetadata(start, { epoch: epoch.epoch, fitted });
        await Deno.mkdir(join(out, "weights"), { recursive: true });
        if (epoch.isBest) {
          saveYolo(file("best"), weights, { metadata: about });
          await writeDetectorMeasures(join(out, "best"), epoch.measures);
          measures = epoch.measures;
        }
        saveYolo(file("last"), weights, { metadata: about });
        const kept: RunState = { state, rows, isDone: epoch.isLast };
        writeRunState(file("state"), kept);
        await writeFileWhole(file("results"), resultsCsv(rows));
        onEpoch?.(epoch, row);
      }
    }
    return {
      out,
      epochs: rows.length,
      best,
      measures,
      bestWeights: file("best"),
      lastWeights: file("last"),
      seconds: seconds(),
      marks,
    };
  } catch (error) {
    if (signal?.aborted && !(error instanceof CancelledError)) {
      throwIfCancelled(signal, "training");
    }
    throw error;
  } finally {
    start.close();
    await Deno.remove(scratch, { recursive: true });
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}

/** What makes a run the same run. */
type RunFile = {
  readonly kind: "medannotate-training";
  readonly data: string;
  readonly start: string;
  readonly settings: TrainSettings;
};

const RunShape = z.object({
  kind: z.literal("medannotate-training"),
  data: z.string(),
  start: z.string(),
  settings: z.record(z.string(), z.json()),
});
type EarlierRun = z.infer<typeof RunShape>;

async function readRun(path: string): Promise<EarlierRun | undefined> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const parsed = RunShape.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new SyntaxError(
    `Cannot go on with ${path}: it is no run of train; --restart begins anew`,
  );
}

async function forget(out: string) {
  for (const name of Object.values(runFiles)) {
    await Deno.remove(join(out, name)).catch(() => undefined); // it may never have been made
  }
}

/** Throws a RangeError that says what differs from the run in the folder. */
function refuseOther(earlier: EarlierRun, now: RunFile, out: string) {
  const different: string[] = [];
  if (earlier.data !== now.data) different.push("the data set");
  if (earlier.start !== now.start) different.push("the model it starts from");
  const settings: Readonly<Record<string, unknown>> = now.settings;
  for (const name of Object.keys({ ...earlier.settings, ...settings })) {
    const [a, b] = [earlier.settings[name], settings[name]].map((value) =>
      JSON.stringify(value)
    );
    if (a !== b) different.push(`${name} (${a} then, ${b} now)`);
  }
  if (different.length === 0) return;
  throw new RangeError(
    `Cannot go on with the run in ${out}: these differ: ${
      different.join(", ")
    }. --restart forgets it and begins anew`,
  );
}

function refuseLeaks({ problems, folder }: DataSet, force: boolean) {
  const leaks = problems.filter(({ kind }) => kind === "leak");
  if (leaks.length === 0 || force) return;
  throw new RangeError(
    `Cannot train on ${folder}: ${leaks.length} images are in more than one part (${
      leaks[0].message
    }); --force trains all the same, and the results say so`,
  );
}

/** What a reader of the results has to know. */
function marksOf(
  { parts, problems, certificate }: DataSet,
  force: boolean,
): string[] {
  const marks = [...certificate?.marks ?? []];
  if (parts.val.length === 0) {
    marks.push(
      "no independent validation: there is no val part, the training images were validated on",
    );
  }
  const leaks = problems.filter(({ kind }) => kind === "leak").length;
  if (force && leaks > 0) {
    marks.push(`leak, forced: ${leaks} images are in more than one part`);
  }
  return marks;
}

/** What an image is known by in the digest of a data set. */
function digestOf({ names, parts }: DataSet): string {
  const hash = createHash("sha256").update(JSON.stringify(names));
  for (const part of [parts.train, parts.val]) {
    const rows = part.map(({ name, size, labels }) => [name, size, labels]);
    hash.update(JSON.stringify(rows));
  }
  return hash.digest("hex");
}

/** An image of a data set as training takes it. */
export function sampleOf(image: DataSetImage): TrainingSample {
  const { name, size, labels, path } = image;
  return { name, size, labels, read: () => readImage(path) };
}

type Start = {
  readonly weights: YoloWeights;
  readonly title: string;
  readonly sha256: string;
  readonly transfer: TransferReport | undefined;
  close(): void;
};

async function openStart(
  options: TrainOptions,
  { names, parts }: DataSet,
  runtime: Runtime,
): Promise<Start> {
  const { model = "yolo11n", seed = 0, side = defaultsOf(runtime).side } =
    options;
  const hasRings = parts.train.some(({ labels }) =>
    labels.some(({ ring }) => ring !== undefined)
  );
  const task = options.task ?? (hasRings ? "segment" : "detect");
  const about = { task, names, imageSide: side, seed };
  const design = designOf(model);
  if (design) {
    return {
      weights: startFromNothing(design, about),
      title: `${model}, from nothing`,
      sha256: `design ${model} ${task} ${seed}`,
      transfer: undefined,
      close: () => {},
    };
  }
  const sha256 = await sha256OfFile(model);
  const checkpoint = openCheckpoint(model);
  try {
    const { weights, report } = startFromCheckpoint(
      yoloWeights(checkpoint),
      about,
    );
    return {
      weights,
      title: model,
      sha256,
      transfer: report,
      close: () => checkpoint.close(),
    };
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}

function designOf(
  model: string,
): Pick<Design, "family" | "size"> | undefined {
  const match = /^(yolo11|yolov8)([nsmlx])(-seg)?(\.yaml)?$/.exec(model);
  const size = yoloSizes.find((size) => size === match?.[2]);
  if (!match || !size) return undefined;
  return { family: match[1] === "yolo11" ? "yolo11" : "yolov8", size };
}

/** Sides, batches: small enough for a lunch break without a GPU. */
function defaultsOf({ device }: Runtime) {
  return device === "cpu" ? { side: 320, batch: 8 } : { side: 640, batch: 16 };
}

function settingsFrom(
  options: TrainOptions,
  { names, parts }: DataSet,
  runtime: Runtime,
  earlier?: Readonly<Record<string, unknown>>,
): TrainSettings {
  const hasRings = parts.train.some(({ labels }) =>
    labels.some(({ ring }) => ring !== undefined)
  );
  const epochs = typeof earlier?.epochs === "number"
    ? earlier.epochs
    : options.epochs;
  return fillSettings(
    {
      ...defaultsOf(runtime),
      ...options,
      ...(epochs === undefined ? {} : { epochs }),
      task: options.task ?? (hasRings ? "segment" : "detect"),
    },
    { images: parts.train.length, classCount: names.length },
  );
}

const lunchBreakSeconds = 30 * 60;
const validationShare = 1.25; // an epoch with its validation over its steps
const fewestEpochs = 10;

/** As many epochs, of the default at most, as fit into a lunch break on this machine. */
async function epochsOfLunchBreak(
  runtime: Runtime,
  settings: TrainSettings,
  { start, train, scratch }: {
    readonly start: Start;
    readonly train: readonly TrainingSample[];
    readonly scratch: string;
  },
): Promise<number> {
  if (runtime.device !== "cpu") return settings.epochs;
  const step = await secondsPerStep(runtime, {
    start: start.weights,
    settings,
    train,
    validation: [],
    scratch,
  });
  const epoch = step * Math.ceil(train.length / settings.batch) *
    validationShare;
  const fit = Math.floor(lunchBreakSeconds / epoch);
  return Math.max(fewestEpochs, Math.min(settings.epochs, fit));
}

function weightsMetadata(
  { title, sha256 }: Start,
  { epoch, fitted }: { readonly epoch: number; readonly fitted: TrainSettings },
): Record<string, string> {
  return {
    "medannotate.start": title,
    "medannotate.start.sha256": sha256,
    "medannotate.epoch": String(epoch),
    "medannotate.settings": JSON.stringify(fitted),
  };
}
