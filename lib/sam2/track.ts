// One frame: an object prompted, given as a mask, or tracked by memory; tracked
// objects share what the frame alone decides.
//
// These steps are all that propagation needs; video.ts joins them as the
// official predictor does, propagate/ as MedAnnotate promises. Follows
// track_step and _use_mask_as_output of sam2_base.py in facebookresearch/sam2
// at 2b90b9f.

import type { Bitmap } from "../base/image.ts";
import type { Feed } from "../runtime/runtime.ts";
import type {
  DecoderOutput,
  DecoderPrompt,
  Engine,
  FrameFeatures,
} from "./engine.ts";
import {
  chooseMemories,
  type ChosenMemories,
  type FrameMemory,
  type MemoryBank,
  type MemorySettings,
  toMemoryTokens,
  toPointerTokens,
  valuesOf,
} from "./memory.ts";
import { resample } from "./preprocess.ts";
import { padPoints, toModelMask } from "./prompts.ts";
import { absentLogit, chooseMask } from "./selection.ts";

/** Points in pixels of the network's input; label 1 +, 0 −, 2 and 3 the corners of a box. */
export type ModelPoints = Parameters<typeof padPoints>[0];

/** Where a frame stands among the others. */
export type FrameContext = MemorySettings & {
  readonly frame: number;
  readonly frameCount: number;
  readonly reverse: boolean;
};

/** A frame without its memory, which is encoded only once it is settled. */
export type FrameResult = FrameMemory & { readonly memory: undefined };

/**
 * Prompts a frame by points.
 *
 * @param options.bank memories to read, for a correction; undefined for a first prompt
 * @param options.previous logits of an earlier answer on this frame
 */
export async function promptFrame(
  engine: Engine,
  features: FrameFeatures,
  points: ModelPoints,
  { bank, previous, ...context }: FrameContext & {
    readonly bank?: MemoryBank;
    readonly previous?: Float32Array;
  },
): Promise<FrameResult> {
  const mayBeMany = bank === undefined || engine.config.multimaskForTracking;
  const multimask = mayBeMany && points.length <= 1;
  const prompt = { points: padPoints(points), mask: previous };
  if (!bank) {
    const isUnconditioned = true;
    const output = await engine.decode(features, {
      ...prompt,
      isUnconditioned,
    });
    return settle(output, context.frame, multimask);
  }
  const attended = await engine.attendFrame(features);
  try {
    const output = await decodeWithMemory(engine, features, {
      attended,
      bank,
      context,
      prompt,
    });
    return settle(output, context.frame, multimask);
  } finally {
    await engine.release(attended);
  }
}

/** Tracks one object on a frame without any prompt. */
export async function trackFrame(
  engine: Engine,
  features: FrameFeatures,
  bank: MemoryBank,
  context: FrameContext,
): Promise<FrameResult> {
  const [result] = await trackFrames(engine, features, [bank], context);
  return result;
}

/**
 * Tracks several objects on a frame, each by its own bank.
 *
 * They share the part of memory attention that looks at the frame alone. The
 * rest runs object by object, so that an object's result has the same bytes
 * whoever else is tracked (graph/memory_attention.ts says why).
 *
 * @returns one result for each bank, in their order
 */
export async function trackFrames(
  engine: Engine,
  features: FrameFeatures,
  banks: readonly MemoryBank[],
  context: FrameContext,
): Promise<readonly FrameResult[]> {
  if (banks.length === 0) return [];
  const results: FrameResult[] = [];
  const attended = await engine.attendFrame(features);
  try {
    for (const bank of banks) {
      const output = await decodeWithMemory(engine, features, {
        attended,
        bank,
        context,
        prompt: { points: padPoints([]) },
      });
      const multimask = engine.config.multimaskForTracking;
      results.push(settle(output, context.frame, multimask));
    }
  } finally {
    await engine.release(attended);
  }
  return results;
}

