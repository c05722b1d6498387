// Layers that all SAM 2 graphs share: linear maps, norms, small perceptrons.
//
// A layer is named as in the checkpoint. Linear weights are stored transposed,
// so that a layer is one MatMul and one Add.

import type { Graph, Value } from "../../onnx/graph.ts";
import { Add, Gelu, Relu } from "../../onnx/ops/elementwise.ts";
import { Conv, type ConvOptions, MatMul } from "../../onnx/ops/linear.ts";
import { LayerNormalization } from "../../onnx/ops/reduce.ts";
import { Reshape, Transpose } from "../../onnx/ops/shape.ts";
import type { Sam2Config } from "../config.ts";
import {
  concatRows,
  dimsOf,
  isConstant,
  transposed,
  valueOf,
  type Weight,
} from "./fold.ts";
import { quantisedLinear } from "./quantised.ts";

/** How linear maps multiply; int8 rounds weights and activations (quantised.ts). */
export type Precision = "float32" | "int8";

/** What a network takes: the weights of a checkpoint, or values that learn. */
export type NetWeights = {
  readonly config: Sam2Config;
  read(name: string): Weight;
};

/** A graph under construction together with the weights it takes. */
export type Net = {
  readonly graph: Graph;
  readonly weights: NetWeights;
  /** Default float32. */
  readonly precision?: Precision;
};

/** A weight as a value of the graph, a constant under its own name. */
export function weight({ graph, weights }: Net, name: string): Value {
  return graph.initialisers.get(name) ??
    valueOf(graph, name, weights.read(name));
}

/** A linear map whose weight and bias were rearranged before. */
export function foldedLinear(
  net: Net,
  name: string,
  x: Value,
  { matrix, bias }: {
    /** `[from, to]` */
    readonly matrix: Weight;
    readonly bias: Weight;
  },
): Value {
  const { graph, precision } = net;
  if (precision === "int8" && isConstant(matrix) && isConstant(bias)) {
    return quantisedLinear(graph, name, x, { matrix, bias });
  }
  const product = foldedProduct(net, name, x, matrix);
  return Add(graph, product, valueOf(graph, `${name}.offset`, bias));
}

/** As foldedLinear without a bias. */
export function foldedProduct(
  { graph, precision }: Net,
  name: string,
  x: Value,
  matrix: Weight,
): Value {
  return precision === "int8" && isConstant(matrix)
    ? quantisedLinear(graph, name, x, { matrix })
    : MatMul(graph, x, valueOf(graph, `${name}.matrix`, matrix));
}

/** `x · weightᵀ + bias` over the last axis. */
export function linear(net: Net, name: string, x: Value): Value {
  return foldedLinear(net, name, x, {
    matrix: transposed(net.graph, net.weights.read(`${name}.weight`)),
    bias: net.weights.read(`${name}.bias`),
  });
}

/** A convolution of the checkpoint. */
export function conv(
  net: Net,
  name: string,
  x: Value,
  options: ConvOptions = {},
): Value {
  const kernel = weight(net, `${name}.weight`);
  return Conv(net.graph, x, kernel, weight(net, `${name}.bias`), options);
}

/** Layer normalisation over the last axis. */
export function layerNorm(
  net: Net,
  name: string,
  x: Value,
  { epsilon }: { readonly epsilon: number },
): Value {
  const scale = weight(net, `${name}.weight`);
  const shift = weight(net, `${name}.bias`);
  return LayerNormalization(net.graph, x, scale, shift, { epsilon });
}

/** LayerNorm2d: normalises the channels of every pixel of `[B, C, h, w]`. */
export function layerNorm2d(net: Net, name: string, x: Value): Value {
  const { graph } = net;
  const last = Transpose(graph, x, [0, 2, 3, 1]); // [B, C, h, w] -> [B, h, w, C]
  const normed = layerNorm(net, name, last, { epsilon: 1e-6 });
  return Transpose(graph, normed, [0, 3, 1, 2]);
}

/** The perceptron of the decoder heads: three layers, ReLU between them. */
export function perceptron(net: Net, name: string, x: Value): Value {
  const first = Relu(net.graph, linear(net, `${name}.layers.0`, x));
  const second = Relu(net.graph, linear(net, `${name}.layers.1`, first));
  return linear(net, `${name}.layers.2`, second);
}

/** Several perceptrons of the same sizes, one for each row of x `[B, n, C]`, as batched products. */
export function perceptrons(
  net: Net,
  names: readonly string[],
  x: Value,
): Value {
  const { graph } = net;
  const [b, n, c] = x.dims;
  let rows = Reshape(graph, x, [b, n, 1, c]);
  [0, 1, 2].forEach((layer) => {
    const of = (part: string) =>
      names.map((name) => net.weights.read(`${name}.layers.${layer}.${part}`));
    const matrices = of("weight").map((part) => transposed(graph, part));
    const name = `${names[0]}.all.layers.${layer}`;
    const matrix = concatRows(graph, matrices, [
      n as number,
      ...dimsOf(matrices[0]),
    ]);
    const biases = of("bias");
    const bias = concatRows(graph, biases, [
      n as number,
      1,
      ...dimsOf(biases[0]),
    ]);
    rows = foldedLinear(net, name, rows, { matrix, bias });
    if (layer < 2) rows = Relu(graph, rows);
  });
  return Reshape(graph, rows, [b, n, rows.dims[3]]);
}

/** Two linear layers with an exact GELU or a ReLU between them. */
export function feedForward(
  net: Net,
  [first, second]: readonly [string, string],
  x: Value,
  activation: "gelu" | "relu",
): Value {
  const wide = linear(net, first, x);
  const active = activation === "gelu"
    ? Gelu(net.graph, wide)
    : Relu(net.graph, wide);
  return linear(net, second, active);
}

/** An image as tokens: `[B, C, h, w]` -> `[B, N, C]`. */
export function toTokens(graph: Graph, x: Value): Value {
  const [b, c, h, w] = x.dims;
  const planes = Reshape(graph, x, [b, c, Number(h) * Number(w)]);
  return Transpose(graph, planes, [0, 2, 1]);
}
