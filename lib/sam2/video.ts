// The official video predictor, as functions over a state that the caller holds.
//
// Same results and same quirks as sam2_video_predictor.py of
// facebookresearch/sam2 at 2b90b9f: prompts wait until propagation, corrections
// on tracked frames stay non-conditioning unless asked otherwise, a second run
// over them forgets them. MedAnnotate's own semantics are in propagate/; this
// file is what both are measured by. To start anew (reset_state) is to start
// with an empty map; an object may be added or removed at any time.
//
// Settings default to those of the predictor's class. Its build helper
// (build_sam2_video_predictor) also sets fill_hole_area to 8; what else it sets
// (prompted masks binarised for memory, three masks where one is unstable) is
// always so here.

import type { Bitmap } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { fillLogitHoles } from "../masks/clean_logits.ts";
import { type Logits, resizeLogits } from "../masks/resize.ts";
import { suppressOverlap } from "../masks/suppress_overlap.ts";
import { clamped } from "./image.ts";
import type { Engine, FrameFeatures } from "./engine.ts";
import {
  type FrameMemory,
  type MemorySettings,
  memorySlots,
} from "./memory.ts";
import { type PointPrompt, toModelPoints } from "./prompts.ts";
import {
  giveMask,
  type ModelPoints,
  promptFrame,
  rememberFrame,
  trackFrames,
} from "./track.ts";

/** What the predictor works on: a model and the features of every frame. */
export type VideoSource = {
  readonly engine: Engine;
  readonly frameCount: number;
  readonly frameSize: Size;
  /** Features stay the caller's: whoever made them releases them. */
  features(frame: number): Promise<FrameFeatures>;
};

/** Options of the official predictor. */
export type VideoSettings = MemorySettings & {
  /** Corrections become conditioning frames (add_all_frames_to_correct_as_cond). */
  readonly correctionsCondition?: boolean;
  /** Background parts of a stored mask up to this area become object (fill_hole_area), in pixels of the low resolution. */
  readonly fillHoleAreaPx?: number;
  /** A pixel of the output belongs to the highest object alone (non_overlap_masks). */
  readonly nonOverlap?: boolean;
  /**
   * So it does before a memory is encoded (non_overlap_masks_for_mem_enc). The
   * official predictor takes the option but runs objects one by one, where it
   * does nothing; here it does what it says, at the low resolution.
   */
  readonly nonOverlapMemory?: boolean;
  /**
   * A prompted frame clears the tracked memories of its object around it
   * (clear_non_cond_mem_around_input): seven strides each way, the frame itself
   * included, so that a correction lasts only with `correctionsCondition`. The
   * official predictor stops there, as it calls a method by a name that does not
   * exist; this is what that method does.
   */
  readonly clearAroundInput?: boolean;
};

type Results = ReadonlyMap<number, FrameMemory>;

/** Everything the predictor knows about one object. */
export type ObjectTrack = {
  readonly conditioning: Results;
  readonly tracked: Results;
  readonly pendingConditioning: Results;
  readonly pendingTracked: Results;
  readonly points: ReadonlyMap<number, ModelPoints>;
  readonly masks: ReadonlyMap<number, Bitmap>;
  /** Frames that propagation passed, and in which direction. */
  readonly passed: ReadonlyMap<number, { readonly reverse: boolean }>;
};

/** The objects in the order they were added. */
export type VideoState = ReadonlyMap<number, ObjectTrack>;

/** What is stored for an object on a frame. */
export type StoredResult = {
  readonly kind:
    | "conditioning"
    | "tracked"
    | "pending conditioning"
    | "pending tracked";
  readonly memory: FrameMemory;
};

const emptyTrack: ObjectTrack = {
  conditioning: new Map(),
  tracked: new Map(),
  pendingConditioning: new Map(),
  pendingTracked: new Map(),
  points: new Map(),
  masks: new Map(),
  passed: new Map(),
};

/** The result that counts for an object on a frame, if there is one. */
export function findResult(
  track: ObjectTrack,
  frame: number,
): StoredResult | undefined {
  const places = [
    ["pending conditioning", track.pendingConditioning],
    ["pending tracked", track.pendingTracked],
    ["conditioning", track.conditioning],
    ["tracked", track.tracked],
  ] as const;
  for (const [kind, results] of places) {
    const memory = results.get(frame);
    if (memory) return { kind, memory };
  }
  return undefined;
}

