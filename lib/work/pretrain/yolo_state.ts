// The state of a detector's pretraining on disk: what it needs to go on after a kill.
//
// One file, replaced whole; the curve is written from it, so both agree.

import { z } from "zod";
import type { LearnerState } from "../../yolo/training/learner.ts";
import { stateNames } from "../../yolo/training/step.ts";
import {
  openSafetensors,
  writeSafetensors,
} from "../../weights/safetensors.ts";

const Score = z.object({ map50: z.number(), map50to95: z.number() });

/** How well unseen scenes are detected. */
const Validation = Score.extend({
  losses: z.array(z.number()),
  /** By class name; classes of which no label was there are left out. */
  classes: z.record(z.string(), Score.extend({ labels: z.int() })),
});
export type YoloValidation = z.infer<typeof Validation>;

/** A row of the curve: means since the row before, and the validation if there was one. */
const CurveRow = z.object({
  step: z.int(),
  seconds: z.number(),
  imagesSeen: z.int(),
  boxesSeen: z.int(),
  rate: z.number(),
  /** With their gains: of boxes, classes, sides. */
  losses: z.array(z.number()),
  validation: Validation.optional(),
});
export type YoloCurveRow = z.infer<typeof CurveRow>;

/** How far a run is. */
const Told = z.object({
  updates: z.int().nonnegative(),
  boxesSeen: z.int().nonnegative(),
  rows: z.array(CurveRow),
});

/** A state that can go on. */
export type PretrainYoloState = {
  readonly learner: LearnerState;
  readonly boxesSeen: number;
  readonly rows: readonly YoloCurveRow[];
};

const key = "medannotate.pretraining.yolo";

/** Writes the state, complete or not at all. */
export function writePretrainYoloState(
  path: string,
  { learner: { updates, vectors }, boxesSeen, rows }: PretrainYoloState,
): void {
  const tensors = new Map(stateNames.map((name) => {
    const data = vectors[name];
    return [name, { dims: [data.length], data }] as const;
  }));
  writeSafetensors(path, tensors, {
    metadata: { [key]: JSON.stringify({ updates, boxesSeen, rows }) },
  });
}

/** Reads a state; undefined where there is none yet. */
export function readPretrainYoloState(
  path: string,
): PretrainYoloState | undefined {
  if (!isThere(path)) return undefined;
  const file = openSafetensors(path);
  try {
    const text = file.metadata[key];
    if (text === undefined) {
      throw new SyntaxError(
        `Cannot go on from ${path}: it is no state of a detector's pretraining`,
      );
    }
    const { updates, boxesSeen, rows } = Told.parse(JSON.parse(text));
    const vector = (name: typeof stateNames[number]) => file.read(name).data;
    const vectors = {
      parameters: vector("parameters"),
      running: vector("running"),
      moment1: vector("moment1"),
      moment2: vector("moment2"),
      averageParameters: vector("averageParameters"),
      averageRunning: vector("averageRunning"),
    };
    return { learner: { updates, vectors }, boxesSeen, rows };
  } finally {
    file.close();
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
