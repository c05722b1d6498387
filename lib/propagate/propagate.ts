// Propagation with MedAnnotate's semantics: carry the masks of many objects
// from their conditions to every other frame.
//
// Objects never influence each other: each has its own memory bank, they share
// the features of a frame and run as one batch. A pass starts from its
// condition with nothing but conditions in its bank, so a correction also
// forgets what was tracked around it. Nothing is stored here; every step hands
// out what the next one reads, so that whoever commits it can resume later with
// the same bytes. Memory is bounded: the last frames of each pass and the
// nearest conditions.

import type { Bitmap } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { throwIfCancelled } from "../base/errors.ts";
import { iou } from "../masks/metrics.ts";
import { logitsToBitmap, resizeLogits } from "../masks/resize.ts";
import type { Engine, FrameFeatures } from "../sam2/engine.ts";
import { type FramePrompt, replayPrompts } from "../sam2/interact.ts";
import { type FrameMemory, memorySlots, pointerSlots } from "../sam2/memory.ts";
import { stability } from "../sam2/selection.ts";
import { rememberFrame, rememberFrames, trackFrames } from "../sam2/track.ts";
import { type DriftParts, driftParts, driftScore } from "./drift.ts";
import {
  type Direction,
  isNearer,
  type Step,
  type StepObject,
} from "./plan.ts";

/** A frame whose mask a person stands behind: by prompts, or as it is. */
export type Condition = {
  readonly frame: number;
  readonly prompts: readonly FramePrompt[];
  /** A propagated mask that was accepted as it is: what lies around it was there already. */
  readonly isAccepted?: boolean;
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
  /** What the forward pass gave a frame; undefined where a person has a mask by now. */
  readForward?(
    place: { readonly object: number; readonly frame: number },
  ): Promise<TrackedMask | undefined>;
};

/** What one pass gave one object on one frame. */
export type TrackedMask = {
  readonly mask: Bitmap;
  /** 0..1 */
  readonly presenceScore: number;
  /** 0..1 */
  readonly predictedIou: number;
  readonly parts: DriftParts;
};

/** The mask that counts for one object on one frame. */
export type PropagatedMask = TrackedMask & {
  readonly object: number;
  /** The pass that the mask came from. */
  readonly source: Direction;
  /** 0 (sure) to 1. */
  readonly drift: number;
  /** The other direction is still to come. */
  readonly isProvisional: boolean;
  /** What the next frames of this pass read. */
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

/** The last memories of an object's pass, in any order. */
export type TrackedPast = readonly FrameMemory[];

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
  { past = () => [], signal }: {
    readonly past?: (object: number, direction: Direction) => TrackedPast;
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
    const walks = step.objects.map((at): Walk => {
      const memories = passes.get(keyOf(step, at)) ??
        past(at.object, step.direction);
      const settled = needed.get(at.object) ?? new Map();
      return { at, memories, settled, ...whereOf(memories, step, at) };
    });
    let tracked: readonly FrameMemory[];
    try {
      tracked = await trackObjects(source, features, step, walks);
    } finally {
      await source.engine.releaseFeatures(features);
    }
    const masks: PropagatedMask[] = [];
    const forget: { object: number; frame: number }[] = [];
    for (const [i, walk] of walks.entries()) {
      const { at, memories, inGap, ahead, settled } = walk;
      const memory = tracked[i];
      const before = maskBefore(source, step, { at, inGap, settled });
      const own = judge(source, step, { at, memory, before });
      masks.push(await joinDirections(source, step, at, { own, memory }));
      const kept = [...keepReadable([...inGap, memory], step), ...ahead];
      const readable = new Set(kept.map(({ frame }) => frame));
      const gone = memories.filter(({ frame }) => !readable.has(frame));
      forget.push(...gone.map(({ frame }) => ({ object: at.object, frame })));
      passes.set(keyOf(step, at), kept);
    }
    yield { step, masks, forget };
  }
}

function keyOf({ direction }: Step, { object }: StepObject): string {
  return `${direction} ${object}`;
}

/** One object on its way through a gap. */
type Walk = {
  readonly at: StepObject;
  /** All that is kept for its direction. */
  readonly memories: TrackedPast;
  /** Those of this pass. */
  readonly inGap: TrackedPast;
  /** Those of a pass in a later gap that was stopped and goes on from them. */
  readonly ahead: TrackedPast;
  readonly settled: ReadonlyMap<number, ConditionResult>;
};

