// The memory bank: what a tracked object left behind on other frames, and
// which of it the next frame reads.
//
// The bank is a value that the caller holds; nothing here keeps state. Follows
// _prepare_memory_conditioned_features and select_closest_cond_frames of
// facebookresearch/sam2 at 2b90b9f (MODELS 1.9 in the project's notes).

import type { Tensor } from "../base/tensor.ts";
import type { Engine, LooseWeights, MemoryTokens } from "./engine.ts";
import { sineCode } from "./graph/position.ts";

/** What one object left on one frame. */
export type FrameMemory = {
  readonly frame: number;
  /** Logits `[side/4 · side/4]`. */
  readonly lowRes: Float32Array;
  /** Predicted IoU, 0..1. */
  readonly iou: number;
  /** Logit; above 0 the object is there. */
  readonly objectScore: number;
  /** `[C]` */
  readonly pointer: Float32Array;
  /** `[N · c]`, token-major; undefined until the frame is encoded. */
  readonly memory: Float32Array | undefined;
};

/** The memories of one object by frame: prompted frames and tracked ones. */
export type MemoryBank = {
  readonly conditioning: ReadonlyMap<number, FrameMemory>;
  readonly tracked: ReadonlyMap<number, FrameMemory>;
};

/** Settings of the official predictor that decide what is read. */
export type MemorySettings = {
  /** At most so many conditioning frames are read; undefined reads all. */
  readonly maxConditioning?: number;
  /** Every how many frames a tracked memory is read. */
  readonly stride?: number;
};

/** A memory with its place in time. */
export type ChosenMemories = {
  /** `timeSlot` is the index into memoryPositions. */
  readonly spatial: readonly {
    readonly timeSlot: number;
    readonly memory: FrameMemory;
  }[];
  /** `distance` in frames, relative to the largest that is looked back. */
  readonly pointers: readonly {
    readonly distance: number;
    readonly memory: FrameMemory;
  }[];
};

/** How many spatial memories a frame reads: the conditioning slot and six frames before it. */
export const memorySlots = 7;
/** How many object pointers a frame reads at most. */
export const pointerSlots = 16;

/**
 * Chooses what a frame reads.
 *
 * @param options.frameCount length of the clip; clips under 16 frames look back less
 */
export function chooseMemories(
  bank: MemoryBank,
  frame: number,
  { reverse, frameCount, maxConditioning, stride = 1 }: MemorySettings & {
    readonly reverse: boolean;
    readonly frameCount: number;
  },
): ChosenMemories {
  const { chosen, rest } = closestConditioning(
    bank.conditioning,
    frame,
    maxConditioning,
  );
  const trackedAt = (at: number) => bank.tracked.get(at) ?? rest.get(at);

  const spatial = chosen.map((memory) => ({
    timeSlot: memorySlots - 1,
    memory,
  }));
  for (let slot = 1; slot < memorySlots; slot++) {
    const back = memorySlots - slot;
    const memory = trackedAt(earlierFrame(frame, back, { reverse, stride }));
    if (memory) spatial.push({ timeSlot: back - 1, memory });
  }

  const lookBack = Math.min(frameCount, pointerSlots);
  const sign = reverse ? -1 : 1;
  const pointers = chosen
    .filter((memory) => (frame - memory.frame) * sign >= 0)
    .map((memory) => ({ distance: (frame - memory.frame) * sign, memory }));
  for (let step = 1; step < lookBack; step++) {
    const at = frame - step * sign;
    if (at < 0 || at >= frameCount) break;
    const memory = trackedAt(at);
    if (memory) pointers.push({ distance: step, memory });
  }
  const unit = Math.max(lookBack - 1, 1);
  return {
    spatial,
    pointers: pointers.map(({ distance, memory }) => ({
      distance: distance / unit,
      memory,
    })),
  };
}

/** The frame that fills a slot: the last one always, the others every `stride` frames. */
function earlierFrame(
  frame: number,
  back: number,
  { reverse, stride }: { readonly reverse: boolean; readonly stride: number },
): number {
  if (back === 1) return reverse ? frame + 1 : frame - 1;
  if (reverse) {
    return Math.ceil((frame + 2) / stride) * stride + (back - 2) * stride;
  }
  return Math.floor((frame - 2) / stride) * stride - (back - 2) * stride;
}

