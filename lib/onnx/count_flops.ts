// How much arithmetic a graph is: the products of MatMul and convolutions.
//
// Everything else (norms, softmax, activations) is small beside them. One
// multiplication with its addition counts as two.

import { sizeOf } from "../base/tensor.ts";
import type { Dim, Graph, Node } from "./graph.ts";

/**
 * Counts the floating point operations of one run.
 *
 * @param sizes what the named dimensions are in that run
 */
export function countFlops(
  graph: Graph,
  sizes: Readonly<Record<string, number>> = {},
): number {
  const dimsOf = (name: string): readonly number[] => {
    const value = graph.initialisers.get(name) ?? graph.values.get(name) ??
      graph.inputs.find((input) => input.name === name);
    return (value?.dims ?? []).map((dim) => resolveDim(dim, sizes));
  };
  return graph.nodes.reduce((sum, node) => sum + flopsOf(node, dimsOf), 0);
}

/** A sum of names and numbers, such as `M+P` or `6+P`. */
function resolveDim(
  dim: Dim,
  sizes: Readonly<Record<string, number>>,
): number {
  if (typeof dim === "number") return dim;
  return dim.split("+").reduce((sum, term) => {
    const size = sizes[term] ?? Number(term);
    if (Number.isNaN(size)) {
      throw new RangeError(`Cannot count: dimension ${term} was not given`);
    }
    return sum + size;
  }, 0);
}

function flopsOf(
  { op, inputs, outputs }: Node,
  dimsOf: (name: string) => readonly number[],
): number {
  const out = sizeOf(dimsOf(outputs[0]));
  switch (op) {
    case "MatMul":
    case "MatMulIntegerToFloat":
    case "DynamicQuantizeMatMul":
      return 2 * out * dimsOf(inputs[0]).at(-1)!;
    case "Conv":
      return 2 * out * sizeOf(dimsOf(inputs[1]).slice(1));
    case "ConvTranspose":
      return 2 * sizeOf(dimsOf(inputs[0])) * sizeOf(dimsOf(inputs[1]).slice(1));
    default:
      return 0;
  }
}
