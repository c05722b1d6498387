// What a gradient rule is given, and what all rules share.

import { sizeOf } from "../../base/tensor.ts";
import { known } from "../dims.ts";
import {
  constant,
  type Dim,
  type Graph,
  type Node,
  type Value,
} from "../graph.ts";
import { ReduceSum } from "../ops/reduce.ts";
import { Reshape } from "../ops/shape.ts";

/** A node of the forward graph, and the gradients that have arrived at its outputs. */
export type RuleInput = {
  readonly graph: Graph;
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Of the outputs; undefined where nothing depends on one. */
  readonly gradients: readonly (Value | undefined)[];
  /** The node that computes a value. */
  producer(name: string): Node | undefined;
  /** Whether anyone asks for the gradient of input i. */
  needs(i: number): boolean;
};

/** Gives a gradient for each input, undefined where there is none or nobody asks. */
export type Rule = (input: RuleInput) => readonly (Value | undefined)[];

/** The value of a name; absent optional inputs are values without dimensions. */
export function findValue(graph: Graph, name: string): Value {
  const value = graph.values.get(name) ?? graph.initialisers.get(name) ??
    graph.inputs.find((input) => input.name === name);
  if (value) return value;
  if (name === "") return { name, dims: [], type: "float32" };
  throw new RangeError(`Graph ${graph.name} has no value ${name}`);
}

/** The gradient of the first output, which every rule of one output asks for. */
export function gradientOf({ gradients, node }: RuleInput): Value {
  const [gradient] = gradients;
  if (gradient) return gradient;
  throw new RangeError(`Node ${node.op} has no gradient at its output`);
}

/** Sums a gradient over the axes along which the value was broadcast. */
export function sumTo(
  graph: Graph,
  gradient: Value,
  dims: readonly Dim[],
): Value {
  const extra = gradient.dims.length - dims.length;
  const axes = gradient.dims.flatMap((dim, i) => {
    const own = i < extra ? undefined : dims[i - extra];
    return own === undefined || (own === 1 && dim !== 1) ? [i] : [];
  });
  if (axes.length === 0) return gradient;
  return Reshape(graph, ReduceSum(graph, gradient, axes), dims);
}

/** A constant of ones. */
export function ones(graph: Graph, dims: readonly Dim[]): Value {
  return filled(graph, dims, 1);
}

/** A constant of one number. */
export function filled(
  graph: Graph,
  dims: readonly Dim[],
  value: number,
): Value {
  const sizes = dims.map((dim) => known(dim, "constant"));
  const data = new Float32Array(sizeOf(sizes)).fill(value);
  return constant(graph, `${value} [${sizes}]`, { dims: sizes, data });
}

/** The list of whole numbers that a constant input holds. */
export function wholeNumbersOf(graph: Graph, value: Value): number[] {
  const data = graph.initialisers.get(value.name)?.data;
  if (data instanceof BigInt64Array) return [...data].map(Number);
  throw new RangeError(
    `Cannot differentiate through ${value.name}: it is no constant list of whole numbers`,
  );
}

/** A whole number or list of them among the attributes. */
export function attributeOf(
  { attributes, op }: Node,
  name: string,
): readonly number[] {
  const attribute = attributes[name];
  if (attribute?.kind === "int") return [attribute.value];
  if (attribute?.kind === "ints") return attribute.value;
  throw new RangeError(`Node ${op} has no whole numbers ${name}`);
}
