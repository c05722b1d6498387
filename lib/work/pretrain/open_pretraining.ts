// A pretraining run in a folder: what it is known by, begun or gone on with.

import type { OnProgress } from "../../base/progress.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { freshSam2, nanoConfig } from "../../sam2/fresh.ts";
import { openSam2File, sha256OfFile } from "../model_file.ts";
import { keepRun, type RunIdentity } from "./keep_run.ts";
import {
  type Pretrained,
  pretrainSam2,
  type PretrainStart,
} from "./pretrain_sam2.ts";
import { writePretrainingRecord } from "./pretraining_record.ts";
import { nanoSettings, PretrainSettings } from "./sam2_settings.ts";
import type { CurveRow } from "./sam2_state.ts";

/** A pretraining as a person asks for it. */
export type PretrainRequest = {
  readonly out: string;
  /** A checkpoint of the nano's sizes; from nothing when undefined. */
  readonly from?: string;
  readonly settings?: Partial<PretrainSettings>;
  /** Forgets a run in the folder. */
  readonly restart?: boolean;
  /** Steps between two rows of the curve; default 100. */
  readonly stepsPerRow?: number;
  readonly onRow?: (row: CurveRow) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/**
 * Pretrains the nano in a folder, or goes on there.
 *
 * @throws RangeError when the folder holds a run that differs, naming what
 */
export async function pretrainNano(
  runtime: Runtime,
  { out, from, settings: changed, restart = false, ...watch }: PretrainRequest,
): Promise<Pretrained> {
  const settings = PretrainSettings.parse({ ...nanoSettings, ...changed });
  const opened = from === undefined ? undefined : openSam2File(from);
  try {
    const start: PretrainStart = opened
      ? { weights: opened.weights, names: opened.storedNames }
      : freshSam2(nanoConfig, settings.seed);
    const run: RunIdentity = {
      model: nanoConfig.name,
      start: from === undefined
        ? `values by chance, seed ${settings.seed}`
        : await sha256OfFile(from),
      settings,
    };
    await keepRun(out, run, { restart });
    const done = await pretrainSam2(runtime, start, {
      ...watch,
      out,
      settings,
    });
    await writePretrainingRecord(out, run, done);
    return done;
  } finally {
    opened?.close();
  }
}
