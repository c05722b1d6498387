// Exact rearrangements of weights, done once when a graph is built.

import { sizeOf, type Tensor } from "../../base/tensor.ts";

/** A matrix `[rows, columns]` as `[columns, rows]`; 1×1 kernels count as matrices. */
export function transposed({ dims, data }: Tensor): Tensor {
  const [rows, columns] = dims;
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c];
  }
  return { dims: [columns, rows], data: out };
}

/** The matrix product `[m, k] · [k, n]`, summed in float64. */
export function product(a: Tensor, b: Tensor): Tensor {
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

/** The sum of two tensors of one shape. */
export function sum(a: Tensor, b: Tensor): Tensor {
  return { dims: a.dims, data: a.data.map((value, i) => value + b.data[i]) };
}

/** Every value times a factor. */
export function scaled({ dims, data }: Tensor, factor: number): Tensor {
  return { dims, data: data.map((value) => value * factor) };
}

/** The same values in another shape. */
export function reshaped({ data }: Tensor, dims: readonly number[]): Tensor {
  if (sizeOf(dims) !== data.length) {
    throw new RangeError(`Cannot see ${data.length} values as [${dims}]`);
  }
  return { dims, data };
}

/** Tensors one after the other, seen as one of the given shape. */
export function concatRows(
  parts: readonly Tensor[],
  dims: readonly number[],
): Tensor {
  const data = new Float32Array(
    parts.reduce((total, part) => total + part.data.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return reshaped({ dims, data }, dims);
}

/**
 * The rows of a matrix or vector, even ones first.
 *
 * RoPE turns adjacent channel pairs (2j, 2j + 1); in this order a pair lies
 * half the channels apart, so the turn needs no strided access. Queries and
 * keys move alike, hence their products stay the same.
 */
export function evenRowsFirst({ dims, data }: Tensor): Tensor {
  const rows = dims[0];
  const width = data.length / rows;
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    const to = r % 2 ? rows / 2 + (r - 1) / 2 : r / 2;
    out.set(data.subarray(r * width, (r + 1) * width), to * width);
  }
  return { dims, data: out };
}

/** Rows `start` to before `end` times a factor, the others as they are. */
export function scaledRows(
  { dims, data }: Tensor,
  { start, end, factor }: {
    readonly start: number;
    readonly end: number;
    readonly factor: number;
  },
): Tensor {
  const width = data.length / dims[0];
  const inside = (i: number) => i >= start * width && i < end * width;
  return { dims, data: data.map((v, i) => inside(i) ? v * factor : v) };
}