/** The nearest conditioning frame before, the nearest at or after, then the nearest of the rest. */
function closestConditioning(
  conditioning: ReadonlyMap<number, FrameMemory>,
  frame: number,
  limit: number | undefined,
) {
  const all = [...conditioning.values()];
  if (limit === undefined || all.length <= limit) {
    return { chosen: all, rest: new Map<number, FrameMemory>() };
  }
  if (limit < 2) {
    throw new RangeError(`maxConditioning is ${limit}, expected at least 2`);
  }
  const before = all.filter((memory) => memory.frame < frame)
    .sort((a, b) => b.frame - a.frame);
  const after = all.filter((memory) => memory.frame >= frame)
    .sort((a, b) => a.frame - b.frame);
  const nearest = [before[0], after[0]].filter((memory) => memory);
  const others = all.filter((memory) => !nearest.includes(memory))
    .sort((a, b) => Math.abs(a.frame - frame) - Math.abs(b.frame - frame));
  const chosen = [...nearest, ...others.slice(0, limit - nearest.length)];
  const left = all.filter((memory) => !chosen.includes(memory));
  return { chosen, rest: new Map(left.map((m) => [m.frame, m])) };
}

/** Lays chosen memories out as tokens for memory attention. */
export function toMemoryTokens(
  { spatial, pointers }: ChosenMemories,
  { config, loose }: Pick<Engine, "config" | "loose">,
): MemoryTokens & { readonly memory: Tensor; readonly memoryPosition: Tensor } {
  const c = config.memoryChannels;
  const { memoryPositions } = loose;
  const perMemory = memoryPositions[0].length;
  const memory = new Float32Array(spatial.length * perMemory);
  const memoryPosition = new Float32Array(memory.length);
  spatial.forEach((chosen, i) => {
    memory.set(valuesOf(chosen.memory), i * perMemory);
    memoryPosition.set(memoryPositions[chosen.timeSlot], i * perMemory);
  });
  return {
    memory: tokensOf(memory, c),
    memoryPosition: tokensOf(memoryPosition, c),
    ...toPointerTokens(pointers, { config, loose }),
  };
}

/** Lays object pointers out as tokens. */
export function toPointerTokens(
  pointers: ChosenMemories["pointers"],
  { config, loose }: Pick<Engine, "config" | "loose">,
): Pick<MemoryTokens, "pointers" | "pointerPosition"> {
  const { channels, memoryChannels: c } = config;
  const perPointer = channels / c; // a pointer becomes so many tokens
  const pointerTokens = new Float32Array(pointers.length * channels);
  const pointerPosition = new Float32Array(pointerTokens.length);
  pointers.forEach(({ distance, memory: { pointer } }, i) => {
    pointerTokens.set(pointer, i * channels);
    const time = pointerTime(loose, distance, { channels, c });
    for (let k = 0; k < perPointer; k++) {
      pointerPosition.set(time, i * channels + k * c);
    }
  });
  return {
    pointers: tokensOf(pointerTokens, c),
    pointerPosition: tokensOf(pointerPosition, c),
  };
}

/** The tokens of a memory; throws when the frame was not encoded yet. */
export function valuesOf({ frame, memory }: FrameMemory): Float32Array {
  if (memory) return memory;
  throw new Error(`Frame ${frame} has no memory yet`);
}

function tokensOf(
  data: Float32Array,
  c: number,
): Tensor<[number, number, number]> {
  return { dims: [1, data.length / c, c], data };
}

/** The position of a pointer in time; SAM 2.0 has none. */
function pointerTime(
  { pointerTime: map }: LooseWeights,
  distance: number,
  { channels, c }: { readonly channels: number; readonly c: number },
): Float32Array {
  const out = new Float32Array(c);
  if (!map) return out;
  const code = sineCode(distance, channels);
  for (let i = 0; i < c; i++) {
    let sum = map.bias.data[i];
    for (let k = 0; k < channels; k++) {
      sum += map.weight.data[i * channels + k] * code[k];
    }
    out[i] = sum;
  }
  return out;
}
