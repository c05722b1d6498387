// A SAM 2 without networks whose every answer is drawn from a checksum of all
// that it was given: whoever reads another memory, another place in time or
// another order gets another mask. About one tracked mask in ten is empty.

import { fakeConfig, numbersIn } from "./fake_engine.ts";
import type { Engine } from "../../lib/sam2/engine.ts";
import type { Feed } from "../../lib/runtime/runtime.ts";

const side = 16; // one token a frame, masks of 4x4
const low = side / 4;
const channels = 4; // of memories and pointers

/** An engine; another salt is another model. */
export function hashEngine(salt: number): Engine {
  const noise = drawer(99);
  return {
    side,
    precision: "float32",
    config: {
      ...fakeConfig,
      family: "sam2.1",
      name: "hash",
      multimaskForTracking: true,
    },
    loose: {
      memoryPositions: Array.from(
        { length: 7 },
        () => Float32Array.from({ length: channels }, noise),
      ),
      pointerTime: {
        weight: tensor(Float32Array.from({ length: channels ** 2 }, noise)),
        bias: tensor(Float32Array.from({ length: channels }, noise)),
      },
      noObjectPointer: new Float32Array(channels),
      maskDownsample: {
        kernel: Float32Array.from({ length: 16 }, noise),
        offset: 0,
      },
    },
    encodeImage: async ({ data }) => {
      await Promise.resolve();
      const feed = tensor(Float32Array.of(hashOf(salt, data)));
      return { fpn0: feed, fpn1: feed, fpn2: feed };
    },
    releaseFeatures: () => Promise.resolve(),
    attendFrame: ({ fpn2 }) => Promise.resolve(fpn2),
    attend: (frame, { memory, memoryPosition, pointers, pointerPosition }) =>
      Promise.resolve(
        tensor(Float32Array.of(hashOf(
          1,
          dataOf(frame),
          numbersIn(memory),
          numbersIn(memoryPosition),
          dataOf(pointers),
          dataOf(pointerPosition),
        ))),
      ),
    decode: ({ fpn2 }, { conditioned, isUnconditioned, points, mask }) => {
      const given = points.flatMap(({ x, y, label }) => [x, y, label]);
      const draw = drawer(hashOf(
        isUnconditioned ? 2 : 3,
        dataOf(conditioned ?? fpn2),
        Float32Array.from(given),
        mask ?? new Float32Array(),
      ));
      return Promise.resolve({
        masks: {
          dims: [4, low, low],
          data: Float32Array.from(
            { length: 4 * low * low },
            () => 6 * draw() - 2,
          ),
        },
        ious: [draw(), draw(), draw(), draw()],
        objectScore: 10 * draw() - 1,
        pointers: {
          dims: [4, channels],
          data: Float32Array.from({ length: 4 * channels }, draw),
        },
      });
    },
    release: () => Promise.resolve(),
    encodeMemory: ({ fpn2 }, { mask, isPrompted, objectScore }) => {
      const draw = drawer(
        hashOf(
          isPrompted ? 4 : 5,
          dataOf(fpn2),
          mask,
          Float32Array.of(objectScore),
        ),
      );
      return Promise.resolve(Float32Array.from({ length: channels }, draw));
    },
    close: () => Promise.resolve(),
  };
}

/** Draws numbers of 0..1 from a seed (mulberry32). */
export function drawer(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a over the bits of all numbers; 24 bits, so that a float32 holds it. */
function hashOf(start: number, ...parts: readonly Float32Array[]): number {
  let hash = 0x811c9dc5 ^ start;
  for (const part of parts) {
    hash = Math.imul(hash ^ part.length, 0x01000193);
    for (const bits of new Uint32Array(part.slice().buffer)) {
      hash = Math.imul(hash ^ bits, 0x01000193);
      hash ^= hash >>> 15;
    }
  }
  return hash >>> 8;
}

function tensor(data: Float32Array) {
  return { dims: [data.length], data };
}

function dataOf(feed: Feed): Float32Array {
  if ("data" in feed) return feed.data;
  throw new Error("this engine holds nothing");
}
