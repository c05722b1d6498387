import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { addInput, addOutput, createGraph } from "../../lib/onnx/graph.ts";
import { Add } from "../../lib/onnx/ops/elementwise.ts";
import { writeModel } from "../../lib/onnx/write_model.ts";
import { MatMul } from "../../lib/onnx/ops/linear.ts";
import { openRuntime, type Runtime } from "../../lib/runtime/runtime.ts";

async function withModel(
  use: (runtime: Runtime, path: string) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu", threads: 1 });
  try {
    const graph = createGraph("double");
    const x = addInput(graph, "x", [2]);
    addOutput(graph, "y", Add(graph, x, x));
    writeModel(`${folder}/double.onnx`, graph);
    await use(runtime, `${folder}/double.onnx`);
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const pair = { dims: [2], data: Float32Array.of(1, 2) };

Deno.test("Session.run() leaves what it was fed as it was", async () => {
  await withModel(async (runtime, path) => {
    const session = await runtime.load(path);
    const { y } = await session.run({ x: pair }, ["y"]);
    deepEqual([...y.data], [2, 4]);
    deepEqual([...pair.data], [1, 2]);
  });
});

Deno.test("Session.run() holds outputs that the next run reads", async () => {
  await withModel(async (runtime, path) => {
    const session = await runtime.load(path);
    const first = await session.run({ x: pair }, ["y"], { hold: ["y"] });
    deepEqual(await runtime.count(), { sessions: 1, held: 1 });
    const second = await session.run({ x: first.y }, ["y"]);
    deepEqual([...second.y.data], [4, 8]);
    deepEqual([...(await runtime.read(first.y)).data], [2, 4]);
    await runtime.release(first.y);
    await session.release();
    deepEqual(await runtime.count(), { sessions: 0, held: 0 });
  });
});

Deno.test("Runtime tells what was released too early", async () => {
  await withModel(async (runtime, path) => {
    const session = await runtime.load(path);
    const { y } = await session.run({ x: pair }, ["y"], { hold: ["y"] });
    await runtime.release(y);
    await rejects(session.run({ x: y }, ["y"]), /was released/);
    await session.release();
    await rejects(session.run({ x: pair }, ["y"]), /was released/);
  });
});

Deno.test("Runtime.close() fails what is still asked", async () => {
  const runtime = await openRuntime({ device: "cpu" });
  runtime.close();
  await rejects(runtime.count(), /was closed/);
});

Deno.test("openRuntime() says plainly that a device is not there", async () => {
  for (const device of ["webgpu", "cuda"] as const) {
    const opened = await openRuntime({ device }).catch((error) => error);
    if (opened instanceof Error) {
      ok(
        opened.message.startsWith(
          `Cannot use device ${device} on this machine`,
        ),
        opened.message,
      );
    } else {
      equal(opened.device, device); // this machine has it
      opened.close();
    }
  }
});

Deno.test("Session.run() does not block the event loop", async () => {
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu", threads: 1 });
  try {
    const graph = createGraph("slow");
    const side = 1024;
    let x = addInput(graph, "x", [side, side]);
    const input = x;
    for (let i = 0; i < 4; i++) x = MatMul(graph, x, input);
    addOutput(graph, "y", x);
    writeModel(`${folder}/slow.onnx`, graph);
    const session = await runtime.load(`${folder}/slow.onnx`);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const data = new Float32Array(side * side);
    await session.run({ x: { dims: [side, side], data } }, ["y"]);
    clearInterval(timer);
    ok(ticks >= 5, `only ${ticks} ticks while 8.6 GFLOP ran`);
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
});
