// Propagation with MedAnnotate's semantics: carry the masks of many objects
// from their conditions to every other frame.
//
// Objects never influence each other: each has its own memory bank, they only
// share the features of a frame. Nothing is stored here; every step hands out
// what the next one reads, so that whoever commits it can resume later with
// the same bytes. Memory is bounded: the last frames of each pass and the
// nearest conditions.

import type { Bitmap } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { throwIfCancelled } from "../base/errors.ts";
import { logitsToBitmap, resizeLogits } from "../masks/resize.ts";
import type { Engine, FrameFeatures } from "../sam2/engine.ts";
import { type FramePrompt, replayPrompts } from "../sam2/interact.ts";
import { type FrameMemory, memorySlots, pointerSlots } from "../sam2/memory.ts";
import { rememberFrame, trackFrame } from "../sam2/track.ts";
import { driftParts, driftScore } from "./drift.ts";
import type { Direction, Step } from "./plan.ts";

/** A frame whose mask a person stands behind: by prompts, or as it is. */
export type Condition = {
  readonly frame: number;
  readonly prompts: readonly FramePrompt[];
};

/** What propagation works on. */
export type PropagationSource = {
  readonly engine: Engine;
  readonly frameCount: number;
  readonly frameSize: Size;
  /** Conditions of each object. */
  readonly conditions: ReadonlyMap<number, readonly Condition[]>;
  /** Features of a frame; released here when the step is done. */
  readFeatures(frame: number): Promise<FrameFeatures>;
  /** A hint that a frame comes next, so that it can be decoded meanwhile. */
  prepare?(frame: number): void;
};

/** The mask of one object on one frame. */
export type PropagatedMask = {
  readonly object: number;
  readonly mask: Bitmap;
  /** 0..1 */
  readonly presenceScore: number;
  /** 0..1 */
  readonly predictedIou: number;
  /** 0 (sure) to 1. */
  readonly drift: number;
  /** What the next frames read. */
  readonly memory: FrameMemory;
};

/** One finished step, and the frames whose memories nobody reads any more. */
export type PropagatedStep = {
  readonly step: Step;
  readonly masks: readonly PropagatedMask[];
  readonly forget: readonly {
    readonly object: number;
    readonly frame: number;
  }[];
};

/** What an object's pass left so far: its last memories and its last mask. */
export type TrackedPast = {
  readonly memories: readonly FrameMemory[];
  readonly lastMask:
    | { readonly frame: number; readonly mask: Bitmap }
    | undefined;
};

/** How many conditions a frame reads at most: the nearest ones. */
export const maxConditions = 8;

/**
 * Carries masks along the planned steps.
 *
 * @param options.past what earlier steps of the same plan left, for resuming
 * @throws CancelledError when the signal fires, between two steps
 */
export async function* propagateMasks(
  source: PropagationSource,
  steps: readonly Step[],
  { past = () => undefined, signal }: {
    readonly past?: (
      object: number,
      direction: Direction,
    ) => TrackedPast | undefined;
    readonly signal?: AbortSignal;
  } = {},
): AsyncGenerator<PropagatedStep> {
  const conditions = conditionCache(source);
  const passes = new Map<string, TrackedPast>();
  for (const [i, step] of steps.entries()) {
    throwIfCancelled(signal, `propagation before frame ${step.frame}`);
    const needed = await conditions.around(step);
    const features = await source.readFeatures(step.frame);
    const next = steps[i + 1];
    if (next) source.prepare?.(next.frame);
    const masks: PropagatedMask[] = [];
    const forget: { object: number; frame: number }[] = [];
    try {
      for (const object of step.objects) {
        const key = `${step.direction} ${object}`;
        const before = passes.get(key) ?? past(object, step.direction) ??
          { memories: [], lastMask: undefined };
        const conditioning = needed.get(object) ?? new Map();
        const found = await trackObject(source, features, step, {
          object,
          before,
          conditioning,
        });
        const kept = keepReadable([...before.memories, found.memory], step);
        const readable = new Set(kept.map(({ frame }) => frame));
        forget.push(
          ...before.memories.filter(({ frame }) => !readable.has(frame))
            .map(({ frame }) => ({ object, frame })),
        );
        const lastMask = { frame: step.frame, mask: found.mask };
        passes.set(key, { memories: kept, lastMask });
        masks.push(found);
      }
    } finally {
      await source.engine.releaseFeatures(features);
    }
    yield { step, masks, forget };
  }
}

