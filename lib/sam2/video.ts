// The official video predictor, as functions over a state that the caller holds.
//
// Same results and same quirks as sam2_video_predictor.py of
// facebookresearch/sam2 at 2b90b9f: prompts wait until propagation, corrections
// on tracked frames stay non-conditioning unless asked otherwise, a second run
// over them forgets them. MedAnnotate's own semantics are in propagate/; this
// file is what both are measured by.

import type { Bitmap } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { clamped } from "./image.ts";
import type { Engine, FrameFeatures } from "./engine.ts";
import type { FrameMemory, MemorySettings } from "./memory.ts";
import { type PointPrompt, toModelPoints } from "./prompts.ts";
import {
  giveMask,
  type ModelPoints,
  promptFrame,
  rememberFrame,
  trackFrame,
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
  const result = await promptFrame(
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
  const result = await giveMask(source.engine, features, mask, frame);
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
  let current = await settlePrompts(source, state);
  const first = start ?? Math.min(
    ...[...current.values()].flatMap((track) => [...track.conditioning.keys()]),
  );
  for (const frame of frameOrder(first, { maxFrames, reverse, frameCount })) {
    const features = await source.features(frame);
    for (const [object, track] of current) {
      const next = await passFrame(source, features, track, {
        ...settings,
        frame,
        frameCount,
        reverse,
      });
      current = new Map(current).set(object, next);
    }
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

async function passFrame(
  { engine }: VideoSource,
  features: FrameFeatures,
  track: ObjectTrack,
  context: Parameters<typeof trackFrame>[3],
): Promise<ObjectTrack> {
  const { frame, reverse } = context;
  const passed = new Map(track.passed).set(frame, { reverse });
  if (track.conditioning.has(frame)) return { ...track, passed };
  const result = await trackFrame(engine, features, track, context);
  const memory = await rememberFrame(engine, features, result, {
    isPrompted: false,
  });
  const tracked = new Map(track.tracked).set(frame, memory);
  return { ...track, passed, tracked };
}

/** Encodes what was prompted since the last propagation and moves it into the banks. */
async function settlePrompts(
  source: VideoSource,
  state: VideoState,
): Promise<VideoState> {
  if (state.size === 0) {
    throw new RangeError(
      "Cannot propagate: no input points or masks are provided for any object",
    );
  }
  const settled = new Map<number, ObjectTrack>();
  for (const [object, track] of state) {
    const remember = async (results: Results) => {
      const out = new Map<number, FrameMemory>();
      for (const [frame, result] of results) {
        const features = await source.features(frame);
        const isPrompted = true;
        const memory = result.memory ? result : await rememberFrame(
          source.engine,
          features,
          result,
          { isPrompted },
        );
        out.set(frame, memory);
      }
      return out;
    };
    const conditioning = new Map([
      ...track.conditioning,
      ...await remember(track.pendingConditioning),
    ]);
    if (conditioning.size === 0) {
      throw new RangeError(
        `Cannot propagate: no input points or masks are provided for object ${object}`,
      );
    }
    const tracked = new Map([
      ...track.tracked,
      ...await remember(track.pendingTracked),
    ]);
    for (const frame of conditioning.keys()) tracked.delete(frame);
    settled.set(object, {
      ...track,
      conditioning,
      tracked,
      pendingConditioning: new Map(),
      pendingTracked: new Map(),
    });
  }
  return settled;
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

/** Removes an object; also tells on which frames it had prompts. */
export function removeObject(
  state: VideoState,
  object: number,
): { readonly state: VideoState; readonly promptedFrames: readonly number[] } {
  const track = getTrack(state, object);
  const prompted = new Set([...track.points.keys(), ...track.masks.keys()]);
  return {
    state: without(state, object),
    promptedFrames: [...prompted].sort((a, b) => a - b),
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
