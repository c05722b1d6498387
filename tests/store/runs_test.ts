import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import {
  commitFrame,
  findResumableRun,
  finishRun,
  listRunMemories,
  type NewRunMemory,
  openForWriting,
  openStore,
  resumeRun,
  startRun,
} from "medannotate";
import { inStore, runInputs } from "./fresh_store.ts";

/** Values that a careless way through text or doubles would change. */
const delicate = Float32Array.of(0.1, -0, 1e-45, Infinity, NaN, 3.4e38);

function memoryOf(objectId: number, frame: number): NewRunMemory {
  const whole = Float32Array.from([7, ...delicate, 7]);
  return {
    objectId,
    direction: "forward",
    frame,
    isConditioning: frame === 0,
    objectScore: -3.25,
    predictedIou: 0.5,
    lowRes: delicate,
    pointer: whole.subarray(1, 7), // a part of a larger buffer
    memory: new Float32Array(0),
  };
}

const bits = (floats: Float32Array) => [
  ...new Uint32Array(floats.slice().buffer),
];

/** NaN is never equal to itself, its bits are. */
function withBits({ lowRes, pointer, memory, ...rest }: NewRunMemory) {
  const arrays = [lowRes, pointer, memory].map(bits);
  return { ...rest, arrays };
}

Deno.test(
  "listRunMemories() gives back every bit, also after a restart",
  inStore(async ({ store, folder, sequence, object }) => {
    const run = await startRun(store, {
      ...runInputs,
      sequenceId: sequence.id,
    });
    const writer = await openForWriting(store, sequence.id);
    const memories = [memoryOf(object.id, 0), memoryOf(object.id, 1)];
    await commitFrame(writer, {
      runId: run.id,
      masks: [],
      memories,
      forget: [],
      framesDone: 2,
    });
    await writer.close();

    const again = await openStore({ url: store.url, folder });
    const listed = await listRunMemories(again, run.id);
    deepEqual(listed.map(withBits), memories.map(withBits));
    deepEqual(bits(listed[0].pointer), bits(delicate));
    await again.close();
  }),
);

Deno.test(
  "commitFrame() forgets memories that no later frame reads",
  inStore(async ({ store, sequence, object }) => {
    const run = await startRun(store, {
      ...runInputs,
      sequenceId: sequence.id,
    });
    const writer = await openForWriting(store, sequence.id);
    for (const frame of [0, 1, 2]) {
      await commitFrame(writer, {
        runId: run.id,
        masks: [],
        memories: [memoryOf(object.id, frame)],
        forget: frame === 2
          ? [{ objectId: object.id, direction: "forward", frame: 1 }]
          : [],
        framesDone: frame + 1,
      });
    }
    await writer.close();
    const frames = (await listRunMemories(store, run.id)).map((m) => m.frame);
    deepEqual(frames, [0, 2]);
  }),
);

Deno.test(
  "findResumableRun() finds what is not done, with its progress",
  inStore(async ({ store, sequence, object }) => {
    const find = () => findResumableRun(store, sequence.id, "propagate");
    equal(await find(), undefined);
    const run = await startRun(store, {
      ...runInputs,
      sequenceId: sequence.id,
    });
    deepEqual(await find(), run);

    const writer = await openForWriting(store, sequence.id);
    await commitFrame(writer, {
      runId: run.id,
      masks: [],
      memories: [memoryOf(object.id, 0)],
      forget: [],
      framesDone: 1,
    });
    await writer.close();
    await finishRun(store, run.id, "cancelled");
    equal((await find())?.status, "cancelled");
    equal((await find())?.framesDone, 1);
    equal((await listRunMemories(store, run.id)).length, 1);

    deepEqual((await resumeRun(store, run.id)).finishedAt, null);
    equal((await finishRun(store, run.id, "done")).status, "done");
    equal(await find(), undefined);
    deepEqual(await listRunMemories(store, run.id), []);
  }),
);

Deno.test(
  "startRun() makes options comparable and forgets earlier runs' memories",
  inStore(async ({ store, sequence, object }) => {
    const inputs = { ...runInputs, sequenceId: sequence.id };
    const start = (options: Record<string, number>) =>
      startRun(store, { ...inputs, options });
    const first = await start({ from: 0, to: 9 });
    const writer = await openForWriting(store, sequence.id);
    await commitFrame(writer, {
      runId: first.id,
      masks: [],
      memories: [memoryOf(object.id, 0)],
      forget: [],
      framesDone: 1,
    });
    await writer.close();
    const second = await start({ to: 9, from: 0 });
    equal(second.optionsSha256, first.optionsSha256);
    notEqual(
      (await start({ from: 1, to: 9 })).optionsSha256,
      first.optionsSha256,
    );
    deepEqual(await listRunMemories(store, first.id), []);
  }),
);

Deno.test(
  "commitFrame() refuses a run of another sequence and leaves nothing",
  inStore(async ({ store, sequence, object }) => {
    const writer = await openForWriting(store, sequence.id);
    const frame = {
      runId: 99,
      masks: [],
      memories: [memoryOf(object.id, 0)],
      forget: [],
    };
    await rejects(
      commitFrame(writer, { ...frame, framesDone: 1 }),
      /sequence \d+ has no run 99\. Nothing was changed/,
    );
    deepEqual(await listRunMemories(store, 99), []);
    await writer.close();
  }),
);
