// The training in a folder, and the weights it left.

import { join } from "node:path";
import { z } from "zod";
import { parseCsv } from "../../formats/csv.ts";
import type { DataSetSummary } from "../data_set/summarise.ts";
import { sha256OfFile } from "../model_file.ts";
import { runFiles } from "../train/train_detector.ts";
import type { ResultsRow } from "../train/results_csv.ts";
import { openYoloFile } from "../yolo_file.ts";
import type { ReportedModel, TrainingRecord } from "./experiment.ts";
import { readJsonIfThere, readTextIfThere } from "./read_json.ts";
import { DataSummary, Versions } from "./shapes.ts";

const Run = z.looseObject({
  kind: z.literal("medannotate-training"),
  data: z.string(),
  start: z.string(),
  settings: z.record(z.string(), z.json()),
  about: z.looseObject({
    data: DataSummary,
    start: z.string(),
    licence: z.string().optional(),
    marks: z.array(z.string()),
    madeWith: Versions,
    command: z.string().optional(),
  }).optional(), // runs of before have none
});

/** A training with its data set and its models. */
export type ReadTraining = {
  readonly training: TrainingRecord;
  readonly data: DataSetSummary | undefined;
  readonly models: readonly ReportedModel[];
};

/** Reads the run of a folder. */
export async function readTraining(folder: string): Promise<ReadTraining> {
  const run = await readJsonIfThere(folder, runFiles.run, Run);
  if (!run) {
    throw new RangeError(`Cannot report ${folder}: it has no ${runFiles.run}`);
  }
  const { about, settings } = run;
  const weights = await readWeights(folder);
  const isFile = /^[0-9a-f]{64}$/.test(run.start);
  const start = about?.start ?? run.start;
  const startSha256 = isFile ? run.start : null;
  return {
    training: {
      folder,
      start,
      ...(isFile ? { startSha256: run.start } : {}),
      settings,
      dataDigest: run.data,
      rows: parseResults(await readTextIfThere(folder, runFiles.results) ?? ""),
      bestEpoch: weights.bestEpoch,
      marks: about?.marks ?? [],
      problems: await readTextIfThere(folder, runFiles.problems) ?? "",
      ...(about && { madeWith: about.madeWith }),
      ...(about?.command && { command: about.command }),
    },
    data: about?.data as unknown as DataSetSummary | undefined, // checked above
    models: [
      {
        role: "start",
        name: start,
        sha256: startSha256,
        licence: about?.licence ?? null,
      },
      ...weights.models,
    ],
  };
}

async function readWeights(folder: string) {
  const models: ReportedModel[] = [];
  let bestEpoch: number | null = null;
  for (const role of ["best", "last"] as const) {
    const path = join(folder, runFiles[role]);
    const isThere = await Deno.stat(path).then(() => true, () => false);
    if (!isThere) continue;
    const file = openYoloFile(path);
    try {
      const { licence = null } = file;
      const sha256 = await sha256OfFile(path);
      models.push({ role, name: runFiles[role], sha256, licence });
      const epoch = file.kind === "checkpoint" &&
        Number(file.checkpoint.metadata["medannotate.epoch"]);
      if (role === "best" && epoch) bestEpoch = epoch;
    } finally {
      file.close();
    }
  }
  return { models, bestEpoch };
}

/** Reads results.csv; a row that a kill cut off is left out. */
export function parseResults(text: string): ResultsRow[] {
  const [head, ...rows] = parseCsv(text);
  if (!head) return [];
  const columns = head.cells.map((name) => name.trim());
  return rows.map(({ cells }) =>
    Object.fromEntries(columns.map((name, i) => [name, Number(cells[i])]))
  ).filter((row) => Object.values(row).every(Number.isFinite));
}
