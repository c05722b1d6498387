// A computation graph as plain data, and the few functions that grow it.
//
// A network is a TypeScript function that takes a Graph and Values and returns
// Values; each operator (ops/) checks the shapes it is given and adds one node.
// model_file.ts turns the finished graph into ONNX.

import type { Tensor } from "../base/tensor.ts";

/** A dimension: a number, or the name of one that is only known when the graph runs. */
export type Dim = number | string;

/** What a tensor of a graph can hold. */
export type ValueType =
  | "float32"
  | "int64"
  | "bool"
  | "uint8"
  | "int8"
  | "int32";

/** How ONNX numbers the types (TensorProto.DataType). */
export const typeNumbers: Readonly<Record<ValueType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** A tensor of the graph: its name, dimensions and type. */
export type Value = {
  readonly name: string;
  readonly dims: readonly Dim[];
  readonly type: ValueType;
};

/** The values of a constant. */
export type ConstantData =
  | Float32Array
  | BigInt64Array
  | Uint8Array
  | Int8Array
  | Int32Array;

/** A constant stored with the graph. */
export type Initialiser = Value & {
  readonly dims: readonly number[];
  readonly data: ConstantData;
};

/** An attribute of a node; a float is marked, since 1 could be either. */
export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string };

/** Whose operator it is: ONNX's own, or one that only ONNX Runtime knows. */
export type Domain = "" | "com.microsoft";

/** One operator applied to values; an absent optional input is the empty name. */
export type Node = {
  readonly op: string;
  readonly domain: Domain;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
};

/** A graph while it is built. */
export type Graph = {
  readonly name: string;
  readonly inputs: Value[];
  readonly outputs: { readonly name: string; readonly value: Value }[];
  readonly nodes: Node[];
  readonly initialisers: Map<string, Initialiser>;
  /** Everything that nodes compute, by name. */
  readonly values: Map<string, Value>;
  /** Inner tensors by their official name, so that a mismatch is found by bisection. */
  readonly labels: Map<string, Value>;
};

/** Starts an empty graph. */
export function createGraph(name: string): Graph {
  return {
    name,
    inputs: [],
    outputs: [],
    nodes: [],
    initialisers: new Map(),
    values: new Map(),
    labels: new Map(),
  };
}

/** Declares an input. */
export function addInput(
  graph: Graph,
  name: string,
  dims: readonly Dim[],
  type: ValueType = "float32",
): Value {
  const value = { name, dims, type };
  graph.inputs.push(value);
  return value;
}

/** Declares an output under a name of its own. */
export function addOutput(graph: Graph, name: string, value: Value): void {
  graph.outputs.push({ name, value });
}

/** Remembers an inner tensor under its official name; returns it. */
export function label(graph: Graph, name: string, value: Value): Value {
  graph.labels.set(name, value);
  return value;
}

/** Makes labelled inner tensors outputs; throws RangeError for a label that is not there. */
export function exposeLabels(graph: Graph, names: Iterable<string>): void {
  for (const name of names) {
    const value = graph.labels.get(name);
    if (!value) {
      throw new RangeError(
        `Graph ${graph.name} has no inner tensor ${name}, expected one of ${
          [...graph.labels.keys()].join(", ")
        }`,
      );
    }
    addOutput(graph, name, value);
  }
}

/**
 * A constant of float32, int8 or uint8. The same name is stored once, however often it is asked for.
 *
 * @throws RangeError when the name is taken by other values
 */
export function constant(
  graph: Graph,
  name: string,
  { dims, data }: Tensor<
    readonly number[],
    Float32Array | Int8Array | Uint8Array
  >,
): Value {
  const known = graph.initialisers.get(name);
  if (known) {
    if (known.data !== data && !sameValues(known.data, data)) {
      throw new RangeError(
        `Graph ${graph.name} has two constants named ${name}`,
      );
    }
    return known;
  }
  const value: Initialiser = { name, dims, type: typeOf(data), data };
  graph.initialisers.set(name, value);
  return value;
}

function typeOf(data: Float32Array | Int8Array | Uint8Array): ValueType {
  if (data instanceof Float32Array) return "float32";
  return data instanceof Int8Array ? "int8" : "uint8";
}

function sameValues(a: ConstantData, b: ConstantData): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** A float32 scalar, stored once for each value. */
export function scalar(graph: Graph, value: number): Value {
  return constant(graph, `scalar ${value}`, {
    dims: [],
    data: Float32Array.of(value),
  });
}

/** A list of whole numbers, stored once for each content. */
export function wholeNumbers(graph: Graph, values: readonly number[]): Value {
  const name = `int64 [${values}]`;
  const known = graph.initialisers.get(name);
  if (known) return known;
  const value: Initialiser = {
    name,
    dims: [values.length],
    type: "int64",
    data: BigInt64Array.from(values, BigInt),
  };
  graph.initialisers.set(name, value);
  return value;
}

/** Adds a node with one output. */
export function addNode(
  graph: Graph,
  op: string,
  inputs: readonly (Value | undefined)[],
  output: { readonly dims: readonly Dim[]; readonly type?: ValueType },
  attributes: Readonly<Record<string, Attribute>> = {},
  domain: Domain = "",
): Value {
  return addNodes(graph, op, inputs, [output], attributes, domain)[0];
}

/** Absent inputs at the end are left out: an empty name there ended the process on WebGPU (ONNX Runtime 1.30). */
function inputNames(inputs: readonly (Value | undefined)[]): string[] {
  const last = inputs.findLastIndex((value) => value !== undefined);
  return inputs.slice(0, last + 1).map((value) => value?.name ?? "");
}

/** Adds a node with several outputs. */
export function addNodes(
  graph: Graph,
  op: string,
  inputs: readonly (Value | undefined)[],
  outputs: readonly {
    readonly dims: readonly Dim[];
    readonly type?: ValueType;
  }[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain: Domain = "",
): readonly Value[] {
  const number = graph.nodes.length;
  const values = outputs.map(({ dims, type = "float32" }, i): Value => ({
    name: outputs.length === 1 ? `${op}_${number}` : `${op}_${number}_${i}`,
    dims,
    type,
  }));
  for (const value of values) graph.values.set(value.name, value);
  graph.nodes.push({
    op,
    domain,
    inputs: inputNames(inputs),
    outputs: values.map(({ name }) => name),
    attributes,
  });
  return values;
}
