import { ok, throws } from "node:assert/strict";
import { openRuntime, type Runtime } from "medannotate";
import { sizeOf } from "../../lib/base/tensor.ts";
import { seededRandom } from "../../lib/base/random.ts";
import { gradients, StopGradient } from "../../lib/onnx/gradients/reverse.ts";
import {
  addInput,
  addOutput,
  constant,
  createGraph,
  type Graph,
  scalar,
  type Value,
  wholeNumbers,
} from "../../lib/onnx/graph.ts";
import * as elementwise from "../../lib/onnx/ops/elementwise.ts";
import { Conv, ConvTranspose, MatMul } from "../../lib/onnx/ops/linear.ts";
import { MaxPool } from "../../lib/onnx/ops/pool.ts";
import {
  BatchNormalization,
  LayerNormalization,
  LogSoftmax,
  ReduceMax,
  ReduceMean,
  ReduceSum,
  Softmax,
} from "../../lib/onnx/ops/reduce.ts";
import { Resize } from "../../lib/onnx/ops/resize.ts";
import {
  Concat,
  Expand,
  Gather,
  Pad,
  Reshape,
  Slice,
  Split,
  Transpose,
} from "../../lib/onnx/ops/shape.ts";
import { graphRunner } from "../../lib/work/parity/run_graph.ts";

const {
  Add,
  Atan,
  Cast,
  Cos,
  Div,
  Exp,
  Gelu,
  Greater,
  Log,
  Max,
  Min,
  Mul,
  Neg,
  Relu,
  Sigmoid,
  Silu,
  Sin,
  Softplus,
  Sqrt,
  Sub,
  Where,
} = elementwise;

/** A function of values with the shapes that it is tried on. */
type Case = {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly build: (graph: Graph, ...inputs: Value[]) => Value;
  /** Where the inputs lie; default −1 to 1. */
  readonly from?: number;
  readonly to?: number;
};

const image = [2, 4, 6, 6];
const flat = image;
const unary = (
  name: string,
  op: (graph: Graph, x: Value) => Value,
  range: Pick<Case, "from" | "to"> = {},
): Case => ({ name, shapes: [[3, 5]], build: op, ...range });