/** Tells memories of the pass that started at the condition from those of others. */
function whereOf(
  memories: TrackedPast,
  { direction, frame: here }: Step,
  { condition }: StepObject,
): Pick<Walk, "inGap" | "ahead"> {
  const sign = direction === "forward" ? 1 : -1;
  const isBehind = (memory: FrameMemory) => (here - memory.frame) * sign > 0;
  return {
    inGap: memories.filter((memory) =>
      isBehind(memory) && (memory.frame - condition) * sign > 0
    ),
    ahead: memories.filter((memory) =>
      !isBehind(memory) && memory.frame !== here
    ),
  };
}

/** Tracks all objects of a step and encodes their memories. */
async function trackObjects(
  { engine, frameCount }: PropagationSource,
  features: FrameFeatures,
  { frame, direction }: Step,
  walks: readonly Walk[],
): Promise<readonly FrameMemory[]> {
  const banks = walks.map(({ inGap, settled }) => ({
    conditioning: new Map(
      [...settled].map(([at, { memory }]) => [at, memory]),
    ),
    tracked: new Map(inGap.map((memory) => [memory.frame, memory])),
  }));
  const results = await trackFrames(engine, features, banks, {
    frame,
    frameCount,
    reverse: direction === "backward",
  });
  return await rememberFrames(engine, features, results, { isPrompted: false });
}

/** The mask of the frame before in the order of the walk: the condition's own, or the pass's. */
function maskBefore(
  { frameSize }: PropagationSource,
  { frame, direction }: Step,
  { at, inGap, settled }: Pick<Walk, "at" | "inGap" | "settled">,
): Bitmap | undefined {
  const previous = direction === "forward" ? frame - 1 : frame + 1;
  if (previous === at.condition) return settled.get(previous)?.mask;
  const memory = inGap.find(({ frame }) => frame === previous);
  return memory && toFrameMask(memory.lowRes, frameSize);
}

/** The mask of a pass with what speaks for it. */
function judge(
  { frameSize }: PropagationSource,
  { frame }: Step,
  { at, memory, before }: {
    readonly at: StepObject;
    readonly memory: FrameMemory;
    readonly before: Bitmap | undefined;
  },
): TrackedMask {
  const mask = toFrameMask(memory.lowRes, frameSize);
  const scores = scoresOf(memory);
  const distance = Math.abs(frame - at.condition);
  const steady = stability(memory.lowRes, { delta: 1 });
  return {
    mask,
    ...scores,
    parts: driftParts(mask, before, { ...scores, distance, stability: steady }),
  };
}

/** Lets the nearer condition win, and measures how far both directions agree. */
async function joinDirections(
  source: PropagationSource,
  step: Step,
  at: StepObject,
  { own, memory }: { readonly own: TrackedMask; readonly memory: FrameMemory },
): Promise<PropagatedMask> {
  const { object } = at;
  const { direction, frame } = step;
  const place = { object, frame };
  const isSecond = direction === "backward" && at.opposite !== null;
  const forward = isSecond ? await source.readForward?.(place) : undefined;
  const wins = !forward || isNearer(step, at);
  const agreement = forward ? iou(own.mask, forward.mask) : undefined;
  const won = wins ? own : forward;
  const parts = { ...won.parts, agreement };
  return {
    ...won,
    parts,
    object,
    source: wins ? direction : "forward",
    drift: driftScore(parts),
    isProvisional: direction === "forward" && at.opposite !== null,
    memory,
  };
}

/** Memories that a later frame of the pass can still read: six with their map, fifteen pointers. */
export function keepReadable(
  memories: TrackedPast,
  { frame, direction }: Pick<Step, "frame" | "direction">,
): TrackedPast {
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
    for (const { object } of objects) {
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

/** What the model says of a result, as probabilities. */
export function scoresOf(
  { objectScore, iou }: Pick<FrameMemory, "objectScore" | "iou">,
): { readonly presenceScore: number; readonly predictedIou: number } {
  return { presenceScore: sigmoid(objectScore), predictedIou: iou };
}

/** Logit to probability. */
function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
