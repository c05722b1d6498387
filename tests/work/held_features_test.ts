import { deepEqual, equal, rejects } from "node:assert/strict";
import type { FrameFeatures } from "../../lib/sam2/engine.ts";
import { holdFeatures } from "../../lib/work/held_features.ts";

/** Features that only know their frame, and what was read and released. */
function createReader({ fails = false } = {}) {
  const read: number[] = [];
  const released: number[] = [];
  const featuresOf = (frame: number) => {
    const map = { dims: [1], data: Float32Array.of(frame) };
    return { fpn0: map, fpn1: map, fpn2: map };
  };
  const frameOf = ({ fpn0 }: FrameFeatures) =>
    "data" in fpn0 ? fpn0.data[0] : NaN;
  const held = holdFeatures({
    releaseFeatures: (features) => {
      released.push(frameOf(features));
      return Promise.resolve();
    },
  }, {
    read: (frame) => {
      read.push(frame);
      return fails
        ? Promise.reject(new Error("no such frame"))
        : Promise.resolve(featuresOf(frame));
    },
    isKept: (frame) => Promise.resolve(frame === 99),
    settle: () => Promise.resolve(),
  }, { most: 2 });
  return { held, read, released, frameOf };
}

Deno.test("holdFeatures() reads a frame once, and releases what was used longest ago", async () => {
  const { held, read, released, frameOf } = createReader();
  for (const frame of [1, 2, 1, 3, 1]) {
    equal(await held.use(frame, (it) => Promise.resolve(frameOf(it))), frame);
  }
  deepEqual(read, [1, 2, 3]);
  deepEqual(released, [2]);
  await held.close();
  deepEqual(released.toSorted(), [1, 2, 3]);
});

Deno.test("holdFeatures() releases nothing that somebody works on", async () => {
  const { held, released } = createReader();
  const busy = Promise.withResolvers<void>();
  const works = [1, 2, 3, 4].map((frame) =>
    held.use(frame, () => busy.promise)
  );
  await held.use(5, () => Promise.resolve());
  deepEqual(released, [5]); // the only one that nobody uses
  busy.resolve();
  await Promise.all(works);
  equal(released.length, 3);
  await held.close();
  equal(released.length, 5);
});

Deno.test("holdFeatures() releases a frame once, however many make room at a time", async () => {
  const released: number[] = [];
  const map = (frame: number) => ({
    dims: [1],
    data: Float32Array.of(frame),
  });
  const held = holdFeatures({
    releaseFeatures: async ({ fpn0 }) => {
      await new Promise((resolve) => setTimeout(resolve, 1)); // a worker answers
      released.push("data" in fpn0 ? fpn0.data[0] : NaN);
    },
  }, {
    read: (frame) =>
      Promise.resolve({ fpn0: map(frame), fpn1: map(frame), fpn2: map(frame) }),
    isKept: () => Promise.resolve(false),
    settle: () => Promise.resolve(),
  }, { most: 2 });
  const gate = Promise.withResolvers<void>();
  const works = Array.from(
    { length: 8 },
    (_, frame) => held.use(frame, () => gate.promise),
  );
  gate.resolve(); // all of them leave together
  await gate.promise;
  const others = Array.from( // and others come while there is still made room
    { length: 4 },
    (_, i) => held.use(8 + i, () => new Promise((end) => setTimeout(end, 20))),
  );
  await Promise.all([...works, ...others]);
  await held.close();
  deepEqual(
    released.toSorted((a, b) => a - b),
    Array.from({ length: 12 }, (_, frame) => frame),
  );
});

Deno.test("holdFeatures() tells which frames wait for no encoder", async () => {
  const { held } = createReader();
  equal(await held.isReady(1), false);
  await held.use(1, () => Promise.resolve());
  equal(await held.isReady(1), true);
  equal(await held.isReady(99), true); // on disk
  await held.close();
});

Deno.test("holdFeatures() tries a frame again that could not be read", async () => {
  const { held, read } = createReader({ fails: true });
  await rejects(held.use(1, () => Promise.resolve()), /no such frame/);
  await rejects(held.use(1, () => Promise.resolve()), /no such frame/);
  deepEqual(read, [1, 1]);
  await held.close();
});
