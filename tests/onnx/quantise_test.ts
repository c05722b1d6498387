import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { seededRandom } from "../../lib/base/random.ts";
import {
  addInput,
  addOutput,
  constant,
  createGraph,
  type Graph,
  scalar,
  type Value,
} from "../../lib/onnx/graph.ts";
import { encodeModel, joinChunks } from "../../lib/onnx/model_file.ts";
import { Cast, Mul } from "../../lib/onnx/ops/elementwise.ts";
import {
  DynamicQuantizeMatMul,
  MatMulIntegerToFloat,
  QuantizeLinear,
} from "../../lib/onnx/ops/quantise.ts";
import { writeModel } from "../../lib/onnx/write_model.ts";
import { openRuntime } from "../../lib/runtime/runtime.ts";
import { inFolder } from "../media/temporary_folder.ts";

/** Builds y from x, runs it on the CPU and gives y. */
async function run(
  folder: string,
  { dims, data }: { dims: readonly number[]; data: Float32Array },
  build: (graph: Graph, x: Value) => Value,
): Promise<readonly number[]> {
  const graph = createGraph("test");
  addOutput(graph, "y", build(graph, addInput(graph, "x", dims)));
  const runtime = await openRuntime({ device: "cpu", threads: 1 });
  try {
    const path = `${folder}/${crypto.randomUUID()}.onnx`;
    writeModel(path, graph);
    const session = await runtime.load(path);
    const { y } = await session.run({ x: { dims, data } }, ["y"]);
    await session.release();
    return [...y.data];
  } finally {
    runtime.close();
  }
}

const floats = (graph: Graph, name: string, ...values: readonly number[]) =>
  constant(graph, name, {
    dims: [values.length],
    data: Float32Array.from(values),
  });

Deno.test(
  "QuantizeLinear() rounds each row by its own scale, to even, and clips",
  inFolder(async (folder) => {
    const x = { dims: [2, 3], data: Float32Array.of(1, 2.5, -200, 10, 25, 35) };
    const found = await run(folder, x, (graph, x) => {
      const scales = floats(graph, "scales", 1, 10);
      const whole = QuantizeLinear(graph, x, scales, { axis: 0 });
      equal(whole.type, "int8");
      return Cast(graph, whole, "float32");
    });
    deepEqual(found, [1, 2, -128, 1, 2, 4]); // 2.5 -> 2, −200 clips, 3.5 -> 4
  }),
);

Deno.test(
  "MatMulIntegerToFloat() multiplies unsigned rows by signed columns and scales both",
  inFolder(async (folder) => {
    const x = { dims: [1, 2], data: Float32Array.of(2, -4) };
    const found = await run(folder, x, (graph, x) => {
      const zeroPoints = constant(graph, "zero points", {
        dims: [1],
        data: Uint8Array.of(128),
      });
      const scales = floats(graph, "row scales", 2);
      const values = QuantizeLinear(graph, x, scales, { axis: 0, zeroPoints }); // 129 126
      const zeroPoint = constant(graph, "zero point", {
        dims: [],
        data: Uint8Array.of(128),
      });
      const a = { values, scale: scalar(graph, 2), zeroPoint };
      const b = constant(graph, "b", {
        dims: [2, 2],
        data: Int8Array.of(3, 0, 1, -5),
      });
      return MatMulIntegerToFloat(graph, a, b, floats(graph, "s", 1, 0.5));
    });
    deepEqual(found, [2, 10]); // (1·3 − 2·1)·2·1, (1·0 + 2·5)·2·0.5
  }),
);

Deno.test(
  "DynamicQuantizeMatMul() finds the range of the rows and adds a bias",
  inFolder(async (folder) => {
    const x = { dims: [1, 2], data: Float32Array.of(255, 17) }; // a step is 1
    const found = await run(folder, x, (graph, x) => {
      const b = constant(graph, "b", {
        dims: [2, 1],
        data: Int8Array.of(2, -3),
      });
      return DynamicQuantizeMatMul(graph, x, b, {
        columnScales: floats(graph, "scales", 0.5),
        bias: floats(graph, "bias", 100),
      });
    });
    deepEqual(found, [329.5]); // (255·2 − 17·3)·0.5 + 100
  }),
);

Deno.test(
  "DynamicQuantizeMatMul() is off by no more than half a step of each factor",
  inFolder(async (folder) => {
    const [m, k, n] = [8, 64, 5];
    const random = seededRandom(1);
    const data = new Float32Array(m * k).map(() => random() * 2 - 1);
    const b = new Int8Array(k * n).map(() => Math.floor(random() * 127) - 63);
    const found = await run(
      folder,
      { dims: [m, k], data },
      (graph, x) =>
        DynamicQuantizeMatMul(
          graph,
          x,
          constant(graph, "b", { dims: [k, n], data: b }),
          { columnScales: floats(graph, "scales", 1, 1, 1, 1, 1) },
        ),
    );
    const step = (Math.max(...data) - Math.min(...data)) / 255;
    for (let i = 0; i < m * n; i++) {
      let exact = 0;
      let bound = 1e-3; // of float32
      for (let j = 0; j < k; j++) {
        const factor = b[j * n + i % n];
        exact += data[Math.floor(i / n) * k + j] * factor;
        bound += Math.abs(factor) * step; // half a step, and half of the zero point
      }
      ok(Math.abs(found[i] - exact) <= bound, `${found[i]} for ${exact}`);
    }
  }),
);

Deno.test("operators on 8 bits refuse shapes that do not fit", () => {
  const graph = createGraph("test");
  const x = addInput(graph, "x", [2, 3]);
  const b = constant(graph, "b", { dims: [4, 1], data: new Int8Array(4) });
  throws(
    () => QuantizeLinear(graph, x, floats(graph, "s", 1), { axis: 0 }),
    /Cannot build QuantizeLinear: scales of axis 0; given x \[2,3\], s \[1\]/,
  );
  throws(
    () =>
      DynamicQuantizeMatMul(graph, x, b, {
        columnScales: floats(graph, "s", 1),
      }),
    /Cannot build DynamicQuantizeMatMul: inner sizes or scales/,
  );
});

Deno.test("encodeModel() imports the operators of ONNX Runtime only where one is used", () => {
  const textOf = (graph: Graph) =>
    new TextDecoder("latin1").decode(
      joinChunks(encodeModel(graph, { externalName: "test.data" }).model),
    );
  const graph = createGraph("test");
  const x = addInput(graph, "x", [2, 4]);
  addOutput(graph, "y", Mul(graph, x, scalar(graph, 2)));
  equal(textOf(graph).includes("com.microsoft"), false);
  const b = constant(graph, "b", { dims: [4, 1], data: new Int8Array(4) });
  const columnScales = floats(graph, "s", 1);
  addOutput(graph, "z", DynamicQuantizeMatMul(graph, x, b, { columnScales }));
  equal(textOf(graph).split("com.microsoft").length, 3); // of the node and of the model
});
