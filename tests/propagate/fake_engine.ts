// A SAM 2 of one number: no ONNX, so that tracking itself can be watched.
//
// A frame's features are its number; a memory is the value of its mask; a
// tracked mask is the mean of the memories it reads, plus a thousandth of the
// frame. A prompted mask has the x of its first point as its value.

import type { Engine, FrameFeatures } from "../../lib/sam2/engine.ts";
import type { Sam2Config } from "../../lib/sam2/config.ts";
import type { Feed } from "../../lib/runtime/runtime.ts";

/** What the engine was asked so far. */
export type FakeLog = {
  encoded: number;
  released: number;
  /** Frames looked at, and objects on them. */
  looked: number;
  attended: number;
  /** The most spatial memories and pointers that one frame read. */
  mostMemories: number;
  mostPointers: number;
};

const side = 16; // one token a frame, masks of 4x4
const channels = 4;

/** The sizes of a model without networks: one token a frame, four channels. */
export const fakeConfig: Sam2Config = {
  family: "sam2.0",
  name: "fake",
  imageSize: side,
  trunk: {
    embedDim: 1,
    firstHeads: 1,
    blocksPerStage: [],
    windowPerStage: [],
    globalAttentionBlocks: [],
  },
  channels,
  memoryChannels: channels,
  memoryAttentionLayers: 1,
  decoderHeads: 1,
  multimaskForTracking: false,
};

/** An engine that counts. */
export function fakeEngine(): { engine: Engine; log: FakeLog } {
  const log = {
    encoded: 0,
    released: 0,
    looked: 0,
    attended: 0,
    mostMemories: 0,
    mostPointers: 0,
  };
  const numbers = (...data: readonly number[]) => ({
    dims: [data.length],
    data: Float32Array.from(data),
  });
  const engine: Engine = {
    side,
    precision: "float32",
    config: fakeConfig,
    loose: {
      memoryPositions: Array.from(
        { length: 7 },
        () => new Float32Array(channels),
      ),
      pointerTime: undefined,
      noObjectPointer: new Float32Array(channels),
      maskDownsample: { kernel: new Float32Array(16), offset: 0 },
    },
    encodeImage: ({ data: [frame] }) => {
      log.encoded++;
      const feed = numbers(frame);
      return Promise.resolve({ fpn0: feed, fpn1: feed, fpn2: feed });
    },
    releaseFeatures: () => Promise.resolve(void log.released++),
    attendFrame: ({ fpn2 }) => {
      log.looked++;
      return Promise.resolve(fpn2);
    },
    attend: (_, { memory, pointers }) => {
      log.attended++;
      const data = numbersIn(memory);
      log.mostMemories = Math.max(log.mostMemories, data.length / channels);
      log.mostPointers = Math.max(
        log.mostPointers,
        pointers.data.length / channels,
      );
      const sum = data.reduce((sum, value) => sum + value, 0);
      return Promise.resolve(numbers(sum / data.length));
    },
    decode: ({ fpn2 }, { conditioned, points }) => {
      const value = conditioned
        ? numberIn(conditioned) + numberIn(fpn2) / 1000
        : points[0].x;
      return Promise.resolve({
        masks: { dims: [4, 4, 4], data: new Float32Array(64).fill(value) },
        ious: [0.75, 0.5, 0.5, 0.5],
        objectScore: 5,
        pointers: { dims: [4, channels], data: new Float32Array(16) },
      });
    },
    release: () => Promise.resolve(),
    encodeMemory: (_, { mask }) =>
      Promise.resolve(new Float32Array(channels).fill(mask[0])),
    close: () => Promise.resolve(),
  };
  return { engine, log };
}

/** The features of a frame: its number. */
export function encodeNumber(
  engine: Engine,
  frame: number,
): Promise<FrameFeatures> {
  return engine.encodeImage({ dims: [1], data: Float32Array.of(frame) });
}

/** What a feed holds; the fake engine hands out nothing else. */
export function numbersIn(feed: Feed): Float32Array {
  return "data" in feed ? feed.data : new Float32Array();
}

function numberIn(feed: Feed): number {
  return "data" in feed ? feed.data[0] : NaN;
}