/**
 * Adds clicks or a box.
 *
 * @param options.clearOldPoints false keeps the earlier points of this frame
 * @throws RangeError for a box that would join earlier points, or for nothing at all
 */
export async function addPoints(
  source: VideoSource,
  state: VideoState,
  { object, frame, prompt, clearOldPoints = true }: {
    readonly object: number;
    readonly frame: number;
    readonly prompt: PointPrompt;
    readonly clearOldPoints?: boolean;
  },
  settings: VideoSettings = {},
): Promise<VideoState> {
  checkFrame(source, frame);
  if (prompt.box && !clearOldPoints) {
    throw new RangeError(
      `Cannot add a box to earlier points of frame ${frame}: a box comes first, so old points must be cleared`,
    );
  }
  if (!prompt.box && prompt.clicks.length === 0) {
    throw new RangeError(`Cannot prompt frame ${frame} by no point and no box`);
  }
  const track = state.get(object) ?? emptyTrack;
  const { engine, frameCount, frameSize } = source;
  const added = toModelPoints(prompt, { frame: frameSize, side: engine.side });
  const old = clearOldPoints ? [] : track.points.get(frame) ?? [];
  const points = [...old, ...added];

  const { isFirst, reverse, pending } = roleOf(track, frame, settings);
  const before = track[pending].get(frame) ?? track.conditioning.get(frame) ??
    track.tracked.get(frame);
  const answer = await promptFrame(
    engine,
    await source.features(frame),
    points,
    {
      ...settings,
      frame,
      frameCount,
      reverse,
      bank: isFirst ? undefined : track,
      previous: before && clamped(before.lowRes),
    },
  );
  const result = filled(answer, engine, settings);
  return new Map(state).set(object, {
    ...track,
    points: new Map(track.points).set(frame, points),
    masks: without(track.masks, frame),
    [pending]: new Map(track[pending]).set(frame, result),
  });
}

/** Gives a mask, in pixels of the frame. */
export async function addMask(
  source: VideoSource,
  state: VideoState,
  { object, frame, mask }: {
    readonly object: number;
    readonly frame: number;
    readonly mask: Bitmap;
  },
  settings: VideoSettings = {},
): Promise<VideoState> {
  checkFrame(source, frame);
  const track = state.get(object) ?? emptyTrack;
  const { pending } = roleOf(track, frame, settings);
  const features = await source.features(frame);
  const given = await giveMask(source.engine, features, mask, frame);
  const result = filled(given, source.engine, settings);
  return new Map(state).set(object, {
    ...track,
    points: without(track.points, frame),
    masks: new Map(track.masks).set(frame, mask),
    [pending]: new Map(track[pending]).set(frame, result),
  });
}

/** A frame never passed is a first prompt; one that was is a correction in that direction. */
function roleOf(track: ObjectTrack, frame: number, settings: VideoSettings) {
  const passed = track.passed.get(frame);
  const isConditioning = !passed || settings.correctionsCondition === true;
  return {
    isFirst: !passed,
    reverse: passed?.reverse ?? false,
    pending: isConditioning
      ? "pendingConditioning" as const
      : "pendingTracked" as const,
  };
}

/** The result with the small holes of its mask filled, where that is wanted. */
function filled<Result extends FrameMemory>(
  result: Result,
  { side }: Engine,
  { fillHoleAreaPx: maxAreaPx = 0 }: VideoSettings,
): Result {
  if (maxAreaPx <= 0) return result;
  const size = { width: side / 4, height: side / 4 };
  const options = { maxAreaPx, value: 0.1 };
  return { ...result, lowRes: fillLogitHoles(result.lowRes, size, options) };
}

function checkFrame({ frameCount }: VideoSource, frame: number) {
  if (!Number.isInteger(frame) || frame < 0 || frame >= frameCount) {
    throw new RangeError(
      `Cannot prompt frame ${frame}, expected 0 to ${frameCount - 1}`,
    );
  }
}

/** One frame of a propagation: the state after it. */
export type PropagatedFrame = {
  readonly frame: number;
  readonly state: VideoState;
};

/**
 * Carries all objects from frame to frame.
 *
 * @param options.start default the earliest conditioning frame
 * @param options.maxFrames how many frames after the first one
 * @throws RangeError when an object has no conditioning frame
 */
