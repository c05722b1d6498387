// SAM 2 on WebGPU: the same masks as on the CPU, and graphs without the
// operators that are wrong there or fall back to the CPU.

import { deepEqual, ok } from "node:assert/strict";
import { iou } from "../../lib/masks/metrics.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import type { Graph } from "../../lib/onnx/graph.ts";
import { opset } from "../../lib/onnx/model_file.ts";
import { propagateMasks } from "../../lib/propagate/propagate.ts";
import { buildImageEncoder } from "../../lib/sam2/graph/image_encoder.ts";
import { buildMaskDecoder } from "../../lib/sam2/graph/mask_decoder.ts";
import {
  buildFrameAttention,
  buildMemoryAttention,
} from "../../lib/sam2/graph/memory_attention.ts";
import { buildMemoryEncoder } from "../../lib/sam2/graph/memory_encoder.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { planWhole } from "../propagate/plan_whole.ts";
import { webgpuTest } from "../runtime/devices.ts";

const mini = new URL("../golden/sam2/sam2-mini.pt", import.meta.url).pathname;

Deno.test("every graph of SAM 2 keeps to what WebGPU computes right", () => {
  const { weights, close } = openSam2File(mini);
  const graphs: readonly Graph[] = [
    buildImageEncoder(weights, 128),
    buildMaskDecoder(weights, 128),
    buildFrameAttention(weights, 128),
    buildMemoryAttention(weights, 128),
    buildMemoryEncoder(weights, 128),
  ];
  close();
  // fused attention is wrong from 49 queries on; TopK, LogSoftmax and the
  // indices of MaxPool have no kernel there, nor has opset 23
  const unwanted = ["MultiHeadAttention", "Attention", "TopK", "LogSoftmax"];
  for (const { name, nodes } of graphs) {
    const found = new Set(nodes.map(({ op }) => op));
    deepEqual(unwanted.filter((op) => found.has(op)), [], name);
    ok(
      !found.has("MaxPool") || nodes.every(({ outputs }) => outputs.length < 2),
    );
  }
  deepEqual(opset, 21);
});

async function masksOn(device: "cpu" | "webgpu") {
  const folder = new URL("../golden/sam2/frames", import.meta.url).pathname;
  const frames = await openFrames(folder);
  const model = await openModel({ model: mini, device });
  const { engine, runtime } = model;
  const click = { kind: "point", x: 60, y: 50, sign: "+" } as const;
  const found: { mask: Parameters<typeof iou>[0]; logits: Float32Array }[] = [];
  const steps = planWhole(1, [0], 5);
  for await (
    const { masks } of propagateMasks({
      engine,
      frameCount: frames.count,
      frameSize: frames.size,
      conditions: new Map([[1, [{ frame: 0, prompts: [click] }]]]),
      readFeatures: async (i) =>
        await encodeFrame(engine, await frames.read(i)),
    }, steps)
  ) found.push({ mask: masks[0].mask, logits: masks[0].memory.lowRes });
  const { held } = await runtime.count(); // memories and codes of places alone
  ok(device === "cpu" ? held === 0 : held > 5 && held < 30, `${held} are held`);
  await engine.close();
  deepEqual(await runtime.count(), { sessions: 0, held: 0 });
  runtime.close();
  await frames.close();
  return found;
}

webgpuTest(
  "propagateMasks() on WebGPU gives the masks of the CPU, keeps memories on the GPU, and at its end nothing",
  async () => {
    const [cpu, gpu] = [await masksOn("cpu"), await masksOn("webgpu")];
    deepEqual(gpu.length, 4);
    for (const [i, { mask, logits }] of gpu.entries()) {
      ok(iou(mask, cpu[i].mask) > 0.99, `step ${i}`);
      const worst = Math.max(
        ...logits.map((value, k) => Math.abs(value - cpu[i].logits[k])),
      );
      ok(worst < 0.01, `step ${i}: logits differ by ${worst}`);
    }
  },
);
