import { deepEqual, equal, notDeepEqual, rejects } from "node:assert/strict";
import { sampleClip } from "medannotate";
import { openRuntime } from "../../lib/runtime/runtime.ts";
import { type Engine, openEngine } from "../../lib/sam2/engine.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import type { FrameMemory, MemoryBank } from "../../lib/sam2/memory.ts";
import {
  giveMask,
  rememberFrame,
  rememberFrames,
  trackFrame,
  trackFrames,
} from "../../lib/sam2/track.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { encodeNumber, fakeEngine } from "../propagate/fake_engine.ts";

const size = { width: 96, height: 72 };
const clip = sampleClip({ frames: 90, size });
const context = { frame: 2, frameCount: 90, reverse: false };

/** A mask with one rectangle, as the only memory of an object. */
async function bankOf(engine: Engine, x0: number): Promise<MemoryBank> {
  const features = await encodeFrame(engine, clip.frame(0).image);
  const mask = { ...size, data: new Uint8Array(96 * 72) };
  for (let y = 20; y < 50; y++) {
    mask.data.fill(1, y * 96 + x0, y * 96 + x0 + 30);
  }
  const given = await giveMask(engine, features, mask, 0);
  const memory = await rememberFrame(engine, features, given, {
    isPrompted: true,
  });
  await engine.releaseFeatures(features);
  return { conditioning: new Map([[0, memory]]), tracked: new Map() };
}

/** Tracks frame 2 and encodes its memories. */
async function pass(
  engine: Engine,
  banks: readonly MemoryBank[],
): Promise<readonly FrameMemory[]> {
  const features = await encodeFrame(engine, clip.frame(2).image);
  const results = await trackFrames(engine, features, banks, context);
  const options = { isPrompted: false };
  const memories = await rememberFrames(engine, features, results, options);
  await engine.releaseFeatures(features);
  return memories;
}

for (
  const [path, side, precision] of [
    ["tests/golden/sam2/sam2-nano-bootstrap.pt", 128, "float32"],
    ["tests/golden/sam2/sam2-nano-bootstrap.pt", 128, "int8"],
    ["tests/golden/sam2/sam2-mini.pt", 128, "float32"],
    ["tests/golden/sam2/sam2-mini.pt", 96, "float32"],
    ["tests/golden/sam2/sam2-mini.pt", 96, "int8"],
  ] as const
) {
  Deno.test(
    `trackFrames() gives an object the same bytes whoever else is tracked (${path} at ${side}, ${precision})`,
    inFolder(async (cache) => {
      for (const threads of [1, 4]) {
        const file = openSam2File(path);
        const runtime = await openRuntime({ device: "cpu", threads });
        const engine = await openEngine(file.weights, runtime, {
          sha256: "0".repeat(64),
          cache,
          side,
          precision,
        });
        file.close();
        const [a, b, two] = [
          await bankOf(engine, 10),
          await bankOf(engine, 50),
          await bankOf(engine, 30),
        ];
        // the third object has a second memory
        const [extra] = await pass(engine, [two]);
        const c = { ...two, tracked: new Map([[1, { ...extra, frame: 1 }]]) };

        const [alone] = await pass(engine, [a]);
        const [second] = await pass(engine, [b]);
        const [third] = await pass(engine, [c]);
        notDeepEqual(alone.memory, second.memory);
        notDeepEqual(second.lowRes, third.lowRes);
        deepEqual(await pass(engine, [a, b]), [alone, second]);
        deepEqual(await pass(engine, [a, b, c]), [alone, second, third]);
        deepEqual(await pass(engine, [c, a]), [third, alone]);
        const features = await encodeFrame(engine, clip.frame(2).image);
        const one = await trackFrame(engine, features, b, context);
        deepEqual(one, { ...second, memory: undefined });
        await engine.releaseFeatures(features);
        deepEqual(await runtime.count(), { sessions: 5, held: 0 });
        await engine.close();
        runtime.close();
      }
    }),
  );
}

/** A bank of the fake engine whose only memory has this value. */
function fakeBank(value: number): MemoryBank {
  const memory: FrameMemory = {
    frame: 0,
    lowRes: new Float32Array(16),
    iou: 1,
    objectScore: 1,
    pointer: new Float32Array(4),
    memory: new Float32Array(4).fill(value),
  };
  return { conditioning: new Map([[0, memory]]), tracked: new Map() };
}

Deno.test("trackFrames() looks at the frame once and answers in the order of the banks", async () => {
  const { engine, log } = fakeEngine();
  const features = await encodeNumber(engine, 2);
  const banks = [3, 1, 2].map(fakeBank);
  const results = await trackFrames(engine, features, banks, context);
  const expected = [3.002, 1.002, 2.002]; // the memory plus a thousandth of frame 2
  deepEqual(
    results.map(({ lowRes }) => lowRes[0]),
    expected.map(Math.fround),
  );
  deepEqual([log.looked, log.attended], [1, 3]);
  deepEqual(await trackFrames(engine, features, [], context), []);
  equal(log.looked, 1);
});

Deno.test("trackFrames() releases what it holds when an object fails", async () => {
  const { engine } = fakeEngine();
  let held = 0;
  let decoded = 0;
  const counting: Engine = {
    ...engine,
    attendFrame: (features) => {
      held++;
      return engine.attendFrame(features);
    },
    attend: (frame, tokens) => {
      held++;
      return engine.attend(frame, tokens);
    },
    release: () => Promise.resolve(void held--),
    decode: (features, prompt) =>
      ++decoded === 2
        ? Promise.reject(new Error("device lost"))
        : engine.decode(features, prompt),
  };
  const features = await encodeNumber(counting, 2);
  const banks = [1, 2, 3].map(fakeBank);
  await rejects(
    trackFrames(counting, features, banks, context),
    /device lost/,
  );
  deepEqual([held, decoded], [0, 2]);
});

Deno.test("rememberFrames() answers in the order it was given", async () => {
  const { engine } = fakeEngine();
  const features = await encodeNumber(engine, 2);
  const results = [5, 4].map((value) => ({
    ...fakeBank(0).conditioning.get(0)!,
    lowRes: new Float32Array(16).fill(value),
  }));
  const options = { isPrompted: false };
  const memories = await rememberFrames(engine, features, results, options);
  deepEqual(memories.map(({ memory }) => memory?.[0]), [5, 4]);
});
