// Convolutions whose weights are values of the graph, so that they can learn.

import type { Graph, Value } from "../../onnx/graph.ts";
import { Conv, ConvTranspose } from "../../onnx/ops/linear.ts";
import { BatchNormalization } from "../../onnx/ops/reduce.ts";
import type { Net } from "../graph/blocks.ts";
import type { BatchNorm } from "../network.ts";

/** Mean and variance that a batch norm normalises by, each `[C]`. */
export type Statistics = { readonly mean: Value; readonly variance: Value };

/**
 * A net over parameters.
 *
 * @param leaves the parameters by name
 * @param statisticsOf gives what a batch norm normalises its input by
 */
export function learningNet(
  graph: Graph,
  leaves: ReadonlyMap<string, Value>,
  statisticsOf: (x: Value, norm: BatchNorm) => Statistics,
): Net {
  const leaf = (name: string) => {
    const value = leaves.get(name);
    if (value) return value;
    throw new RangeError(`The parameters have no ${name}`);
  };
  return {
    graph,
    convolve: (x, { weight, bias, norm, stride, pad, groups }) => {
      const y = Conv(graph, x, leaf(weight), bias ? leaf(bias) : undefined, {
        stride,
        pad,
        groups,
      });
      if (!norm) return y;
      return BatchNormalization(graph, y, {
        scale: leaf(`${norm.name}.weight`),
        shift: leaf(`${norm.name}.bias`),
        ...statisticsOf(y, norm),
        epsilon: norm.epsilon,
      });
    },
    enlarge: (x, { weight, bias }) =>
      ConvTranspose(graph, x, leaf(weight), leaf(bias), { stride: 2 }),
  };
}
