// The state of a training run on disk: what it needs to go on after a kill.
//
// One file, replaced whole after each epoch: the vectors as tensors, the rest
// as JSON beside them. results.csv is written from it, so both always agree.

import { z } from "zod";
import { openSafetensors } from "../../weights/safetensors.ts";
import { writeSafetensors } from "../../weights/safetensors.ts";
import type { TrainingState } from "../../yolo/training/train.ts";
import { stateNames } from "../../yolo/training/step.ts";
import type { ResultsRow } from "./results_csv.ts";

/** The state after an epoch, with all rows so far. */
export type RunState = {
  readonly state: TrainingState;
  readonly rows: readonly ResultsRow[];
  /** Whether the run is over. */
  readonly isDone: boolean;
};

const key = "medannotate.training";
const Told = z.object({
  epoch: z.int().nonnegative(),
  updates: z.int().nonnegative(),
  best: z.object({ epoch: z.int(), fitness: z.number() }),
  rows: z.array(z.record(z.string(), z.number())),
  isDone: z.boolean(),
});

/** Writes the state, complete or not at all. */
export function writeRunState(path: string, { state, rows, isDone }: RunState) {
  const tensors = new Map(stateNames.map((name) => {
    const data = state.vectors[name];
    return [name, { dims: [data.length], data }] as const;
  }));
  const { epoch, updates, best } = state;
  const told = { epoch, updates, best, rows, isDone };
  writeSafetensors(path, tensors, {
    metadata: { [key]: JSON.stringify(told) },
  });
}

/** Reads a state; undefined where there is none yet. */
export function readRunState(path: string): RunState | undefined {
  let isThere = true;
  try {
    Deno.statSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    isThere = false;
  }
  if (!isThere) return undefined;
  const file = openSafetensors(path);
  try {
    const text = file.metadata[key];
    if (text === undefined) {
      throw new SyntaxError(
        `Cannot go on from ${path}: it is no state of a training run`,
      );
    }
    const { epoch, updates, best, rows, isDone } = Told.parse(JSON.parse(text));
    const vector = (name: typeof stateNames[number]) => file.read(name).data;
    const vectors = {
      parameters: vector("parameters"),
      running: vector("running"),
      moment1: vector("moment1"),
      moment2: vector("moment2"),
      averageParameters: vector("averageParameters"),
      averageRunning: vector("averageRunning"),
    };
    return { state: { epoch, updates, best, vectors }, rows, isDone };
  } finally {
    file.close();
  }
}
