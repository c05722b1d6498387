// Operators that move, cut and join elements without computing.

import { addDims, axisOf, known, shapeError } from "../dims.ts";
import {
  addNode,
  addNodes,
  type Dim,
  type Graph,
  scalar,
  type Value,
  wholeNumbers,
} from "../graph.ts";

/** The same elements in another shape; at most one unknown dimension may move. */
export function Reshape(
  graph: Graph,
  x: Value,
  dims: readonly Dim[],
): Value {
  const shape = dims.map((dim, i) => {
    if (typeof dim === "number") return dim;
    return x.dims[i] === dim ? 0 : -1; // 0 keeps the axis, -1 is worked out
  });
  const free = shape.filter((dim) => dim === -1).length;
  const allKnown = [...x.dims, ...dims].every((dim) => typeof dim === "number");
  if (free > 1 || (allKnown && count(x.dims) !== count(dims))) {
    throw shapeError("Reshape", `wanted [${dims}]`, x);
  }
  const target = wholeNumbers(graph, shape);
  return addNode(graph, "Reshape", [x, target], { dims, type: x.type });
}

function count(dims: readonly Dim[]): number {
  return dims.reduce<number>((product, dim) => product * Number(dim), 1);
}

/** The axes in another order: output axis i is input axis order[i]. */
export function Transpose(
  graph: Graph,
  x: Value,
  order: readonly number[],
): Value {
  const isPermutation = order.length === x.dims.length &&
    order.toSorted((a, b) => a - b).every((axis, i) => axis === i);
  if (!isPermutation) throw shapeError("Transpose", `order [${order}]`, x);
  const dims = order.map((axis) => x.dims[axis]);
  return addNode(graph, "Transpose", [x], { dims, type: x.type }, {
    perm: { kind: "ints", value: order },
  });
}

/** Values joined along an axis; their other axes are equal. */
export function Concat(
  graph: Graph,
  values: readonly Value[],
  { axis }: { readonly axis: number },
): Value {
  const [first, ...rest] = values;
  const at = axisOf(first, axis);
  for (const value of rest) {
    const fits = value.dims.length === first.dims.length &&
      value.dims.every((dim, i) => i === at || dim === first.dims[i]);
    if (!fits) throw shapeError("Concat", `axis ${axis}`, ...values);
  }
  const dims = first.dims.map((dim, i) =>
    i === at ? rest.reduce((sum, { dims }) => addDims(sum, dims[i]), dim) : dim
  );
  return addNode(graph, "Concat", values, { dims, type: first.type }, {
    axis: { kind: "int", value: at },
  });
}

/** A value cut along an axis into parts of the given sizes. */
export function Split(
  graph: Graph,
  x: Value,
  { axis, sizes }: { readonly axis: number; readonly sizes: readonly number[] },
): readonly Value[] {
  const at = axisOf(x, axis);
  if (sizes.reduce((sum, size) => sum + size, 0) !== x.dims[at]) {
    throw shapeError("Split", `axis ${axis} into [${sizes}]`, x);
  }
  if (sizes.length === 1) return [x];
  const outputs = sizes.map((size) => ({
    dims: x.dims.with(at, size),
    type: x.type,
  }));
  return addNodes(graph, "Split", [x, wholeNumbers(graph, sizes)], outputs, {
    axis: { kind: "int", value: at },
  });
}

/** The elements from `start` to before `end` along an axis. */
export function Slice(
  graph: Graph,
  x: Value,
  { axis, start, end }: {
    readonly axis: number;
    readonly start: number;
    readonly end: number;
  },
): Value {
  const at = axisOf(x, axis);
  const size = x.dims[at]; // one that is only named is checked when the graph runs
  const tooLong = typeof size === "number" && end > size;
  if (start < 0 || tooLong || start >= end) {
    throw shapeError("Slice", `axis ${axis} from ${start} to ${end}`, x);
  }
  const bounds = [[start], [end], [at]].map((v) => wholeNumbers(graph, v));
  const dims = x.dims.with(at, end - start);
  return addNode(graph, "Slice", [x, ...bounds], { dims, type: x.type });
}

/** The rows of a constant table chosen by whole numbers of any shape. */
export function Gather(graph: Graph, table: Value, indices: Value): Value {
  const dims = [...indices.dims, ...table.dims.slice(1)];
  return addNode(graph, "Gather", [table, indices], { dims, type: table.type });
}

/** The elements along axes in the opposite order. */
export function Flip(
  graph: Graph,
  x: Value,
  axes: readonly number[],
): Value {
  const each = (value: number) => wholeNumbers(graph, axes.map(() => value));
  const last = -(2 ** 31); // before the first, whatever the size
  const bounds = [each(-1), each(last), wholeNumbers(graph, axes), each(-1)];
  return addNode(graph, "Slice", [x, ...bounds], { dims: x.dims });
}

/** Zeros before the start and after the end of each axis. */
export function Pad(
  graph: Graph,
  x: Value,
  { before, after }: {
    readonly before: readonly number[];
    readonly after: readonly number[];
  },
): Value {
  if (before.length !== x.dims.length || after.length !== x.dims.length) {
    throw shapeError("Pad", `amounts [${before}] and [${after}]`, x);
  }
  const dims = x.dims.map((dim, i) =>
    before[i] + after[i] ? known(dim, "Pad") + before[i] + after[i] : dim
  );
  const pads = wholeNumbers(graph, [...before, ...after]);
  return addNode(graph, "Pad", [x, pads, scalar(graph, 0)], { dims });
}

/** Zeros after the end of the given axes. */
export function PadEnd(
  graph: Graph,
  x: Value,
  amounts: readonly number[],
): Value {
  if (amounts.length !== x.dims.length) {
    throw shapeError("Pad", `amounts [${amounts}]`, x);
  }
  if (amounts.every((amount) => amount === 0)) return x;
  const dims = x.dims.map((dim, i) =>
    amounts[i] ? known(dim, "Pad") + amounts[i] : dim
  );
  const pads = wholeNumbers(graph, [...amounts.map(() => 0), ...amounts]);
  return addNode(graph, "Pad", [x, pads, scalar(graph, 0)], { dims });
}

/** The shape of a value, as whole numbers. */
export function Shape(graph: Graph, x: Value): Value {
  return addNode(graph, "Shape", [x], {
    dims: [x.dims.length],
    type: "int64",
  });
}

/** The value repeated along axes of size 1 to reach a shape that is computed when the graph runs. */
export function Expand(
  graph: Graph,
  x: Value,
  shape: Value,
  dims: readonly Dim[],
): Value {
  return addNode(graph, "Expand", [x, shape], { dims, type: x.type });
}
