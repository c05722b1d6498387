// Training a detector from a data set on disk into a folder.
//
// The folder holds what the run is (run.json), its curves (results.csv), the
// best and the last weights, measures of the best, and the state to go on from.
// The same command goes on where it stopped; anything that would make another
// run of it is refused. State is written after each epoch, best weights before
// it, so a kill loses the epoch in flight and nothing else.

import { join, resolve } from "node:path";
import type { OnProgress } from "../../base/progress.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { DetectorMeasures } from "../../yolo/evaluation/evaluate_detections.ts";
import { saveYolo } from "../../yolo/save.ts";
import { type SampleLoader, sampleLoader } from "../../yolo/training/sample.ts";
import {
  fillSettings,
  type TrainSettings,
  type WantedSettings,
} from "../../yolo/training/settings.ts";
import type { TransferReport } from "../../yolo/training/start.ts";
import {
  averagedWeights,
  type EpochResult,
  secondsPerStep,
  type TimeEstimate,
  trainEpochs,
  type TrainingRun,
} from "../../yolo/training/train.ts";
import { problemsText } from "../data_set/problems_text.ts";
import {
  type DataSet,
  type DataSetImage,
  type DataSetProblem,
  readDataSet,
} from "../data_set/read_data_set.ts";
import { dataSetDigest, summariseDataSet } from "../data_set/summarise.ts";
import { madeWith } from "../made_with.ts";
import { sampleOf } from "../data_set/sample_of.ts";
import { writeDetectorMeasures } from "../evaluation/write_measures.ts";
import { removeTemporaryFiles, writeFileWhole } from "../write_file.ts";
import { resultsCsv, type ResultsRow, resultsRow } from "./results_csv.ts";
import { checkImages } from "./check_images.ts";
import { defaultStart, openStart, type Start } from "./open_start.ts";
import {
  readRun,
  refuseOther,
  type RunAbout,
  type RunFile,
} from "./run_file.ts";
import { readRunState, writeRunState } from "./run_state.ts";

/** What to train, and how. */
export type TrainOptions = Partial<WantedSettings> & {
  /** A folder or data.yaml. */
  readonly data: string;
  /** Where everything goes. */
  readonly out: string;
  /** A checkpoint file, the id of a model, or a design such as `yolo11n` to start from nothing; default `yolo11n-scenes`, which ships. */
  readonly model?: string;
  /** Trains although images of training and validation are the same. */
  readonly force?: boolean;
  /** Forgets an earlier run in the folder. */
  readonly restart?: boolean;
  /** As it was called, for the record. */
  readonly command?: string;
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
  const { signal, force = false } = options;
  const place = placeOf(options.out);
  await removeTemporaryFiles(place.out);
  await removeTemporaryFiles(join(place.out, "weights"));
  if (options.restart) await forget(place);
  const earlier = await readRun(place.file("run"));
  const load = sampleLoader(options.side ?? defaultsOf(runtime).side);
  const whole = await readDataSet(options.data, options);
  refuseLeaks(whole, force);
  const data = await leaveOutDamaged(whole, load, options);
  const start = await openStart(options.model ?? defaultStart, {
    task: taskOf(options, data.parts.train),
    names: data.names,
    imageSide: options.side ?? defaultsOf(runtime).side,
    seed: options.seed ?? 0,
  });
  const scratch = await Deno.makeTempDir({ prefix: "medannotate-train-" });
  try {
    const train = data.parts.train.map(sampleOf);
    const validation = data.parts.val.map(sampleOf);
    const epochs = earlier?.epochs ?? options.epochs ??
      await epochsOfLunchBreak(runtime, {
        settings: settingsFrom(options, data, runtime),
        start: start.weights,
        train,
        validation: [],
        load,
        scratch,
      });
    const asked = options.epochs ?? epochs;
    const settings = settingsFrom({ ...options, epochs: asked }, data, runtime);
    const identity: RunFile = {
      kind: "medannotate-training",
      data: dataSetDigest(data, ["train", "val"]),
      start: start.sha256,
      settings,
    };
    if (earlier) refuseOther(earlier, identity, place.out);
    else {
      const about: RunAbout = {
        data: summariseDataSet(whole),
        start: start.title,
        ...(start.licence === undefined ? {} : { licence: start.licence }),
        marks: marksOf(data, force),
        madeWith: madeWith(),
        ...(options.command === undefined ? {} : { command: options.command }),
      };
      await writeFileWhole(place.file("run"), json({ ...identity, about }));
    }
    const problems = problemsText(data.problems) + "\n";
    await writeFileWhole(place.file("problems"), problems);
    const run: TrainingRun = {
      start: start.weights,
      settings,
      train,
      validation: validation.length > 0 ? validation : train,
      load,
      scratch,
      onProgress: options.onProgress,
      signal,
    };
    return await runEpochs(runtime, run, {
      place,
      start,
      data,
      marks: marksOf(data, force),
      options,
    });
  } finally {
    start.close();
    await Deno.remove(scratch, { recursive: true });
  }
}

