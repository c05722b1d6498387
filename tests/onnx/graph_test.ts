import { deepEqual, equal, throws } from "node:assert/strict";
import {
  addInput,
  addOutput,
  constant,
  createGraph,
  exposeLabels,
  type Graph,
  label,
  scalar,
  type Value,
} from "../../lib/onnx/graph.ts";
import { countFlops } from "../../lib/onnx/count_flops.ts";
import { encodeModel } from "../../lib/onnx/model_file.ts";
import { writeModel } from "../../lib/onnx/write_model.ts";
import { Add, Mul } from "../../lib/onnx/ops/elementwise.ts";
import { Conv, ConvTranspose, MatMul } from "../../lib/onnx/ops/linear.ts";
import {
  LayerNormalization,
  ReduceMax,
  Softmax,
} from "../../lib/onnx/ops/reduce.ts";
import { Resize } from "../../lib/onnx/ops/resize.ts";
import {
  Concat,
  PadEnd,
  Reshape,
  Slice,
  Split,
  Transpose,
} from "../../lib/onnx/ops/shape.ts";
import { openRuntime } from "../../lib/runtime/runtime.ts";

/** Builds y from x, runs it on the CPU and gives y. */
async function run(
  dims: readonly number[],
  values: readonly number[],
  build: (graph: Graph, x: Value) => Value,
): Promise<number[]> {
  const graph = createGraph("test");
  const x = addInput(graph, "x", dims);
  addOutput(graph, "y", build(graph, x));
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu", threads: 1 });
  try {
    writeModel(`${folder}/test.onnx`, graph);
    const session = await runtime.load(`${folder}/test.onnx`);
    const feed = { dims, data: Float32Array.from(values) };
    const { y } = await session.run({ x: feed }, ["y"]);
    await session.release();
    return [...y.data];
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("MatMul() multiplies rows by columns", async () => {
  const found = await run([1, 2], [3, 4], (graph, x) =>
    MatMul(
      graph,
      x,
      constant(graph, "w", { dims: [2, 2], data: Float32Array.of(1, 2, 5, 6) }),
    ));
  deepEqual(found, [23, 30]); // 3·1 + 4·5, 3·2 + 4·6
});

Deno.test("Conv() and ConvTranspose() agree on stride and kernel", async () => {
  const kernel = { dims: [1, 1, 2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const small = await run(
    [1, 1, 2, 2],
    [1, 1, 1, 2],
    (graph, x) =>
      Conv(graph, x, constant(graph, "k", kernel), undefined, { stride: 2 }),
  );
  deepEqual(small, [14]); // 1 + 2 + 3 + 2·4
  const large = await run(
    [1, 1, 1, 1],
    [2],
    (graph, x) =>
      ConvTranspose(graph, x, constant(graph, "k", kernel), undefined, {
        stride: 2,
      }),
  );
  deepEqual(large, [2, 4, 6, 8]);
});

Deno.test("Resize() blends linearly with half pixel centres", async () => {
  const found = await run(
    [1, 1, 1, 2],
    [0, 4],
    (graph, x) =>
      Resize(graph, x, { size: { width: 4, height: 1 }, mode: "linear" }),
  );
  deepEqual(found, [0, 1, 3, 4]); // edges clamp
});

Deno.test("Resize() repeats pixels in nearest mode", async () => {
  const found = await run(
    [1, 1, 1, 2],
    [7, 9],
    (graph, x) =>
      Resize(graph, x, { size: { width: 4, height: 2 }, mode: "nearest" }),
  );
  deepEqual(found, [7, 7, 9, 9, 7, 7, 9, 9]);
});

Deno.test("Split(), Concat(), Slice(), PadEnd() and Transpose() move elements", async () => {
  const found = await run([2, 2], [1, 2, 3, 4], (graph, x) => {
    const [left, right] = Split(graph, x, { axis: 1, sizes: [1, 1] });
    const swapped = Concat(graph, [right, left], { axis: 1 }); // 2 1 | 4 3
    const row = Slice(graph, swapped, { axis: 0, start: 1, end: 2 }); // 4 3
    const wide = PadEnd(graph, row, [1, 0]); // 4 3 | 0 0
    return Transpose(graph, wide, [1, 0]);
  });
  deepEqual(found, [4, 0, 3, 0]);
});

Deno.test("ReduceMax(), Softmax() and LayerNormalization() work along their axis", async () => {
  deepEqual(
    await run([2, 2], [1, 5, 7, 3], (graph, x) => ReduceMax(graph, x, [0])),
    [7, 5],
  );
  deepEqual(await run([1, 2], [2, 2], (graph, x) => Softmax(graph, x)), [
    0.5,
    0.5,
  ]);
  const found = await run([1, 2], [1, 3], (graph, x) => {
    const one = constant(graph, "one", {
      dims: [2],
      data: Float32Array.of(1, 1),
    });
    const two = constant(graph, "two", {
      dims: [2],
      data: Float32Array.of(2, 2),
    });
    return LayerNormalization(graph, x, two, one, { epsilon: 0 });
  });
  deepEqual(found, [-1, 3]); // (1 − 2) / 1 · 2 + 1, (3 − 2) / 1 · 2 + 1
});

Deno.test("operators refuse shapes that do not fit, naming both", () => {
  const graph = createGraph("test");
  const a = addInput(graph, "a", [2, 3]);
  const b = addInput(graph, "b", [2, 4]);
  throws(
    () => Add(graph, a, b),
    /Cannot build Add: axis -1 is 3 and 4; given a \[2,3\], b \[2,4\]/,
  );
  throws(() => MatMul(graph, a, b), /inner sizes are 3 and 2/);
  throws(() => Reshape(graph, a, [5]), /wanted \[5\]/);
  throws(() => Split(graph, a, { axis: 1, sizes: [1, 1] }), /into \[1,1\]/);
  throws(() => Transpose(graph, a, [0, 0]), /order \[0,0\]/);
});

Deno.test("constant() stores equal values once and refuses others under one name", () => {
  const graph = createGraph("test");
  const one = { dims: [1], data: Float32Array.of(1) };
  equal(constant(graph, "w", one), constant(graph, "w", { ...one }));
  equal(scalar(graph, 2), scalar(graph, 2));
  const two = { dims: [1], data: Float32Array.of(2) };
  throws(() => constant(graph, "w", two), /two constants named w/);
});

Deno.test("exposeLabels() names what can be exposed", () => {
  const graph = createGraph("test");
  label(graph, "here", addInput(graph, "x", [1]));
  throws(
    () => exposeLabels(graph, ["there"]),
    /no inner tensor there, expected one of here/,
  );
});

Deno.test("countFlops() counts two for each multiplication with its addition", () => {
  const graph = createGraph("test");
  const x = addInput(graph, "x", ["M", 3]);
  const w = constant(graph, "w", { dims: [3, 5], data: new Float32Array(15) });
  MatMul(graph, x, w);
  equal(countFlops(graph, { M: 4 }), 120); // 2 · 4 · 3 · 5
});

Deno.test("encodeModel() moves large constants beside the model", async () => {
  const graph = createGraph("test");
  const x = addInput(graph, "x", [512]);
  const data = Float32Array.from({ length: 512 }, (_, i) => i);
  const w = constant(graph, "w", { dims: [512], data });
  addOutput(graph, "y", Mul(graph, x, w));
  const { externalData } = encodeModel(graph, {
    externalName: "test.onnx.data",
    externalAboveBytes: 1000,
  });
  const length = externalData?.reduce((sum, chunk) => sum + chunk.length, 0);
  equal(length, 2048);

  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu", threads: 1 });
  try {
    writeModel(`${folder}/test.onnx`, graph, { externalAboveBytes: 1000 });
    equal(Deno.statSync(`${folder}/test.onnx.data`).size, 2048);
    const session = await runtime.load(`${folder}/test.onnx`);
    const ones = { dims: [512], data: new Float32Array(512).fill(2) };
    const { y } = await session.run({ x: ones }, ["y"]);
    equal(y.data[511], 1022); // 2 · 511
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
});
