import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import type { Engine } from "../../lib/sam2/engine.ts";
import {
  addPoints,
  clearFrame,
  findResult,
  frameLogits,
  propagate,
  removeObject,
  type VideoSettings,
  type VideoSource,
  type VideoState,
} from "../../lib/sam2/video.ts";
import { encodeNumber, fakeEngine } from "../propagate/fake_engine.ts";

const frameSize = { width: 16, height: 16 };

/** Forty frames of the engine of one number, which tells the masks it encodes. */
function sourceOf(): { source: VideoSource; encoded: number[] } {
  const { engine } = fakeEngine();
  const encoded: number[] = [];
  const telling: Engine = {
    ...engine,
    encodeMemory: (features, memory) => {
      encoded.push(memory.mask[0]);
      return engine.encodeMemory(features, memory);
    },
  };
  const features = (frame: number) => encodeNumber(engine, frame);
  const source = { engine: telling, frameCount: 40, frameSize, features };
  return { source, encoded };
}

/** A click whose x is the value of the mask. */
function click(object: number, frame: number, x: number) {
  const clicks = [{ x, y: 1, sign: "+" as const }];
  return { object, frame, prompt: { clicks } };
}

async function passed(
  source: VideoSource,
  state: VideoState,
  range: { start?: number; maxFrames?: number },
  settings: VideoSettings = {},
): Promise<VideoState> {
  const frames = await Array.fromAsync(
    propagate(source, state, range, settings),
  );
  return frames[frames.length - 1].state;
}

const empty: VideoState = new Map();

Deno.test("propagate() with nonOverlapMemory encodes each object without what a higher one covers", async () => {
  for (
    const [nonOverlapMemory, wanted] of [
      [false, [3, 5, 3.001, 5.001]], // prompted on frame 0, tracked on frame 1
      [true, [-10, 5, -10, 5.001]],
    ] as const
  ) {
    const { source, encoded } = sourceOf();
    const settings = { nonOverlapMemory };
    let state = await addPoints(source, empty, click(1, 0, 3), settings);
    state = await addPoints(source, state, click(2, 0, 5), settings);
    state = await passed(source, state, { maxFrames: 1 }, settings);
    // the first object remembers -10, and tracks by it
    const first = nonOverlapMemory ? -9.999 : 3.001;
    deepEqual(
      encoded,
      wanted.map(Math.fround),
    );
    equal(
      findResult(state.get(1)!, 1)?.memory.lowRes[0],
      Math.fround(first),
    );
  }
});

Deno.test("propagate() with clearAroundInput forgets seven strides around a prompted frame", async () => {
  for (const [stride, first, last] of [[1, 13, 27], [2, 6, 34]]) {
    const { source } = sourceOf();
    const settings = {
      stride,
      clearAroundInput: true,
      correctionsCondition: true,
    };
    let state = await addPoints(source, empty, click(1, 0, 3), settings);
    state = await passed(source, state, {}, settings);
    state = await addPoints(source, state, click(1, 20, 4), settings);
    state = await passed(source, state, { start: 39 }, settings);
    const left = [...state.get(1)!.tracked.keys()];
    const gone = Array.from({ length: 39 }, (_, i) => i + 1)
      .filter((frame) => !left.includes(frame));
    deepEqual(
      [
        gone[0],
        gone.at(-1),
      ],
      [first, last],
    );
  }
});

Deno.test("frameLogits() gives objects with a result at the size of the video, overlaps resolved when asked", async () => {
  const { source } = sourceOf();
  let state = await addPoints(source, empty, click(1, 0, 3));
  state = await addPoints(source, state, click(2, 0, 5));
  state = await addPoints(source, state, click(3, 1, 9));
  const valuesAt = (frame: number, settings?: VideoSettings) =>
    [...frameLogits(source, state, frame, settings)].map((
      [object, { dims, data }],
    ) => [object, dims[2], dims[3], data[0]]);
  deepEqual(valuesAt(0), [[1, 16, 16, 3], [2, 16, 16, 5]]);
  deepEqual(valuesAt(0, { nonOverlap: true }), [
    [1, 16, 16, -10],
    [2, 16, 16, 5],
  ]);
  deepEqual(valuesAt(1, { nonOverlap: true }), [[3, 16, 16, 9]]);
  deepEqual(valuesAt(2), []);
});

Deno.test("addPoints() adds an object after tracking began", async () => {
  const { source } = sourceOf();
  let state = await addPoints(source, empty, click(1, 0, 3));
  state = await passed(source, state, { maxFrames: 3 });
  state = await addPoints(source, state, click(2, 2, 5));
  state = await passed(source, state, { start: 2, maxFrames: 2 });
  deepEqual([...state.get(2)!.tracked.keys()], [3, 4]);
  deepEqual([...state.get(1)!.tracked.keys()], [1, 2, 3, 4]);
});

Deno.test("removeObject() tells where pictures may change and lets an unknown object pass unless strict", async () => {
  const { source } = sourceOf();
  let state = await addPoints(source, empty, click(1, 4, 3));
  state = await addPoints(source, state, click(2, 2, 5));
  state = await addPoints(source, state, click(1, 0, 3));
  const one = removeObject(state, 1);
  deepEqual([[...one.state.keys()], one.promptedFrames], [[2], [0, 4]]);
  deepEqual(removeObject(one.state, 2), {
    state: new Map(),
    promptedFrames: [], // nobody is left
  });
  equal(removeObject(state, 7).state, state);
  throws(() => removeObject(state, 7, { strict: true }), /no object 7/);
});

Deno.test("clearFrame() leaves an object that cannot be propagated", async () => {
  const { source } = sourceOf();
  const state = await addPoints(source, empty, click(1, 0, 3));
  const cleared = clearFrame(state, { object: 1, frame: 0 });
  await rejects(passed(source, cleared, {}), /for object 1/);
});