async function trackObject(
  { engine, frameCount, frameSize }: PropagationSource,
  features: FrameFeatures,
  { frame, direction }: Step,
  { object, before, conditioning }: {
    readonly object: number;
    readonly before: TrackedPast;
    readonly conditioning: ReadonlyMap<number, ConditionResult>;
  },
): Promise<PropagatedMask> {
  const tracked = new Map(before.memories.map((m) => [m.frame, m]));
  const memories = new Map(
    [...conditioning].map(([at, { memory }]) => [at, memory]),
  );
  const bank = { conditioning: memories, tracked };
  const result = await trackFrame(engine, features, bank, {
    frame,
    frameCount,
    reverse: direction === "backward",
  });
  const memory = await rememberFrame(engine, features, result, {
    isPrompted: false,
  });
  const mask = toFrameMask(memory.lowRes, frameSize);
  const scores = {
    presenceScore: sigmoid(memory.objectScore),
    predictedIou: memory.iou,
  };
  const previous = direction === "forward" ? frame - 1 : frame + 1;
  const lastMask = before.lastMask?.frame === previous
    ? before.lastMask.mask
    : conditioning.get(previous)?.mask;
  const drift = driftScore(driftParts(mask, lastMask, scores));
  return { object, mask, ...scores, drift, memory };
}

/** Memories that a later frame of the pass can still read: six with their map, fifteen pointers. */
function keepReadable(
  memories: readonly FrameMemory[],
  { frame, direction }: Step,
): readonly FrameMemory[] {
  const next = direction === "forward" ? frame + 1 : frame - 1;
  return memories
    .filter((memory) => Math.abs(next - memory.frame) < pointerSlots)
    .map((memory) =>
      Math.abs(next - memory.frame) < memorySlots || !memory.memory
        ? memory
        : { ...memory, memory: undefined }
    );
}

/** A condition's memory and its mask. */
export type ConditionResult = {
  readonly memory: FrameMemory;
  readonly mask: Bitmap;
};

/** Replays the prompts of a condition and encodes its memory. */
export async function settleCondition(
  { engine, frameSize }: Pick<PropagationSource, "engine" | "frameSize">,
  features: FrameFeatures,
  { frame, prompts }: Condition,
): Promise<ConditionResult> {
  const place = { frame, frameSize };
  const { result } = await replayPrompts(engine, features, prompts, place);
  const isPrompted = true;
  const memory = await rememberFrame(engine, features, result, { isPrompted });
  return { memory, mask: toFrameMask(memory.lowRes, frameSize) };
}

/** The nearest conditions of each object, computed when a step first needs them. */
function conditionCache(source: PropagationSource) {
  const settled = new Map<number, ReadonlyMap<number, ConditionResult>>();
  const around = async ({ objects, frame }: Step) => {
    for (const object of objects) {
      const before = settled.get(object);
      const results = new Map<number, ConditionResult>();
      const near = nearest(source.conditions.get(object) ?? [], frame);
      for (const condition of near) {
        const result = before?.get(condition.frame) ?? await settle(condition);
        results.set(condition.frame, result);
      }
      settled.set(object, results);
    }
    return settled;
  };
  const settle = async (condition: Condition) => {
    const features = await source.readFeatures(condition.frame);
    try {
      return await settleCondition(source, features, condition);
    } finally {
      await source.engine.releaseFeatures(features);
    }
  };
  return { around };
}

function nearest(
  conditions: readonly Condition[],
  frame: number,
): readonly Condition[] {
  return conditions
    .toSorted((a, b) => Math.abs(a.frame - frame) - Math.abs(b.frame - frame))
    .slice(0, maxConditions)
    .sort((a, b) => a.frame - b.frame);
}

/** Low-resolution logits as a mask of the frame: enlarged bilinearly, inside above 0. */
export function toFrameMask(lowRes: Float32Array, frameSize: Size): Bitmap {
  const side = Math.sqrt(lowRes.length);
  const logits = { dims: [1, 1, side, side], data: lowRes } as const;
  return logitsToBitmap(resizeLogits(logits, frameSize));
}

/** Logit to probability. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