export async function* propagate(
  source: VideoSource,
  state: VideoState,
  { start, maxFrames, reverse = false }: {
    readonly start?: number;
    readonly maxFrames?: number;
    readonly reverse?: boolean;
  } = {},
  settings: VideoSettings = {},
): AsyncGenerator<PropagatedFrame> {
  const { frameCount } = source;
  let current = await settlePrompts(source, state, settings);
  const first = start ?? Math.min(
    ...[...current.values()].flatMap((track) => [...track.conditioning.keys()]),
  );
  for (const frame of frameOrder(first, { maxFrames, reverse, frameCount })) {
    current = await passFrame(source, current, { frame, reverse }, settings);
    yield { frame, state: current };
  }
}

function frameOrder(
  first: number,
  { maxFrames, reverse, frameCount }: {
    readonly maxFrames?: number;
    readonly reverse: boolean;
    readonly frameCount: number;
  },
): number[] {
  const most = maxFrames ?? frameCount;
  if (reverse && first === 0) return [];
  const last = reverse
    ? Math.max(first - most, 0)
    : Math.min(first + most, frameCount - 1);
  const length = Math.abs(last - first) + 1;
  return Array.from({ length }, (_, i) => reverse ? first - i : first + i);
}

/** Tracks the objects that are not conditioned on a frame, then encodes their memories. */
async function passFrame(
  source: VideoSource,
  state: VideoState,
  { frame, reverse }: { readonly frame: number; readonly reverse: boolean },
  settings: VideoSettings,
): Promise<VideoState> {
  const { engine, frameCount } = source;
  const features = await source.features(frame);
  const unprompted = [...state].filter(([, track]) =>
    !track.conditioning.has(frame)
  );
  const results = await trackFrames(
    engine,
    features,
    unprompted.map(([, track]) => track),
    { ...settings, frame, frameCount, reverse },
  );
  const tracked = new Map<number, FrameMemory>(
    unprompted.map(([object], i) => [object, results[i]]),
  );
  const masks = new Map([...state].flatMap(([object, track]) => {
    const result = track.conditioning.get(frame) ?? tracked.get(object);
    return result ? [[object, result.lowRes] as const] : [];
  }));
  const next = new Map<number, ObjectTrack>();
  for (const [object, track] of state) {
    const passed = new Map(track.passed).set(frame, { reverse });
    const result = tracked.get(object);
    if (!result) {
      const kept = settings.clearAroundInput
        ? clearedAround(track, frame, settings)
        : track;
      next.set(object, { ...kept, passed });
      continue;
    }
    const seen = maskForMemory(object, masks, settings);
    const { memory } = await rememberFrame(
      engine,
      features,
      { ...result, lowRes: seen },
      { isPrompted: false },
    );
    // the memory knows the holes, the stored mask does not
    const stored = filled({ ...result, memory }, engine, settings);
    next.set(object, {
      ...track,
      passed,
      tracked: new Map(track.tracked).set(frame, stored),
    });
  }
  return next;
}

/** The mask that an object's memory is made of, given those of all objects on the frame. */
function maskForMemory(
  object: number,
  masks: ReadonlyMap<number, Float32Array>,
  { nonOverlapMemory = false }: VideoSettings,
): Float32Array {
  const at = [...masks.keys()].indexOf(object);
  const all = [...masks.values()];
  return nonOverlapMemory ? suppressOverlap(all)[at] : all[at];
}

/** The object without its tracked memories around a prompted frame. */
function clearedAround(
  track: ObjectTrack,
  frame: number,
  { stride = 1 }: VideoSettings,
): ObjectTrack {
  const reach = stride * memorySlots;
  const far = [...track.tracked].filter(([at]) => Math.abs(at - frame) > reach);
  return { ...track, tracked: new Map(far) };
}

/** Encodes what was prompted since the last propagation and moves it into the banks. */
async function settlePrompts(
  source: VideoSource,
  state: VideoState,
  settings: VideoSettings,
): Promise<VideoState> {
  if (state.size === 0) {
    throw new RangeError(
      "Cannot propagate: no input points or masks are provided for any object",
    );
  }
  const settled = new Map<number, ObjectTrack>();
  for (const [object, track] of state) {
    let next = track;
    // corrections first, as the official code goes
    for (
      const [kind, pending] of [
        ["tracked", track.pendingTracked],
        ["conditioning", track.pendingConditioning],
      ] as const
    ) {
      for (const [frame, result] of pending) {
        const memory = await rememberPrompt(source, state, {
          object,
          result,
          settings,
        });
        next = { ...next, [kind]: new Map(next[kind]).set(frame, memory) };
        if (settings.clearAroundInput) {
          next = clearedAround(next, frame, settings);
        }
      }
    }
    if (next.conditioning.size === 0) {
      throw new RangeError(
        `Cannot propagate: no input points or masks are provided for object ${object}`,
      );
    }
    const tracked = new Map(next.tracked);
    for (const frame of next.conditioning.keys()) tracked.delete(frame);
    settled.set(object, {
      ...next,
      tracked,
      pendingConditioning: new Map(),
      pendingTracked: new Map(),
    });
  }
  return settled;
}

