// Detecting in frame after frame: reading, fitting and reading out happen while
// the network works on another frame.
//
// The network runs in the worker, decoders have threads of their own. A few
// frames are in flight, never more, so that memory does not grow with the
// length of a video. Frames come out in the order in which they came in.

import { throwIfCancelled } from "../../base/errors.ts";
import {
  type DetectOptions,
  prepareImage,
  readDetections,
} from "../../yolo/detect.ts";
import type { Detection } from "../../yolo/detection.ts";
import type { RawOutput, YoloEngine } from "../../yolo/engine.ts";
import type { SourceFrame } from "./detect_source.ts";

/** A frame with what was found, and how long each part took. */
export type DetectedFrame = SourceFrame & {
  readonly detections: readonly Detection[];
  readonly msPrepare: number;
  readonly msNetwork: number;
  readonly msRead: number;
};

/** How frames are run through. */
export type StreamOptions = DetectOptions & {
  /** Frames read before they are asked for; default 2. */
  readonly ahead?: number;
  /** Frames given to the network before the first of them is done; default 2. */
  readonly inFlight?: number;
  readonly signal?: AbortSignal;
};

/** Detects in frames as they come. */
export async function* detectStream(
  engine: YoloEngine,
  frames: AsyncIterable<SourceFrame>,
  { ahead = 2, inFlight = 2, signal, ...options }: StreamOptions = {},
): AsyncGenerator<DetectedFrame> {
  const running: Running[] = [];
  let freeMs = 0; // when the network was done with the frame before
  const finish = async (): Promise<DetectedFrame> => {
    const { frame, place, msPrepare, result } = running.splice(0, 1)[0];
    const { raw, startMs, endMs } = await result;
    const msNetwork = endMs - Math.max(startMs, freeMs);
    freeMs = endMs;
    const readMs = performance.now();
    const { image } = frame;
    const detections = readDetections(engine, raw, { image, place, options });
    const msRead = performance.now() - readMs;
    return { ...frame, detections, msPrepare, msNetwork, msRead };
  };
  const source = prefetch(frames, ahead);
  let failure: { readonly error: unknown } | undefined;
  try {
    while (true) {
      const next = await source.next().catch((error) => {
        failure = { error };
      });
      if (!next || next.done) break;
      const frame = next.value;
      throwIfCancelled(signal, `detecting at frame ${frame.frame}`);
      const startMs = performance.now();
      const { tensor, place } = prepareImage(engine, frame.image, options);
      const msPrepare = performance.now() - startMs;
      const result = timedRun(engine, tensor);
      result.catch(() => {}); // whoever awaits it gets the error
      running.push({ frame, place, msPrepare, result });
      if (running.length >= inFlight) yield await finish();
    }
    throwIfCancelled(signal, "detecting");
    while (running.length > 0) yield await finish();
    if (failure) throw failure.error; // after the frames before it
  } finally {
    await source.return(undefined);
    await Promise.allSettled(running.map(({ result }) => result));
  }
}

type Running = {
  readonly frame: SourceFrame;
  readonly place: ReturnType<typeof prepareImage>["place"];
  readonly msPrepare: number;
  readonly result: Promise<{
    readonly raw: RawOutput;
    readonly startMs: number;
    readonly endMs: number;
  }>;
};

async function timedRun(
  engine: YoloEngine,
  tensor: Parameters<YoloEngine["run"]>[0],
) {
  const startMs = performance.now();
  const raw = await engine.run(tensor);
  return { raw, startMs, endMs: performance.now() };
}

/** Asks for some items before they are wanted; an error comes in its turn. */
export async function* prefetch<Item>(
  items: AsyncIterable<Item>,
  ahead: number,
): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  const asked: Promise<IteratorResult<Item>>[] = [];
  const ask = () => {
    const next = iterator.next();
    next.catch(() => {}); // whoever awaits it gets the error
    asked.push(next);
  };
  try {
    for (let i = 0; i < ahead; i++) ask();
    while (true) {
      if (asked.length === 0) ask();
      const { done, value } = await asked.splice(0, 1)[0];
      if (done) return;
      if (ahead > 0) ask();
      yield value;
    }
  } finally {
    await Promise.allSettled(asked);
    await iterator.return?.();
  }
}
