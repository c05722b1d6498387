// Products in whole numbers of 8 bits, for machines without a GPU.
//
// Weights are rounded when the graph is built, one scale for each output
// channel; activations when it runs, one scale for all of them. Of attention
// the scores are such products too, after SageAttention (Zhang et al., arXiv
// 2410.02367), one scale for each query and each key. The keys lose their mean
// first: it adds the same number to all scores of a query, which softmax does
// not see. Softmax and the mix of values stay float32: a row of shares over
// thousands of keys has no useful steps of 1/255.
//
// Weights and keys use 7 of their 8 bits: processors with AVX2 but without VNNI
// add two products in 16 bits, 2 · 255 · 63 = 32,130 fits and 2 · 255 · 127 does
// not. So every processor finds the same sums. The eighth bit would lower the
// error of features by a tenth to a third and leave the masks of real clips as
// they are.

import type { Tensor } from "../../base/tensor.ts";
import { constant, type Graph, scalar, type Value } from "../../onnx/graph.ts";
import { Abs, Max, Mul, Sub } from "../../onnx/ops/elementwise.ts";
import {
  DynamicQuantizeMatMul,
  MatMulIntegerToFloat,
  QuantizeLinear,
} from "../../onnx/ops/quantise.ts";
import { ReduceMax, ReduceMean } from "../../onnx/ops/reduce.ts";
import { Reshape, Slice, Transpose } from "../../onnx/ops/shape.ts";

const mostSigned = 63; // of weights and keys, see above
const mostUnsigned = 127; // of queries, around 128
const leastScale = 1e-12; // where all values are 0

/** `x · matrix + bias` with the matrix `[from, to]` as int8. */
export function quantisedLinear(
  graph: Graph,
  name: string,
  x: Value,
  { matrix, bias }: { readonly matrix: Tensor; readonly bias?: Tensor },
): Value {
  const { values, scales } = quantisedColumns(matrix);
  const columns = constant(graph, `${name}.int8`, values);
  return DynamicQuantizeMatMul(graph, x, columns, {
    columnScales: constant(graph, `${name}.scales`, scales),
    bias: bias && constant(graph, `${name}.offset`, bias),
  });
}

/** A matrix whose columns reach from −63 to 63, and what a step is worth in each. */
export function quantisedColumns({ dims, data }: Tensor): {
  readonly values: Tensor<readonly number[], Int8Array>;
  readonly scales: Tensor;
} {
  const [rows, columns] = dims;
  const scales = new Float32Array(columns).fill(leastScale);
  for (let i = 0; i < data.length; i++) {
    const c = i % columns;
    scales[c] = Math.max(scales[c], Math.abs(data[i]) / mostSigned);
  }
  const values = new Int8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    values[i] = Math.round(data[i] / scales[i % columns]);
  }
  return {
    values: { dims: [rows, columns], data: values },
    scales: { dims: [columns], data: scales },
  };
}

/**
 * The scores of rows `start` to before `end` of the queries `[1, N, C]` for all
 * keys `[1, M, C]`.
 *
 * The product itself scales by key; scaling by query is a pass of its own. One
 * scale for all queries of a chunk saves that pass, 3 to 7 % of attention (2
 * cores, 2026-11-22), but a single long query would coarsen all others.
 */
export function quantisedScores(
  graph: Graph,
  queries: Value,
  keys: Value,
): (start: number, end: number) => Value {
  // flat, since a mean over the middle axis of [1, M, C] takes 4 to 8 times as long
  const keyRows = flat(graph, keys);
  const centred = Sub(graph, keyRows, ReduceMean(graph, keyRows, [0]));
  const keyScales = rowScales(graph, centred, mostSigned);
  const whole = QuantizeLinear(graph, centred, keyScales, { axis: 0 });
  const columns = Transpose(graph, whole, [1, 0]);

  const count = Number(queries.dims[1]);
  const queryRows = flat(graph, queries);
  const queryScales = rowScales(graph, queryRows, mostUnsigned);
  const middle = (dims: readonly number[]) =>
    constant(graph, `middle [${dims}]`, {
      dims,
      data: new Uint8Array(dims[0] ?? 1).fill(128),
    });
  const unsigned = QuantizeLinear(graph, queryRows, queryScales, {
    axis: 0,
    zeroPoints: middle([count]),
  });
  const factors = Reshape(graph, queryScales, [count, 1]);
  return (start, end) => {
    const rows = (x: Value) =>
      count === end - start ? x : Slice(graph, x, { axis: 0, start, end });
    const part = {
      values: rows(unsigned),
      scale: scalar(graph, 1),
      zeroPoint: middle([]),
    };
    const product = MatMulIntegerToFloat(graph, part, columns, keyScales);
    const scores = Mul(graph, product, rows(factors));
    return Reshape(graph, scores, [1, end - start, columns.dims[1]]);
  };
}

/** `[1, N, C]` as `[N, C]`. */
function flat(graph: Graph, x: Value): Value {
  return Reshape(graph, x, x.dims.slice(1));
}

/** What a step is worth in each row of `[N, C]`, when the farthest value takes `most` of them. */
function rowScales(graph: Graph, x: Value, most: number): Value {
  const farthest = ReduceMax(graph, Abs(graph, x), [1]);
  const scales = Mul(graph, farthest, scalar(graph, 1 / most));
  return Max(graph, scales, scalar(graph, leastScale));
}