const cases: readonly Case[] = [
  unary("Exp", Exp),
  unary("Log", Log, { from: 0.5, to: 2 }),
  unary("Sqrt", Sqrt, { from: 0.5, to: 2 }),
  unary("Atan", Atan),
  unary("Sin", Sin),
  unary("Cos", Cos),
  unary("Neg", Neg),
  unary("Sigmoid", Sigmoid),
  unary("Silu", Silu, { from: -3, to: 3 }),
  unary("Softplus", Softplus, { from: -3, to: 3 }),
  unary("Gelu", Gelu, { from: -3, to: 3 }),
  unary("Relu, away from 0", Relu, { from: 0.2, to: 2 }),
  unary("Softmax", (graph, x) => Softmax(graph, x)),
  unary(
    "Softmax along the first axis",
    (graph, x) => Softmax(graph, x, { axis: 0 }),
  ),
  unary("LogSoftmax", (graph, x) => LogSoftmax(graph, x)),
  unary("ReduceSum", (graph, x) => ReduceSum(graph, x, [0])),
  unary("ReduceMean", (graph, x) => ReduceMean(graph, x, [1])),
  unary("Transpose", (graph, x) => Transpose(graph, x, [1, 0])),
  unary("Reshape", (graph, x) => Reshape(graph, x, [5, 3])),
  unary("Slice", (graph, x) => Slice(graph, x, { axis: 1, start: 1, end: 3 })),
  unary(
    "Split, of which one part is used",
    (graph, x) => Split(graph, x, { axis: 1, sizes: [2, 2, 1] })[1],
  ),
  unary("a value used twice", (graph, x) => Mul(graph, x, Exp(graph, x))),
  ...(["Add", "Sub", "Mul", "Div", "Max", "Min"] as const).map((
    name,
  ): Case => ({
    name: `${name}, broadcast`,
    shapes: [[2, 3, 4], [3, 1]],
    build: (graph, a, b) =>
      ({ Add, Sub, Mul, Div, Max, Min })[name](
        graph,
        a,
        // a divisor is never 0; of Max and Min both sides win somewhere
        Add(graph, b, scalar(graph, name.startsWith("M") ? 0.05 : 2)),
      ),
  })),
  {
    name: "Where",
    shapes: [[4, 3], [4, 3]],
    build: (graph, a, b) =>
      Where(
        graph,
        Greater(graph, StopGradient(graph, a), scalar(graph, 0)),
        a,
        b,
      ),
  },
  {
    name: "Concat",
    shapes: [[2, 3], [2, 2]],
    build: (graph, a, b) => Concat(graph, [a, b], { axis: 1 }),
  },
  {
    name: "MatMul, broadcast over the batch",
    shapes: [[2, 3, 4], [4, 5]],
    build: (graph, a, b) => MatMul(graph, a, b),
  },
  ...[
    { name: "Conv 3", weight: [5, 4, 3, 3], options: { pad: 1 } },
    {
      name: "Conv 3 with stride 2",
      weight: [5, 4, 3, 3],
      options: { pad: 1, stride: 2 },
    },
    {
      name: "Conv 3 on a tall map",
      image: [2, 4, 24, 6],
      weight: [5, 4, 3, 3],
      options: { pad: 1 },
    },
    { name: "Conv 1", weight: [5, 4, 1, 1], options: {} },
    {
      name: "Conv, depthwise",
      weight: [4, 1, 3, 3],
      options: { pad: 1, groups: 4 },
    },
  ].map(({ name, weight, options, image = flat }): Case => ({
    name,
    shapes: [image, weight, [weight[0]]],
    build: (graph, x, w, b) => Conv(graph, x, w, b, options),
  })),
  {
    name: "ConvTranspose 2 with stride 2",
    shapes: [image, [4, 3, 2, 2], [3]],
    build: (graph, x, w, b) => ConvTranspose(graph, x, w, b, { stride: 2 }),
  },
  {
    name: "Resize by nearest",
    shapes: [image],
    build: (graph, x) =>
      Resize(graph, x, { size: { width: 12, height: 12 }, mode: "nearest" }),
  },
  {
    name: "Resize by linear interpolation",
    shapes: [image],
    build: (graph, x) =>
      Resize(graph, x, { size: { width: 24, height: 12 }, mode: "linear" }),
  },
  {
    name: "ReduceMax",
    shapes: [[4, 2, 5]],
    build: (graph, x) => ReduceMax(graph, x, [1]),
  },
  {
    name: "Pad at both ends",
    shapes: [[2, 3, 4]],
    build: (graph, x) => Pad(graph, x, { before: [0, 2, 1], after: [1, 0, 3] }),
  },
  {
    name: "Expand",
    shapes: [[1, 3, 1]],
    build: (graph, x) =>
      Expand(graph, x, wholeNumbers(graph, [4, 3, 2]), [4, 3, 2]),
  },
  {
    name: "Gather, one row twice and one never",
    shapes: [[4, 3], [2, 2]],
    build: (graph, table, x) => {
      const rows = Cast(
        graph,
        constant(graph, "rows", {
          dims: [2, 2],
          data: Float32Array.of(0, 2, 2, 3),
        }),
        "int32",
      );
      const column = Reshape(graph, x, [2, 2, 1]);
      return Mul(graph, Gather(graph, table, rows), column);
    },
  },
  {
    name: "MatMul of an image's rows with one matrix",
    shapes: [[2, 3, 4, 5], [5, 6]],
    build: (graph, a, b) => MatMul(graph, a, b),
  },
  {
    name: "BatchNormalization by the batch",
    shapes: [image, [4], [4]],
    build: (graph, x, scale, shift) => {
      const still = StopGradient(graph, x);
      const mean = ReduceMean(graph, still, [0, 2, 3]);
      const centred = Sub(graph, still, Reshape(graph, mean, [1, 4, 1, 1]));
      const variance = ReduceMean(
        graph,
        Mul(graph, centred, centred),
        [0, 2, 3],
      );
      return BatchNormalization(graph, x, {
        scale,
        shift,
        mean,
        variance,
        epsilon: 1e-3,
      });
    },
  },
  {
    name: "LayerNormalization",
    shapes: [[4, 8], [8], [8]],
    build: (graph, x, scale, shift) =>
      LayerNormalization(graph, x, scale, shift, { epsilon: 1e-5 }),
  },
];

/**
 * Compares a rule with central differences of the weighted sum of all outputs.
 * In float32 a difference over 2 · 0.01 of sums near 10 is good to about
 * 10 · 6e-8 / 0.02 = 3e-5, its curvature to 0.01² = 1e-4 of the third derivative.
 */