async function decodeWithMemory(
  engine: Engine,
  features: FrameFeatures,
  { attended, bank, context, prompt }: {
    /** Of attendFrame. */
    readonly attended: Feed;
    readonly bank: MemoryBank;
    readonly context: FrameContext;
    readonly prompt: Pick<DecoderPrompt, "points" | "mask">;
  },
): Promise<DecoderOutput> {
  const chosen = chooseMemories(bank, context.frame, context);
  const conditioned = await attendChosen(engine, attended, chosen);
  try {
    return await engine.decode(features, {
      ...prompt,
      conditioned,
      isUnconditioned: false,
    });
  } finally {
    await engine.release(conditioned);
  }
}

/** Attends to chosen memories, joined on the device where that gains something. */
async function attendChosen(
  engine: Engine,
  attended: Feed,
  chosen: ChosenMemories,
): Promise<Feed> {
  if (!engine.joinMemories) {
    return await engine.attend(attended, toMemoryTokens(chosen, engine));
  }
  const { memory, memoryPosition } = await engine.joinMemories(
    chosen.spatial.map(({ memory }) => valuesOf(memory)),
    chosen.spatial.map(({ timeSlot }) => timeSlot),
  );
  const pointers = toPointerTokens(chosen.pointers, engine);
  try {
    const tokens = { memory, memoryPosition, ...pointers };
    return await engine.attend(attended, tokens);
  } finally {
    await engine.release(memory);
    await engine.release(memoryPosition);
  }
}

/** Chooses the mask; where the object is absent there is none. */
function settle(
  output: DecoderOutput,
  frame: number,
  multimask: boolean,
): FrameResult {
  const { lowRes, iou, pointer } = chooseMask(output, { multimask });
  const { objectScore } = output;
  if (objectScore <= 0) lowRes.fill(absentLogit);
  return { frame, lowRes, iou, pointer, objectScore, memory: undefined };
}

/** Takes a given mask as the frame's result; the decoder only makes the pointer. */
export async function giveMask(
  engine: Engine,
  features: FrameFeatures,
  mask: Bitmap,
  frame: number,
): Promise<FrameResult> {
  const { side, loose } = engine;
  const full = toModelMask(mask, side);
  const isPresent = full.some((value) => value > 0);
  const logits = full.map((value) => value * 20 - 10);
  const square = (size: number) => ({ width: size, height: size });
  const output = await engine.decode(features, {
    isUnconditioned: false,
    points: padPoints([]),
    mask: downsampled(full, side, loose.maskDownsample),
  });
  const { pointer } = chooseMask(output, { multimask: false });
  return {
    frame,
    lowRes: resample(logits, { from: square(side), to: square(side / 4) }),
    iou: 1,
    pointer: isPresent ? pointer : loose.noObjectPointer,
    objectScore: isPresent ? 10 : -10,
    memory: undefined,
  };
}

/** The learned 4×4 convolution, stride 4, `[side · side]` to a quarter of the side. */
function downsampled(
  mask: Float32Array,
  side: number,
  { kernel, offset }: { kernel: Float32Array; offset: number },
): Float32Array {
  const low = side / 4;
  const out = new Float32Array(low * low);
  for (let i = 0; i < out.length; i++) {
    const y = Math.floor(i / low) * 4;
    const x = i % low * 4;
    let sum = offset;
    for (let k = 0; k < 16; k++) {
      sum += kernel[k] * mask[(y + (k >> 2)) * side + x + k % 4];
    }
    out[i] = sum;
  }
  return out;
}

/**
 * Encodes the memory of one object on a settled frame.
 *
 * @param options.isPrompted prompted masks are binarised, tracked ones are not
 */
export async function rememberFrame(
  engine: Engine,
  features: FrameFeatures,
  result: FrameMemory,
  { isPrompted }: { readonly isPrompted: boolean },
): Promise<FrameMemory> {
  const memory = await engine.encodeMemory(features, {
    mask: result.lowRes,
    isPrompted,
    objectScore: result.objectScore,
  });
  return { ...result, memory };
}

/** As rememberFrame for several objects, in their order; each alone, for the same bytes. */
export async function rememberFrames(
  engine: Engine,
  features: FrameFeatures,
  results: readonly FrameMemory[],
  options: { readonly isPrompted: boolean },
): Promise<readonly FrameMemory[]> {
  const memories: FrameMemory[] = [];
  for (const result of results) {
    memories.push(await rememberFrame(engine, features, result, options));
  }
  return memories;
}
