// The report of an experiment from the folders that its verbs left: one page and,
// beside it, the same as JSON.
//
// The same folders give the same bytes, but for the line with the date.

import { Buffer } from "node:buffer";
import { basename, join, resolve } from "node:path";
import type { OnProgress } from "../../base/progress.ts";
import { readDataSet } from "../data_set/read_data_set.ts";
import {
  dataSetDigest,
  type DataSetSummary,
  summariseDataSet,
} from "../data_set/summarise.ts";
import { madeWith } from "../made_with.ts";
import { writeFileWhole } from "../write_file.ts";
import { experimentPage } from "./experiment_page.ts";
import type {
  EvaluationRecord,
  Experiment,
  ReportedModel,
  TrainingRecord,
} from "./experiment.ts";
import { isEvaluation, readEvaluation } from "./read_evaluation.ts";
import { Kind, readJsonIfThere } from "./read_json.ts";
import { readDetection, readPropagation } from "./read_runs.ts";
import { readTraining } from "./read_training.ts";

/** What to report. */
export type ReportOptions = {
  /** What train, evaluate, detect or propagate left. */
  readonly run: string;
  /** What evaluate left, beside a training. */
  readonly evaluation?: string;
  /** The data set, read again; by default what the run kept of it. */
  readonly data?: string;
  /** The page, .html; the JSON is beside it. */
  readonly out: string;
  readonly title?: string;
  readonly date?: Date;
  /** As it was called, for the record. */
  readonly command?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** What was written. */
export type ReportResult = {
  readonly page: string;
  readonly json: string;
  readonly experiment: Experiment;
};

/**
 * Writes the report of an experiment.
 *
 * @throws RangeError when a folder is none that can be reported
 *
 * @example A training with its evaluation
 * ```ts ignore
 * import { makeReport } from "medannotate";
 *
 * const { page } = await makeReport({
 *   run: "runs/polyps",
 *   evaluation: "runs/polyps/evaluation",
 *   out: "polyps.html",
 * });
 * ```
 */
export async function makeReport(
  options: ReportOptions,
): Promise<ReportResult> {
  const page = resolve(options.out);
  if (!/\.html?$/i.test(page)) {
    throw new RangeError(
      `Cannot write the report ${options.out}: expected a name that ends in .html`,
    );
  }
  const run = await readRun(resolve(options.run));
  const evaluation = options.evaluation === undefined
    ? run.evaluation
    : await requireEvaluation(resolve(options.evaluation));
  const { data, marks } = await findData(options, { ...run, evaluation });
  const experiment: Experiment = {
    kind: "medannotate-report",
    version: 1,
    title: options.title ?? basename(resolve(options.run)),
    date: (options.date ?? new Date()).toISOString(),
    marks: unique([
      ...(data?.certificate?.marks ?? []),
      ...(run.training?.marks ?? []),
      ...marksOfEvaluation(evaluation),
      ...marks,
      ...strangerMark(run.training, run.models, evaluation),
    ]),
    ...(data && { data }),
    ...(run.training && { training: run.training }),
    ...(evaluation && { evaluation }),
    ...(run.detection && { detection: run.detection }),
    ...(run.propagation && { propagation: run.propagation }),
    models: [...run.models, ...modelOf(evaluation)],
    madeWith: madeWith(),
    ...(options.command === undefined ? {} : { command: options.command }),
  };
  const json = page.replace(/\.html?$/i, ".json");
  const html = experimentPage(experiment, await readPictures(evaluation));
  await writeFileWhole(json, JSON.stringify(experiment, null, 1) + "\n");
  await writeFileWhole(page, html);
  return { page, json, experiment };
}

/** What a folder tells, whatever left it. */
type FoundRun =
  & Pick<
    Experiment,
    "training" | "evaluation" | "detection" | "propagation" | "data"
  >
  & { readonly models: readonly ReportedModel[] };

async function readRun(folder: string): Promise<FoundRun> {
  const kind = (await readJsonIfThere(folder, "run.json", Kind))?.kind;
  if (kind === "medannotate-training") {
    const { training, data, models } = await readTraining(folder);
    const best = await readEvaluation(join(folder, "best"));
    return { training, data, models, evaluation: best };
  }
  if (kind === "medannotate-detection") return await readDetection(folder);
  const propagation = await readPropagation(folder);
  if (propagation) return propagation;
  const evaluation = await readEvaluation(folder);
  if (evaluation) return { evaluation, models: [] };
  const hasPage = await Deno.stat(join(folder, "index.html"))
    .then(() => true, () => false);
  throw new RangeError(
    `Cannot report ${folder}: expected what train, evaluate, detect or propagate --out left${
      hasPage ? "; a demo has a page of its own, index.html" : ""
    }`,
  );
}

async function requireEvaluation(folder: string): Promise<EvaluationRecord> {
  const found = await readEvaluation(folder);
  if (found) return found;
  throw new RangeError(
    `Cannot report the evaluation ${folder}: it has no metrics.json, expected what evaluate detector --out left`,
  );
}

/** The data set as it is now, or as the folders knew it; with what does not agree. */
async function findData(
  { data: path, onProgress, signal }: ReportOptions,
  { training, evaluation, data }: Omit<FoundRun, "models">,
): Promise<{ data: DataSetSummary | undefined; marks: string[] }> {
  const measures = evaluation?.measures;
  const evaluated = measures && isEvaluation(measures)
    ? measures.data
    : undefined;
  if (path === undefined) {
    const isOther = data && evaluated && data.digest !== evaluated.digest;
    return {
      data: data ?? evaluated,
      marks: isOther
        ? ["the model was evaluated on another data set than it was trained on"]
        : [],
    };
  }
  const dataSet = await readDataSet(path, { onProgress, signal });
  const now = summariseDataSet(dataSet);
  const learnt = dataSetDigest(dataSet, ["train", "val"]);
  const isSame = data
    ? data.digest === now.digest
    : !training || training.dataDigest === learnt;
  return {
    data: now,
    marks: [
      ...(isSame
        ? []
        : ["the data set is not, or no longer, that of the training"]),
      ...(evaluated && evaluated.digest !== now.digest
        ? ["the data set is not, or no longer, that of the evaluation"]
        : []),
    ],
  };
}

function marksOfEvaluation(
  evaluation: EvaluationRecord | undefined,
): readonly string[] {
  if (!evaluation) return [];
  const { measures } = evaluation;
  return isEvaluation(measures) ? measures.marks : [
    "the measures are the training's own, on the images its best epoch was chosen by",
  ];
}

/** Says where the evaluated model is none of the training. */
function strangerMark(
  training: TrainingRecord | undefined,
  models: readonly ReportedModel[],
  evaluation: EvaluationRecord | undefined,
): string[] {
  const [model] = modelOf(evaluation);
  if (!training || !model) return [];
  return models.some(({ sha256, role }) =>
      role !== "start" && sha256 === model.sha256
    )
    ? []
    : ["the model that was evaluated is not one of this training"];
}

function modelOf(evaluation: EvaluationRecord | undefined): ReportedModel[] {
  if (!evaluation || !isEvaluation(evaluation.measures)) return [];
  const { id, sha256, licence } = evaluation.measures.model;
  return [{
    role: "evaluated",
    name: id,
    sha256,
    licence: licence === "unknown" ? null : licence,
  }];
}

async function readPictures(
  evaluation: EvaluationRecord | undefined,
): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  for (const { picture } of evaluation?.gallery?.shown ?? []) {
    const bytes = await Deno.readFile(join(evaluation?.folder ?? "", picture));
    const text = Buffer.from(bytes).toString("base64");
    pictures.set(picture, `data:image/jpeg;base64,${text}`);
  }
  return pictures;
}

function unique(sentences: readonly string[]): string[] {
  return [...new Set(sentences)];
}
