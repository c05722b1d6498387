// One step of training as one graph: forward, assignment, loss, gradients,
// clipping, optimiser, moving average.
//
// Parameters and what belongs to them go in and come out as flat vectors
// (parameters.ts), so that they can stay with the runtime between steps.
// Modules that are frozen have constant, folded weights, and their batch norms
// keep their statistics.

import { known } from "../../onnx/dims.ts";
import { gradients, StopGradient } from "../../onnx/gradients/reverse.ts";
import {
  addInput,
  addOutput,
  createGraph,
  type Graph,
  label,
  scalar,
  type Value,
} from "../../onnx/graph.ts";
import { splitFlat } from "../../onnx/learning/flat_vector.ts";
import { Add, Div, Min, Mul, Sqrt, Sub } from "../../onnx/ops/elementwise.ts";
import { ReduceMean, ReduceSum } from "../../onnx/ops/reduce.ts";
import { Concat, Reshape, Split } from "../../onnx/ops/shape.ts";
import { runNetwork } from "../graph/blocks.ts";
import { foldedNet } from "../graph/detector.ts";
import type { BatchNorm } from "../network.ts";
import type { YoloWeights } from "../weights.ts";
import { learningNet, type Statistics } from "./learning_net.ts";
import type { Gains } from "./loss.ts";
import { addLosses } from "./losses.ts";
import { mix, optimise, type Optimiser } from "./optimise.ts";
import type { ParameterLayout } from "./parameters.ts";

/** How a step is built. */
export type StepShape = {
  readonly batch: number;
  /** Side of the square input, pixels. */
  readonly side: number;
  readonly freeze?: number;
  readonly optimiser: Optimiser;
  readonly gains?: Gains;
  /** Anchors of an image whose masks are learnt, at most; only for segmentation. */
  readonly maskSlots?: number;
  /** Only adds gradients to those that came before, for batches in several parts. */
  readonly isPart?: boolean;
  /** Gradients of earlier parts come in. */
  readonly hasParts?: boolean;
};

/** The vectors that a step takes and gives back, under the same names. */
export const stateNames = [
  "parameters",
  "running",
  "moment1",
  "moment2",
  "averageParameters",
  "averageRunning",
] as const;

/** What the optimiser is told at each step, all `[1]` but the rates. */
export const settingNames = [
  /** Learning rates of weights, scales, offsets: `[3]`. */
  "rates",
  /** β1 of AdamW, the momentum of the others. */
  "momentum",
  /** 1 − β1^t and 1 − β2^t of AdamW. */
  "correction1",
  "correction2",
  "weightDecay",
  /** Share of the old average that stays. */
  "averageShare",
] as const;

const maxGradientNorm = 10;

