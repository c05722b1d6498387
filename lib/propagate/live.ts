// Live: masks for frames as they come, with how long each took.
//
// Nothing lies ahead, so there is one direction and no second opinion: an
// object is tracked from its last condition on. A correction becomes the newest
// condition and forgets what was tracked before it. Kept are the newest
// conditions and the last frames, however long it runs.

import type { Size } from "../base/tensor.ts";
import { throwIfCancelled } from "../base/errors.ts";
import type { LiveFrame } from "../media/live_frames.ts";
import type { Engine, FrameFeatures } from "../sam2/engine.ts";
import { encodeFrame } from "../sam2/image.ts";
import type { FramePrompt } from "../sam2/interact.ts";
import type { FrameMemory } from "../sam2/memory.ts";
import { rememberFrames, trackFrames } from "../sam2/track.ts";
import {
  keepReadable,
  maxConditions,
  scoresOf,
  settleCondition,
  toFrameMask,
  type TrackedMask,
} from "./propagate.ts";

/** The mask of one object on a live frame. */
export type LiveMask =
  & Omit<TrackedMask, "parts">
  & {
    readonly object: number;
    /** Prompted on this frame, or tracked. */
    readonly source: "prompt" | "forward";
  };

/** A live frame with its masks. */
export type LiveResult = {
  readonly frame: LiveFrame;
  readonly masks: readonly LiveMask[];
  /** From the frame's arrival until its masks were there. */
  readonly latencyMs: number;
};

type LiveObject = {
  readonly conditions: readonly FrameMemory[];
  readonly tracked: readonly FrameMemory[];
};

/**
 * Tracks objects through frames as they come.
 *
 * @param options.promptsFor what is clicked on a frame, by object; asked once for each frame
 * @throws CancelledError when the signal fires, between two frames
 */
export async function* trackLive(
  engine: Engine,
  frames: AsyncIterable<LiveFrame>,
  { promptsFor, signal }: {
    readonly promptsFor: (
      frame: LiveFrame,
    ) => ReadonlyMap<number, readonly FramePrompt[]>;
    readonly signal?: AbortSignal;
  },
): AsyncGenerator<LiveResult> {
  let objects: ReadonlyMap<number, LiveObject> = new Map();
  let at = 0; // memories count the frames that were seen, not those that were dropped
  for await (const frame of frames) {
    throwIfCancelled(signal, `live tracking before frame ${frame.index}`);
    const prompts = promptsFor(frame);
    const features = await encodeFrame(engine, frame.image);
    try {
      const place = { engine, features, frame, at: at++ };
      const prompted = await promptObjects(place, objects, prompts);
      const others = new Map(
        [...objects].filter(([object]) => !prompts.has(object)),
      );
      const tracked = await trackObjects(place, others);
      objects = new Map([...prompted.objects, ...tracked.objects]);
      const masks = [...prompted.masks, ...tracked.masks];
      masks.sort((a, b) => a.object - b.object);
      const latencyMs = performance.now() - frame.arrivedMs;
      yield { frame, masks, latencyMs };
    } finally {
      await engine.releaseFeatures(features);
    }
  }
}

type Place = {
  readonly engine: Engine;
  readonly features: FrameFeatures;
  readonly frame: LiveFrame;
  readonly at: number;
};
type Found = {
  readonly objects: readonly (readonly [number, LiveObject])[];
  readonly masks: readonly LiveMask[];
};

async function promptObjects(
  { engine, features, frame, at }: Place,
  objects: ReadonlyMap<number, LiveObject>,
  prompts: ReadonlyMap<number, readonly FramePrompt[]>,
): Promise<Found> {
  const found: [number, LiveObject][] = [];
  const masks: LiveMask[] = [];
  const frameSize = sizeOf(frame);
  for (const [object, given] of prompts) {
    const condition = { frame: at, prompts: given };
    const { memory, mask } = await settleCondition(
      { engine, frameSize },
      features,
      condition,
    );
    const before = objects.get(object)?.conditions ?? [];
    const conditions = [...before, memory].slice(-maxConditions);
    found.push([object, { conditions, tracked: [] }]);
    masks.push({ object, source: "prompt", mask, ...scoresOf(memory) });
  }
  return { objects: found, masks };
}

async function trackObjects(
  { engine, features, frame, at }: Place,
  objects: ReadonlyMap<number, LiveObject>,
): Promise<Found> {
  const toMap = (memories: readonly FrameMemory[]) =>
    new Map(memories.map((memory) => [memory.frame, memory]));
  const banks = [...objects.values()].map(({ conditions, tracked }) => ({
    conditioning: toMap(conditions),
    tracked: toMap(tracked),
  }));
  const results = await trackFrames(engine, features, banks, {
    frame: at,
    frameCount: Number.MAX_SAFE_INTEGER, // nobody knows how long it will be
    reverse: false,
  });
  const memories = await rememberFrames(engine, features, results, {
    isPrompted: false,
  });
  const found: [number, LiveObject][] = [];
  const masks: LiveMask[] = [];
  const step = { direction: "forward", frame: at } as const;
  for (const [i, [object, { conditions, tracked }]] of [...objects].entries()) {
    const memory = memories[i];
    const kept = keepReadable([...tracked, memory], step);
    found.push([object, { conditions, tracked: kept }]);
    const mask = toFrameMask(memory.lowRes, sizeOf(frame));
    masks.push({ object, source: "forward", mask, ...scoresOf(memory) });
  }
  return { objects: found, masks };
}

function sizeOf({ image: { width, height } }: LiveFrame): Size {
  return { width, height };
}