/** The folder of a run and the files in it. */
type Place = {
  readonly out: string;
  file(name: keyof typeof runFiles): string;
};

function placeOf(folder: string): Place {
  const out = resolve(folder);
  return { out, file: (name) => join(out, runFiles[name]) };
}

/** Trains the epochs that are left, and keeps each. */
async function runEpochs(
  runtime: Runtime,
  run: TrainingRun,
  { place, start, data, marks, options }: {
    readonly place: Place;
    readonly start: Start;
    readonly data: DataSet;
    readonly marks: readonly string[];
    readonly options: TrainOptions;
  },
): Promise<TrainResult> {
  const { out, file } = place;
  const { settings, train, validation } = run;
  const known = readRunState(file("state"));
  let rows: readonly ResultsRow[] = known?.rows ?? [];
  let best = known?.state.best ?? { epoch: 0, fitness: -Infinity };
  let measures: DetectorMeasures | undefined;
  const before = rows.at(-1)?.time ?? 0;
  const beganMs = performance.now();
  const seconds = () => before + (performance.now() - beganMs) / 1000;
  if (known) await writeFileWhole(file("results"), resultsCsv(rows));
  const onEstimate = (estimate: TimeEstimate) =>
    options.onPlan?.({
      settings,
      start: start.title,
      transfer: start.transfer,
      images: { train: train.length, validation: validation.length },
      marks,
      problems: data.problems,
      estimate,
      epochsDone: known?.state.epoch ?? 0,
    });
  if (!known?.isDone) {
    await Deno.mkdir(join(out, "weights"), { recursive: true });
    const whole = { ...run, state: known?.state, onEstimate };
    for await (const epoch of trainEpochs(runtime, whole)) {
      const state = await epoch.readState();
      const row = resultsRow(epoch, seconds());
      rows = [...rows, row];
      best = state.best;
      const weights = averagedWeights(start.weights, state, settings);
      const metadata = weightsMetadata(start, { epoch: epoch.epoch, settings });
      // the state last: whoever finds it finds what belongs to it
      if (epoch.isBest) {
        saveYolo(file("best"), weights, { metadata });
        await writeDetectorMeasures(join(out, "best"), epoch.measures);
        measures = epoch.measures;
      }
      saveYolo(file("last"), weights, { metadata });
      writeRunState(file("state"), { state, rows, isDone: epoch.isLast });
      await writeFileWhole(file("results"), resultsCsv(rows));
      options.onEpoch?.(epoch, row);
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
}

/** The data set without images that cannot be decoded, which are named among its problems. */
async function leaveOutDamaged(
  data: DataSet,
  load: SampleLoader,
  { signal, onProgress }: Pick<TrainOptions, "signal" | "onProgress">,
): Promise<DataSet> {
  const images = [...data.parts.train, ...data.parts.val];
  const { problems } = await checkImages(images.map(sampleOf), {
    load,
    signal,
    onProgress,
  });
  if (problems.length === 0) return data;
  const damaged = new Set(problems.map(({ file }) => file));
  const sound = (part: readonly DataSetImage[]) =>
    part.filter(({ name }) => !damaged.has(name));
  const { train, val, test } = data.parts;
  const parts = { train: sound(train), val: sound(val), test };
  if (parts.train.length === 0) {
    throw new RangeError(
      `Cannot train on ${data.folder}: none of its ${train.length} images can be decoded; the first: ${
        problems[0].message
      }`,
    );
  }
  return { ...data, parts, problems: [...data.problems, ...problems] };
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}

async function forget({ out }: Place) {
  for (const name of Object.values(runFiles)) {
    await Deno.remove(join(out, name)).catch(() => undefined); // it may never have been made
  }
}

/**
 * A part that is a copy of another proves nothing and is refused, unless the
 * data set says itself that it has no independent validation. Single copies were
 * left out already.
 */
function refuseLeaks(
  { problems, folder, certificate }: DataSet,
  force: boolean,
) {
  const isSaid = certificate?.marks.includes(noValidation);
  const whole = problems.find((problem) => isLeak(problem, "nothing left out"));
  if (!whole || isSaid || force) return;
  throw new RangeError(
    `Cannot train on ${folder}: ${whole.message}; --force trains all the same, and the results say so`,
  );
}

const noValidation = "no independent validation"; // as certificates say it

function isLeak(
  { kind, consequence }: DataSetProblem,
  wanted: DataSetProblem["consequence"],
): boolean {
  return kind === "leak" && consequence === wanted;
}

/** What a reader of the results has to know. */
function marksOf(
  { parts, problems, certificate }: DataSet,
  force: boolean,
): string[] {
  const marks = [...certificate?.marks ?? []];
  if (parts.val.length === 0) {
    marks.push(
      `${noValidation}: there is no val part, the training images were validated on`,
    );
  }
  for (const problem of problems) {
    if (force && isLeak(problem, "nothing left out")) {
      marks.push(`leak, forced: ${problem.message}`);
    }
  }
  const copies =
    problems.filter((problem) => isLeak(problem, "image left out")).length;
  if (copies > 0) {
    marks.push(
      `${copies} images were copies of another part and were left out`,
    );
  }
  return marks;
}

/** Sides, batches: small enough for a lunch break without a GPU. */
function defaultsOf({ device }: Runtime) {
  return device === "cpu" ? { side: 320, batch: 8 } : { side: 640, batch: 16 };
}

function settingsFrom(
  options: TrainOptions,
  { names, parts }: DataSet,
  runtime: Runtime,
): TrainSettings {
  return fillSettings(
    { ...defaultsOf(runtime), ...options, task: taskOf(options, parts.train) },
    { images: parts.train.length, classCount: names.length },
  );
}

/** What is asked for, else what the labels are. */
function taskOf(
  { task }: TrainOptions,
  images: readonly DataSetImage[],
): TrainSettings["task"] {
  const hasRings = images.some(({ labels }) =>
    labels.some(({ ring }) => ring !== undefined)
  );
  return task ?? (hasRings ? "segment" : "detect");
}

const lunchBreakSeconds = 30 * 60;
const validationShare = 1.25; // an epoch with its validation over its steps
const fewestEpochs = 10;

/** As many epochs, of the default at most, as fit into a lunch break on this machine. */
async function epochsOfLunchBreak(
  runtime: Runtime,
  run: TrainingRun,
): Promise<number> {
  const { settings: { epochs, batch }, train } = run;
  if (runtime.device !== "cpu") return epochs;
  const step = await secondsPerStep(runtime, run);
  const epoch = step * Math.ceil(train.length / batch) * validationShare;
  const fit = Math.floor(lunchBreakSeconds / epoch);
  return Math.max(fewestEpochs, Math.min(epochs, fit));
}

function weightsMetadata(
  { title, sha256, licence }: Start,
  { epoch, settings }: {
    readonly epoch: number;
    readonly settings: TrainSettings;
  },
): Record<string, string> {
  return {
    "medannotate.start": title,
    "medannotate.start.sha256": sha256,
    "medannotate.epoch": String(epoch),
    "medannotate.settings": JSON.stringify(settings),
    ...(licence === undefined ? {} : { "medannotate.licence": licence }),
  };
}