/** Builds the graph of a step. */
export function buildTrainingStep(
  weights: YoloWeights,
  layout: ParameterLayout,
  shape: StepShape,
): Graph {
  const { batch, side, freeze = 0, gains, maskSlots } = shape;
  const { network } = weights;
  const graph = createGraph(`train ${network.title}`);
  const parameters = addInput(graph, "parameters", [layout.length]);
  const running = addInput(graph, "running", [layout.runningLength]);
  const images = addInput(graph, "images", [batch, 3, side, side]);
  const leaves = splitFlat(graph, parameters, layout.places);
  const statistics = new Map<string, Value>();
  const learning = learningNet(
    graph,
    leaves,
    (x, norm) => batchStatistics(graph, x, norm, statistics),
  );
  const frozen = foldedNet(graph, weights);
  const logits = runNetwork(
    network,
    images,
    (layer) => layer < freeze ? frozen : learning,
  );
  const parts = addLosses(graph, logits, network, {
    batch,
    width: side,
    height: side,
    gains,
    maskSlots,
  });
  const one = (value: Value) => Reshape(graph, value, [1]);
  addOutput(graph, "losses", Concat(graph, parts.map(one), { axis: 0 }));
  const sum = parts.reduce((a, b) => Add(graph, a, b));
  const total = Mul(graph, sum, scalar(graph, batch));

  const found = gradients(graph, total, [...leaves.values()]);
  const own = Concat(
    graph,
    found.map((gradient, i) =>
      Reshape(graph, gradient, [layout.places[i].length])
    ),
    { axis: 0 },
  );
  label(graph, "gradients", own);
  const earlier = shape.hasParts
    ? addInput(graph, "gradients", [layout.length])
    : undefined;
  const whole = earlier ? Add(graph, own, earlier) : own;
  const newRunning = updateRunning(graph, running, layout, statistics);
  addOutput(graph, "new running", newRunning);
  if (shape.isPart) {
    addOutput(graph, "new gradients", whole);
    return graph;
  }
  const norm = lengthOf(graph, whole);
  addOutput(graph, "gradientNorm", one(norm));
  const clipped = Mul(
    graph,
    whole,
    Min(
      graph,
      Div(
        graph,
        scalar(graph, maxGradientNorm),
        Add(graph, norm, scalar(graph, 1e-6)),
      ),
      scalar(graph, 1),
    ),
  );
  const newParameters = optimise(graph, shape.optimiser, {
    parameters,
    gradient: clipped,
    layout,
  });
  addOutput(graph, "new parameters", newParameters);
  average(graph, "Parameters", newParameters);
  average(graph, "Running", newRunning);
  return graph;
}

/**
 * The Euclidean length of a vector. Summed in rows: one sum of millions of
 * float32 loses the fourth digit.
 */
function lengthOf(graph: Graph, vector: Value): Value {
  const length = known(vector.dims[0], "vector");
  const columns = Math.max(1, Math.floor(Math.sqrt(length)));
  const square = Math.floor(length / columns) * columns;
  const squares = Mul(graph, vector, vector);
  const [most, rest] = square === length
    ? [squares]
    : Split(graph, squares, { axis: 0, sizes: [square, length - square] });
  const table = Reshape(graph, most, [square / columns, columns]);
  const sum = ReduceSum(graph, ReduceSum(graph, table, [1]), [0]);
  return Sqrt(
    graph,
    rest ? Add(graph, sum, ReduceSum(graph, rest, [0])) : sum,
  );
}

/** Mean and variance of the batch; what the running statistics get is kept aside. */
function batchStatistics(
  graph: Graph,
  x: Value,
  { name }: BatchNorm,
  statistics: Map<string, Value>,
): Statistics {
  const [b, c, h, w] = x.dims.map((dim) => known(dim, "batch norm"));
  // the rule of the normalisation knows that mean and variance move with x
  const still = StopGradient(graph, x);
  const mean = ReduceMean(graph, still, [0, 2, 3]);
  const centred = Sub(graph, still, Reshape(graph, mean, [1, c, 1, 1]));
  const variance = ReduceMean(graph, Mul(graph, centred, centred), [0, 2, 3]);
  const count = b * h * w;
  statistics.set(`${name}.running_mean`, mean);
  statistics.set(
    `${name}.running_var`,
    Mul(graph, variance, scalar(graph, count / Math.max(count - 1, 1))),
  );
  return { mean, variance };
}

const runningShare = 0.03; // of the new batch; the momentum of all official batch norms

function updateRunning(
  graph: Graph,
  running: Value,
  { running: places }: ParameterLayout,
  statistics: ReadonlyMap<string, Value>,
): Value {
  const found = places.map(({ name }) => {
    const value = statistics.get(name);
    if (value) return value;
    throw new RangeError(`The batch norms have no ${name}`);
  });
  const batch = Concat(graph, found, { axis: 0 });
  return mix(graph, running, batch, scalar(graph, 1 - runningShare));
}

function average(graph: Graph, what: "Parameters" | "Running", now: Value) {
  const old = addInput(graph, `average${what}`, now.dims);
  const share = graph.inputs.find(({ name }) => name === "averageShare") ??
    addInput(graph, "averageShare", [1]);
  addOutput(graph, `new average${what}`, mix(graph, old, now, share));
}