async function requireRule(
  { name, shapes, build, from = -1, to = 1 }: Case,
  runtime: Runtime,
) {
  const folder = await Deno.makeTempDir();
  try {
    const run = graphRunner(runtime, folder);
    const random = seededRandom(7);
    const graph = createGraph(name);
    const inputs = shapes.map((dims, i) => addInput(graph, `in${i}`, dims));
    const y = build(graph, ...inputs);
    const dims = y.dims.map(Number);
    const weights = Float32Array.from(
      { length: sizeOf(dims) },
      () => random() * 2 - 1,
    );
    const weighted = Mul(
      graph,
      y,
      constant(graph, "weights", { dims, data: weights }),
    );
    const sum = ReduceSum(graph, weighted, dims.map((_, i) => i));
    addOutput(graph, "y", y);
    const found = gradients(graph, sum, inputs);
    found.forEach((gradient, i) => addOutput(graph, `gradient${i}`, gradient));

    const feeds = Object.fromEntries(shapes.map((dims, i) => [`in${i}`, {
      dims,
      data: Float32Array.from(
        { length: sizeOf(dims) },
        () => from + random() * (to - from),
      ),
    }]));
    const plain = createGraph("plain");
    const plainInputs = shapes.map((dims, i) =>
      addInput(plain, `in${i}`, dims)
    );
    addOutput(plain, "y", build(plain, ...plainInputs));
    const valueAt = async (at: number, index: number, by: number) => {
      const { dims, data } = feeds[`in${at}`];
      const moved = data.slice();
      moved[index] += by;
      const changed = { ...feeds, [`in${at}`]: { dims, data: moved } };
      const { y } = await run(plain, changed);
      return y.data.reduce((sum, value, i) => sum + value * weights[i], 0);
    };
    const out = await run(graph, feeds);
    for (const [at] of shapes.entries()) {
      const own = out[`gradient${at}`].data;
      const size = Math.sqrt(own.reduce((s, x) => s + x * x, 0) / own.length);
      for (let i = 0; i < 4; i++) {
        const index = Math.floor(random() * own.length);
        const step = 0.01;
        const up = await valueAt(at, index, step);
        const down = await valueAt(at, index, -step);
        const wanted = (up - down) / (2 * step);
        const error = Math.abs(own[index] - wanted) / (Math.abs(wanted) + size);
        ok(
          error < 3e-3,
          `${name}, input ${at}, element ${index}: ${
            own[index]
          }, differences say ${wanted}`,
        );
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("gradients() agrees with finite differences for every operator that has a rule", async (t) => {
  const runtime = await openRuntime({ device: "cpu", threads: 1 });
  try {
    for (const one of cases) {
      await t.step(one.name, () => requireRule(one, runtime));
    }
  } finally {
    runtime.close();
  }
});

Deno.test("gradients() of MaxPool goes to the largest, equal ones share", async () => {
  const runtime = await openRuntime({ device: "cpu", threads: 1 });
  const folder = await Deno.makeTempDir();
  try {
    const graph = createGraph("pool");
    const x = addInput(graph, "x", [1, 1, 1, 4]);
    const y = MaxPool(graph, x, { kernel: 3, pad: 1 });
    const sum = ReduceSum(graph, y, [0, 1, 2, 3]);
    addOutput(graph, "gradient", gradients(graph, sum, [x])[0]);
    const data = Float32Array.of(1, 5, 5, 2);
    const { gradient } = await graphRunner(runtime, folder)(graph, {
      x: { dims: [1, 1, 1, 4], data },
    });
    // windows [1 5], [1 5 5], [5 5 2], [5 2]: 1, a half each, a half each, 1
    ok([...gradient.data].join() === "0,2,2,0", [...gradient.data].join());
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("gradients() names an operator without a rule, and a value that is not reached", () => {
  const graph = createGraph("wrong");
  const x = addInput(graph, "x", [3]);
  const rounded = elementwise.Erf(graph, x);
  const sum = ReduceSum(graph, rounded, [0]);
  throws(() => gradients(graph, sum, [x]), /operator Erf: it has no rule/);
  const other = addInput(graph, "other", [3]);
  throws(
    () => gradients(graph, ReduceSum(graph, x, [0]), [other]),
    /does not depend on other/,
  );
  const stopped = ReduceSum(graph, StopGradient(graph, x), [0]);
  throws(() => gradients(graph, stopped, [x]), /does not depend on x/);
});
