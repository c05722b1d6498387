import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openRuntime } from "../../lib/runtime/runtime.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import { openEngine } from "../../lib/sam2/engine.ts";
import { sineGrid } from "../../lib/sam2/graph/position.ts";
import {
  promptFrame,
  rememberFrame,
  trackFrame,
} from "../../lib/sam2/track.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import { sampleClip } from "medannotate";
import { inFolder } from "../media/temporary_folder.ts";

const nano = "tests/golden/sam2/sam2-nano-bootstrap.pt";
const size = { width: 96, height: 72 };
const clip = sampleClip({ frames: 90, size });
const images = [30, 31].map((index) => clip.frame(index).image);

async function listNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    names.push(name);
    if (isDirectory) names.push(...await listNames(`${folder}/${name}`));
  }
  return names.sort();
}

Deno.test(
  "openEngine() runs at every side that is a multiple of 32 and leaves nothing behind",
  inFolder(async (cache) => {
    for (const side of [32, 64, 96, 160]) {
      const file = openSam2File(nano);
      const runtime = await openRuntime({ device: "cpu", threads: 1 });
      const engine = await openEngine(file.weights, runtime, {
        sha256: "0".repeat(64),
        cache,
        side,
      });
      file.close();
      const context = { frame: 0, frameCount: 2, reverse: false };
      const first = await encodeFrame(engine, images[0]);
      const point = { x: 0.6 * side, y: 0.55 * side, label: 1 };
      const prompted = await promptFrame(engine, first, [point], context);
      const condition = await rememberFrame(engine, first, prompted, {
        isPrompted: true,
      });
      await engine.releaseFeatures(first);
      const second = await encodeFrame(engine, images[1]);
      const bank = {
        conditioning: new Map([[0, condition]]),
        tracked: new Map(),
      };
      const next = { ...context, frame: 1 };
      const tracked = await trackFrame(engine, second, bank, next);
      const memory = await rememberFrame(engine, second, tracked, {
        isPrompted: false,
      });
      await engine.releaseFeatures(second);
      for (const { lowRes, iou, memory: values } of [condition, memory]) {
        equal(lowRes.length, (side / 4) ** 2);
        equal(values?.length, (side / 16) ** 2 * 32);
        ok(iou >= 0 && iou <= 1);
        ok(lowRes.every(Number.isFinite));
      }
      deepEqual(await runtime.count(), { sessions: 5, held: 0 });
      await engine.close();
      deepEqual(await runtime.count(), { sessions: 0, held: 0 });
      runtime.close();
    }
  }),
);

Deno.test(
  "openEngine() knows where and when the tokens of every memory slot are",
  inFolder(async (cache) => {
    const file = openSam2File(nano);
    const runtime = await openRuntime({ device: "cpu", threads: 1 });
    const options = { sha256: "0".repeat(64), cache, side: 32 };
    const engine = await openEngine(file.weights, runtime, options);
    const { data: times } = file.weights.read("maskmem_tpos_enc");
    file.close();
    const { data: places } = sineGrid(2, 32); // 4 tokens of 32 channels
    const { memoryPositions } = engine.loose;
    equal(memoryPositions.length, 7);
    for (const [slot, token, channel] of [[0, 0, 0], [3, 1, 31], [6, 3, 5]]) {
      equal(
        memoryPositions[slot][token * 32 + channel],
        Math.fround(places[token * 32 + channel] + times[slot * 32 + channel]),
      );
    }
    await engine.close();
    runtime.close();
  }),
);

Deno.test(
  "openEngine() releases what it had loaded when a graph cannot be loaded",
  inFolder(async (cache) => {
    const file = openSam2File(nano);
    const runtime = await openRuntime({ device: "cpu", threads: 1 });
    const options = { sha256: "0".repeat(64), cache, side: 64 };
    const engine = await openEngine(file.weights, runtime, options);
    await engine.close();
    const [folder] = (await listNames(cache)).filter((name) =>
      name.startsWith("0000")
    );
    await Deno.truncate(`${cache}/${folder}/memory_encoder.onnx`, 1000);
    await rejects(
      openEngine(file.weights, runtime, options),
      /memory_encoder\.onnx/,
    );
    deepEqual(await runtime.count(), { sessions: 0, held: 0 });
    runtime.close();
    file.close();
  }),
);

Deno.test(
  "openEngine() releases what it had loaded when a weight outside the graphs is no number",
  inFolder(async (cache) => {
    const file = openSam2File(nano);
    const runtime = await openRuntime({ device: "cpu", threads: 1 });
    const weights = {
      ...file.weights,
      read: (name: string) => {
        if (name === "maskmem_tpos_enc") {
          throw new RangeError(`${name} holds NaN`);
        }
        return file.weights.read(name);
      },
    };
    await rejects(
      openEngine(weights, runtime, { sha256: "1".repeat(64), cache, side: 32 }),
      /maskmem_tpos_enc holds NaN/,
    );
    deepEqual(await runtime.count(), { sessions: 0, held: 0 });
    runtime.close();
    file.close();
  }),
);

Deno.test(
  "openModel() in two processes builds one cache at once and neither is hurt",
  inFolder(async (cache) => {
    const child = fileURLToPath(new URL("open_child.ts", import.meta.url));
    const open = () =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", child, cache],
        stdout: "piped",
        stderr: "piped",
      }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    for (
      const { code, stdout, stderr } of await Promise.all([open(), open()])
    ) {
      equal(code, 0, text(stderr));
      equal(text(stdout), "64\n");
    }
    const names = await listNames(cache);
    deepEqual(names.slice(1), [
      "frame_attention.onnx",
      "image_encoder.onnx",
      "mask_decoder.onnx",
      "memory_attention.onnx",
      "memory_encoder.onnx",
    ]);
  }),
);