/** The result of a prompt with its memory, of the mask as it is stored. */
async function rememberPrompt(
  { engine, features }: VideoSource,
  state: VideoState,
  { object, result, settings }: {
    readonly object: number;
    readonly result: FrameMemory;
    readonly settings: VideoSettings;
  },
): Promise<FrameMemory> {
  if (result.memory) return result;
  const { frame } = result;
  const masks = new Map([...state].flatMap(([number, track]) => {
    const found = findResult(track, frame);
    return found ? [[number, found.memory.lowRes] as const] : [];
  })).set(object, result.lowRes);
  const seen = maskForMemory(object, masks, settings);
  const { memory } = await rememberFrame(
    engine,
    await features(frame),
    { ...result, lowRes: seen },
    { isPrompted: true },
  );
  return { ...result, memory };
}

/**
 * What the official predictor gives out: the logits of every object that has a
 * result on a frame, at the size of the video. One that has none is −1024
 * there. Between prompts and propagation it shows of the other objects only
 * what waits in the same bank; here everything that waits is shown.
 */
export function frameLogits(
  { engine: { side }, frameSize }: Pick<VideoSource, "engine" | "frameSize">,
  state: VideoState,
  frame: number,
  { nonOverlap = false }: VideoSettings = {},
): ReadonlyMap<number, Logits> {
  const low = side / 4;
  const resized = [...state].flatMap(([object, track]) => {
    const data = findResult(track, frame)?.memory.lowRes;
    if (!data) return [];
    const logits = resizeLogits({ dims: [1, 1, low, low], data }, frameSize);
    return [[object, logits] as const];
  });
  if (!nonOverlap || resized.length < 2) return new Map(resized);
  const kept = suppressOverlap(resized.map(([, { data }]) => data));
  return new Map(
    resized.map(([object, { dims }], i) => [object, { dims, data: kept[i] }]),
  );
}

/** Forgets the prompts of one object on one frame; a conditioning result becomes a tracked one. */
export function clearFrame(
  state: VideoState,
  { object, frame }: { readonly object: number; readonly frame: number },
): VideoState {
  const track = getTrack(state, object);
  const result = track.conditioning.get(frame);
  const cleared: ObjectTrack = {
    ...track,
    points: without(track.points, frame),
    masks: without(track.masks, frame),
    pendingConditioning: without(track.pendingConditioning, frame),
    pendingTracked: without(track.pendingTracked, frame),
    conditioning: without(track.conditioning, frame),
    tracked: result ? new Map(track.tracked).set(frame, result) : track.tracked,
    passed: result ? without(track.passed, frame) : track.passed,
  };
  return new Map(state).set(object, cleared);
}

/**
 * Removes an object; also tells on which frames it had prompts, where the
 * pictures of the objects that are left may change.
 *
 * @param options.strict throws RangeError when there is no such object
 */
export function removeObject(
  state: VideoState,
  object: number,
  { strict = false }: { readonly strict?: boolean } = {},
): { readonly state: VideoState; readonly promptedFrames: readonly number[] } {
  if (!strict && !state.has(object)) return { state, promptedFrames: [] };
  const track = getTrack(state, object);
  const left = without(state, object);
  const prompted = new Set([...track.points.keys(), ...track.masks.keys()]);
  return {
    state: left,
    promptedFrames: left.size === 0 ? [] : [...prompted].sort((a, b) => a - b),
  };
}

function getTrack(state: VideoState, object: number): ObjectTrack {
  const track = state.get(object);
  if (!track) {
    throw new RangeError(
      `There is no object ${object}, expected one of ${[...state.keys()]}`,
    );
  }
  return track;
}

function without<Value>(
  map: ReadonlyMap<number, Value>,
  key: number,
): ReadonlyMap<number, Value> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
