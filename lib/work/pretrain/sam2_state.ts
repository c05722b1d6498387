// The state of a pretraining run on disk: what it needs to go on after a kill.
//
// One file, replaced whole; the curve is written from it, so both agree.

import { z } from "zod";
import { adamWVectors } from "../../onnx/learning/adamw.ts";
import type { Sam2State } from "../../sam2/training/learner.ts";
import {
  openSafetensors,
  writeSafetensors,
} from "../../weights/safetensors.ts";

/** A row of the curve: means since the row before, and the validation if there was one. */
const CurveRow = z.object({
  step: z.int(),
  seconds: z.number(),
  imagesSeen: z.int(),
  rate: z.number(),
  loss: z.number(),
  focal: z.number(),
  dice: z.number(),
  iou: z.number(),
  objectScore: z.number(),
  /** Of the masks on stills after the first and the last prompt, and of tracked ones. */
  firstIou: z.number(),
  lastIou: z.number(),
  gradientNorm: z.number(),
  validation: z.object({
    score: z.number(),
    iouByClicks: z.array(z.number()),
    iouByFrame: z.array(z.number()),
  }).optional(),
});
export type CurveRow = z.infer<typeof CurveRow>;

/** How far a run is. */
const Told = z.object({
  updates: z.int().nonnegative(),
  /** Images and frames that went through the encoder. */
  imagesSeen: z.int().nonnegative(),
  /** Scenes taken so far, of each kind. */
  stillsUsed: z.int().nonnegative(),
  clipsUsed: z.int().nonnegative(),
  rows: z.array(CurveRow),
});
export type PretrainProgress = z.infer<typeof Told>;

/** A state that can go on. */
export type PretrainState = {
  readonly learner: Sam2State;
  readonly progress: PretrainProgress;
};

const key = "medannotate.pretraining";

/** Writes the state, complete or not at all. */
export function writePretrainState(
  path: string,
  { learner, progress }: PretrainState,
): void {
  const tensors = new Map(adamWVectors.map((name) => {
    const data = learner.vectors[name];
    return [name, { dims: [data.length], data }] as const;
  }));
  writeSafetensors(path, tensors, {
    metadata: { [key]: JSON.stringify(progress) },
  });
}

/** Reads a state; undefined where there is none yet. */
export function readPretrainState(path: string): PretrainState | undefined {
  if (!isThere(path)) return undefined;
  const file = openSafetensors(path);
  try {
    const text = file.metadata[key];
    if (text === undefined) {
      throw new SyntaxError(
        `Cannot go on from ${path}: it is no state of a pretraining run`,
      );
    }
    const progress = Told.parse(JSON.parse(text));
    const vector = (name: typeof adamWVectors[number]) => file.read(name).data;
    return {
      progress,
      learner: {
        updates: progress.updates,
        vectors: {
          parameters: vector("parameters"),
          moment1: vector("moment1"),
          moment2: vector("moment2"),
          average: vector("average"),
        },
      },
    };
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
