// Exact rearrangements of weights.
//
// A weight that is a constant is rearranged once, while the graph is built. One
// that learns is a value of the graph, and is rearranged by nodes: the same
// network serves for using and for training.

import { sizeOf, type Tensor } from "../../base/tensor.ts";
import { known } from "../../onnx/dims.ts";
import { constant, type Graph, scalar, type Value } from "../../onnx/graph.ts";
import { Add, Mul } from "../../onnx/ops/elementwise.ts";
import { MatMul } from "../../onnx/ops/linear.ts";
import { Concat, Reshape, Slice, Transpose } from "../../onnx/ops/shape.ts";

/** A weight: a constant, or a value of the graph that learns. */
export type Weight = Tensor | Value;

/** Whether a weight is a constant. */
export function isConstant(weight: Weight): weight is Tensor {
  return "data" in weight;
}

/** The dimensions of a weight, all of them known. */
export function dimsOf({ dims }: Weight): readonly number[] {
  return dims.map((dim) => known(dim, "weight"));
}

/** A weight as a value of the graph; a constant is stored under a name. */
export function valueOf(graph: Graph, name: string, weight: Weight): Value {
  return isConstant(weight) ? constant(graph, name, weight) : weight;
}

/** A matrix `[rows, columns]` as `[columns, rows]`; 1×1 kernels count as matrices. */
export function transposed(graph: Graph, weight: Weight): Weight {
  const [rows, columns] = dimsOf(weight);
  if (!isConstant(weight)) {
    const matrix = Reshape(graph, weight, [rows, columns]);
    return Transpose(graph, matrix, [1, 0]);
  }
  const { data } = weight;
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c];
  }
  return { dims: [columns, rows], data: out };
}

/** The matrix product `[m, k] · [k, n]`; of constants summed in float64. */
export function product(graph: Graph, a: Weight, b: Weight): Weight {
  if (!isConstant(a) || !isConstant(b)) {
    return MatMul(graph, ofValues(a), ofValues(b));
  }
  const [m, k] = a.dims;
  const n = b.dims[1];
  const data = new Float32Array(m * n);
  const row = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    row.fill(0);
    for (let j = 0; j < k; j++) {
      const factor = a.data[i * k + j];
      for (let x = 0; x < n; x++) row[x] += factor * b.data[j * n + x];
    }
    data.set(row, i * n);
  }
  return { dims: [m, n], data };
}

/** The sum of two weights of one shape. */
export function sum(graph: Graph, a: Weight, b: Weight): Weight {
  if (!isConstant(a) || !isConstant(b)) {
    return Add(graph, ofValues(a), ofValues(b));
  }
  return { dims: a.dims, data: a.data.map((value, i) => value + b.data[i]) };
}

/** Every value times a factor. */
export function scaled(graph: Graph, weight: Weight, factor: number): Weight {
  if (!isConstant(weight)) {
    return factor === 1 ? weight : Mul(graph, weight, scalar(graph, factor));
  }
  const { dims, data } = weight;
  return { dims, data: data.map((value) => value * factor) };
}

/** The same values in another shape. */
export function reshaped(
  graph: Graph,
  weight: Weight,
  dims: readonly number[],
): Weight {
  if (!isConstant(weight)) return Reshape(graph, weight, dims);
  const { data } = weight;
  if (sizeOf(dims) !== data.length) {
    throw new RangeError(`Cannot see ${data.length} values as [${dims}]`);
  }
  return { dims, data };
}

/** Weights one after the other, seen as one of the given shape. */
export function concatRows(
  graph: Graph,
  parts: readonly Weight[],
  dims: readonly number[],
): Weight {
  if (!parts.every(isConstant)) {
    const rows = parts.map((part) => {
      const value = ofValues(part);
      return Reshape(graph, value, [sizeOf(dimsOf(value))]);
    });
    return Reshape(graph, Concat(graph, rows, { axis: 0 }), dims);
  }
  const data = new Float32Array(
    parts.reduce((total, part) => total + part.data.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return reshaped(graph, { dims, data }, dims);
}

/**
 * The rows of a matrix or vector, even ones first.
 *
 * RoPE turns adjacent channel pairs (2j, 2j + 1); in this order a pair lies
 * half the channels apart, so the turn needs no strided access. Queries and
 * keys move alike, hence their products stay the same.
 */
export function evenRowsFirst(graph: Graph, weight: Weight): Weight {
  const dims = dimsOf(weight);
  const rows = dims[0];
  const width = sizeOf(dims) / rows;
  if (!isConstant(weight)) {
    const pairs = Reshape(graph, weight, [rows / 2, 2, width]);
    return Reshape(graph, Transpose(graph, pairs, [1, 0, 2]), dims);
  }
  const { data } = weight;
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    const to = r % 2 ? rows / 2 + (r - 1) / 2 : r / 2;
    out.set(data.subarray(r * width, (r + 1) * width), to * width);
  }
  return { dims, data: out };
}

/** Rows `start` to before `end` times a factor, the others as they are. */
export function scaledRows(
  graph: Graph,
  weight: Weight,
  { start, end, factor }: {
    readonly start: number;
    readonly end: number;
    readonly factor: number;
  },
): Weight {
  const dims = dimsOf(weight);
  if (!isConstant(weight)) {
    const part = (from: number, to: number) =>
      from === to
        ? []
        : [Slice(graph, weight, { axis: 0, start: from, end: to })];
    const inside = part(start, end).map((rows) =>
      Mul(graph, rows, scalar(graph, factor))
    );
    const rows = [...part(0, start), ...inside, ...part(end, dims[0])];
    return rows.length === 1 ? rows[0] : Concat(graph, rows, { axis: 0 });
  }
  const { data } = weight;
  const width = data.length / dims[0];
  const inside = (i: number) => i >= start * width && i < end * width;
  return { dims, data: data.map((v, i) => inside(i) ? v * factor : v) };
}

/** What is folded together learns together, or not at all. */
function ofValues(weight: Weight): Value {
  if (!isConstant(weight)) return weight;
  throw new TypeError(
    `Cannot fold a constant [${weight.dims}] with weights that learn`,
  );
}
