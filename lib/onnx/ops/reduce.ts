// Operators that work along an axis: reductions, softmax, normalisation.

import { axisOf, shapeError } from "../dims.ts";
import { addNode, type Graph, type Value, wholeNumbers } from "../graph.ts";

function reduce(graph: Graph, op: string, x: Value, axes: readonly number[]) {
  const fronts = axes.map((axis) => axisOf(x, axis));
  const dims = x.dims.filter((_, i) => !fronts.includes(i));
  return addNode(graph, op, [x, wholeNumbers(graph, fronts)], { dims }, {
    keepdims: { kind: "int", value: 0 },
  });
}

/** The largest element along the axes, which disappear. */
export function ReduceMax(graph: Graph, x: Value, axes: readonly number[]) {
  return reduce(graph, "ReduceMax", x, axes);
}

/** The sum along the axes, which disappear. */
export function ReduceSum(graph: Graph, x: Value, axes: readonly number[]) {
  return reduce(graph, "ReduceSum", x, axes);
}

/** The mean along the axes, which disappear. */
export function ReduceMean(graph: Graph, x: Value, axes: readonly number[]) {
  return reduce(graph, "ReduceMean", x, axes);
}

/** log(softmax(x)) along an axis. */
export function LogSoftmax(
  graph: Graph,
  x: Value,
  { axis = -1 }: { readonly axis?: number } = {},
): Value {
  return addNode(graph, "LogSoftmax", [x], { dims: x.dims }, {
    axis: { kind: "int", value: axisOf(x, axis) },
  });
}

/** x `[B, C, …]` · scale / √(variance + ε) + shift, each of the four `[C]`. */
export function BatchNormalization(
  graph: Graph,
  x: Value,
  { scale, shift, mean, variance, epsilon }: {
    readonly scale: Value;
    readonly shift: Value;
    readonly mean: Value;
    readonly variance: Value;
    readonly epsilon: number;
  },
): Value {
  const inputs = [x, scale, shift, mean, variance];
  for (const value of inputs.slice(1)) {
    if (value.dims.length === 1 && value.dims[0] === x.dims[1]) continue;
    throw shapeError("BatchNormalization", "channels", x, value);
  }
  return addNode(graph, "BatchNormalization", inputs, { dims: x.dims }, {
    epsilon: { kind: "float", value: epsilon },
  });
}

/** e^x over its sum along an axis. */
export function Softmax(
  graph: Graph,
  x: Value,
  { axis = -1 }: { readonly axis?: number } = {},
): Value {
  return addNode(graph, "Softmax", [x], { dims: x.dims }, {
    axis: { kind: "int", value: axisOf(x, axis) },
  });
}

/** Normalises over the last axis, then scales and shifts. */
export function LayerNormalization(
  graph: Graph,
  x: Value,
  scale: Value,
  shift: Value,
  { epsilon }: { readonly epsilon: number },
): Value {
  const last = x.dims.at(-1);
  if (scale.dims[0] !== last || shift.dims[0] !== last) {
    throw shapeError("LayerNormalization", "last axis", x, scale, shift);
  }
  const inputs = [x, scale, shift];
  return addNode(graph, "LayerNormalization", inputs, { dims: x.dims }, {
    axis: { kind: "int", value: -1 },
    epsilon: { kind: "float", value: epsilon },
  });
}
