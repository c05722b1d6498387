// Gradients of sums, means, softmax and layer normalisation.

import { sizeOf } from "../../base/tensor.ts";
import { known } from "../dims.ts";
import { type Graph, scalar, type Value, wholeNumbers } from "../graph.ts";
import {
  Add,
  Cast,
  Div,
  Equal,
  Exp,
  Mul,
  Sqrt,
  Sub,
} from "../ops/elementwise.ts";
import { ReduceMean, ReduceSum } from "../ops/reduce.ts";
import { Expand, Reshape } from "../ops/shape.ts";
import {
  attributeOf,
  gradientOf,
  type Rule,
  sumTo,
  wholeNumbersOf,
} from "./rule.ts";

/** Puts the reduced axes back with size 1 and repeats the gradient along them. */
function spread(
  graph: Graph,
  dy: Value,
  x: Value,
  axes: readonly number[],
  factor: number,
): Value {
  const scaled = factor === 1 ? dy : Mul(graph, dy, scalar(graph, factor));
  const kept = x.dims.map((dim, i) => axes.includes(i) ? 1 : dim);
  const shape = wholeNumbers(graph, x.dims.map((dim) => known(dim, "sum")));
  return Expand(graph, Reshape(graph, scaled, kept), shape, x.dims);
}

const reduceSum: Rule = (input) => {
  const { graph, inputs: [x, axes] } = input;
  const along = wholeNumbersOf(graph, axes);
  return [spread(graph, gradientOf(input), x, along, 1)];
};

const reduceMean: Rule = (input) => {
  const { graph, inputs: [x, axes] } = input;
  const along = wholeNumbersOf(graph, axes);
  const count = sizeOf(along.map((axis) => known(x.dims[axis], "mean")));
  return [spread(graph, gradientOf(input), x, along, 1 / count)];
};

/** To the largest; equal ones share. */
const reduceMax: Rule = (input) => {
  const { graph, inputs: [x, axes], outputs: [y] } = input;
  const along = wholeNumbersOf(graph, axes);
  const kept = x.dims.map((dim, i) => along.includes(i) ? 1 : dim);
  const largest = Reshape(graph, y, kept);
  const isLargest = Cast(graph, Equal(graph, x, largest), "float32");
  const ties = Reshape(graph, ReduceSum(graph, isLargest, along), kept);
  const share = Div(graph, Reshape(graph, gradientOf(input), kept), ties);
  return [Mul(graph, isLargest, share)];
};

/** The sum along one axis, which stays with size 1. */
function sumAlong(graph: Graph, x: Value, axis: number): Value {
  return Reshape(graph, ReduceSum(graph, x, [axis]), x.dims.with(axis, 1));
}

/** y · (dy − Σ dy · y) */
const softmax: Rule = (input) => {
  const { graph, node, outputs: [y] } = input;
  const dy = gradientOf(input);
  const [axis] = attributeOf(node, "axis");
  const product = Mul(graph, dy, y);
  const sum = sumAlong(graph, product, axis);
  return [Sub(graph, product, Mul(graph, y, sum))];
};

/** dy − softmax · Σ dy */
const logSoftmax: Rule = (input) => {
  const { graph, node, outputs: [y] } = input;
  const dy = gradientOf(input);
  const [axis] = attributeOf(node, "axis");
  const sum = sumAlong(graph, dy, axis);
  return [Sub(graph, dy, Mul(graph, Exp(graph, y), sum))];
};

/** Over the last axis: (g − mean(g) − x̂ · mean(g · x̂)) / σ, g = dy · scale. */
const layerNormalization: Rule = (input) => {
  const { graph, node, inputs: [x, scale, shift], needs } = input;
  const dy = gradientOf(input);
  const epsilon = node.attributes.epsilon;
  if (epsilon?.kind !== "float") throw new RangeError("No epsilon");
  const last = x.dims.length - 1;
  const meanOf = (value: Value) =>
    Reshape(graph, ReduceMean(graph, value, [last]), x.dims.with(last, 1));
  const centred = Sub(graph, x, meanOf(x));
  const variance = meanOf(Mul(graph, centred, centred));
  const deviation = Sqrt(
    graph,
    Add(graph, variance, scalar(graph, epsilon.value)),
  );
  const normal = Div(graph, centred, deviation);
  const g = Mul(graph, dy, scale);
  const along = Mul(graph, normal, meanOf(Mul(graph, g, normal)));
  const dx = Div(graph, Sub(graph, Sub(graph, g, meanOf(g)), along), deviation);
  return [
    needs(0) ? dx : undefined,
    needs(1) ? sumTo(graph, Mul(graph, dy, normal), scale.dims) : undefined,
    needs(2) ? sumTo(graph, dy, shift.dims) : undefined,
  ];
};

export const reduceRules: Readonly<Record<string, Rule>> = {
  ReduceSum: reduceSum,
  ReduceMean: reduceMean,
  ReduceMax: reduceMax,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  LayerNormalization: layerNormalization,
};
