// What was found wrong or deadly with WebGPU before, and how it is avoided.

import { deepEqual, equal } from "node:assert/strict";
import { addInput, addOutput, createGraph } from "../../lib/onnx/graph.ts";
import { Add } from "../../lib/onnx/ops/elementwise.ts";
import { writeModel } from "../../lib/onnx/write_model.ts";
import { openRuntime, type Runtime } from "../../lib/runtime/runtime.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { webgpuTest } from "./devices.ts";

function gpuTest(
  name: string,
  test: (runtime: Runtime, path: string) => Promise<void>,
) {
  webgpuTest(
    name,
    inFolder(async (folder) => {
      const graph = createGraph("double");
      const x = addInput(graph, "x", ["n"]);
      addOutput(graph, "y", Add(graph, x, x));
      const path = `${folder}/double.onnx`;
      writeModel(path, graph);
      const runtime = await openRuntime({ device: "webgpu" });
      try {
        await test(runtime, path);
      } finally {
        runtime.close();
      }
    }),
  );
}

const pair = { dims: [2], data: Float32Array.of(1, 2) };

gpuTest(
  "Runtime.read() brings back a tensor that never left the GPU, instead of ending the process",
  async (runtime, path) => {
    const session = await runtime.load(path, { keep: ["y"] });
    const { y } = await session.run({ x: pair }, ["y"], { hold: ["y"] });
    deepEqual([...(await runtime.read(y)).data], [2, 4]);
    deepEqual([...(await runtime.read(y)).data], [2, 4]);
    await runtime.release(y);
    await session.release();
    deepEqual(await runtime.count(), { sessions: 0, held: 0 });
  },
);

gpuTest(
  "Session.run() on the GPU reads what another session left there",
  async (runtime, path) => {
    const first = await runtime.load(path, { keep: ["y"] });
    const second = await runtime.load(path);
    let held = (await first.run({ x: pair }, ["y"], { hold: ["y"] })).y;
    for (let i = 0; i < 3; i++) {
      const next = await first.run({ x: held }, ["y"], { hold: ["y"] });
      await runtime.release(held);
      held = next.y;
    }
    const { y } = await second.run({ x: held }, ["y"]);
    deepEqual([...y.data], [32, 64]); // doubled five times
    await runtime.release(held);
  },
);

gpuTest(
  "Runtime.hold() puts a tensor on the GPU once for all that read it",
  async (runtime, path) => {
    const session = await runtime.load(path);
    const held = await runtime.hold(pair);
    for (let i = 0; i < 2; i++) {
      deepEqual([...(await session.run({ x: held }, ["y"])).y.data], [2, 4]);
    }
    deepEqual([...(await runtime.read(held)).data], [1, 2]);
    await runtime.release(held);
    equal((await runtime.count()).held, 0);
  },
);

gpuTest(
  "Session.run() answers with the numbers of an output that is kept but not held",
  async (runtime, path) => {
    const session = await runtime.load(path, { keep: ["y"] });
    const { y } = await session.run({ x: pair }, ["y"]);
    deepEqual([...y.data], [2, 4]);
  },
);
