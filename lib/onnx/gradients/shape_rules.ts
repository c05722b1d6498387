// Gradients of operators that move, cut and join elements.

import { sizeOf } from "../../base/tensor.ts";
import { known } from "../dims.ts";
import { constant, type Graph, type Value } from "../graph.ts";
import { Cast, Equal } from "../ops/elementwise.ts";
import { MatMul } from "../ops/linear.ts";
import { ReduceSum } from "../ops/reduce.ts";
import { Concat, Pad, Reshape, Slice, Split, Transpose } from "../ops/shape.ts";
import {
  attributeOf,
  filled,
  gradientOf,
  type Rule,
  type RuleInput,
  sumTo,
  wholeNumbersOf,
} from "./rule.ts";

const reshape: Rule = (input) => {
  const { graph, inputs: [x] } = input;
  return [Reshape(graph, gradientOf(input), x.dims), undefined];
};

const transpose: Rule = (input) => {
  const { graph, node } = input;
  const order = attributeOf(node, "perm");
  const back = order.map((_, i) => order.indexOf(i));
  return [Transpose(graph, gradientOf(input), back)];
};

const concat: Rule = (input) => {
  const { graph, node, inputs } = input;
  const [axis] = attributeOf(node, "axis");
  const sizes = inputs.map(({ dims }) => known(dims[axis], "Concat"));
  return Split(graph, gradientOf(input), { axis, sizes });
};

/** Parts that nobody asks about count as zeros. */
const split: Rule = ({ graph, node, outputs, gradients }) => {
  const [axis] = attributeOf(node, "axis");
  const parts = outputs.map(({ dims }, i) =>
    gradients[i] ?? filled(graph, dims, 0)
  );
  return [Concat(graph, parts, { axis }), undefined];
};

/** Zeros where nothing was taken from. */
const slice: Rule = (input) => {
  const { graph, inputs: [x, start, end, axes, steps] } = input;
  if (steps?.name) {
    throw new RangeError("Cannot differentiate a Slice by steps");
  }
  const [from] = wholeNumbersOf(graph, start);
  const [to] = wholeNumbersOf(graph, end);
  const [axis] = wholeNumbersOf(graph, axes);
  const none = x.dims.map(() => 0);
  const before = none.with(axis, from);
  const after = none.with(axis, known(x.dims[axis], "Slice") - to);
  return [Pad(graph, gradientOf(input), { before, after })];
};

/** What was added is cut off again. */
const pad: Rule = (input) => {
  const { graph, inputs: [x, pads] } = input;
  const amounts = wholeNumbersOf(graph, pads);
  const inner = x.dims.reduce((dy, dim, axis) => {
    const start = amounts[axis];
    const added = start + amounts[axis + x.dims.length];
    if (added === 0) return dy;
    return Slice(graph, dy, { axis, start, end: start + known(dim, "Pad") });
  }, gradientOf(input));
  return [inner, undefined];
};

/** Repeated elements gather what arrives at each copy. */
const expand: Rule = (input) => {
  const { graph, inputs: [x] } = input;
  return [sumTo(graph, gradientOf(input), x.dims), undefined];
};

/**
 * Rows of a table: each gathers from where it was used, as a product with
 * ones where the number of the row stands.
 */
const gather: Rule = (input) => {
  const { graph, inputs: [table, indices] } = input;
  const [rows, ...rest] = table.dims.map((dim) => known(dim, "Gather"));
  const uses = sizeOf(indices.dims.map((dim) => known(dim, "Gather")));
  const numbers = constant(graph, `0 to ${rows}`, {
    dims: [rows, 1],
    data: Float32Array.from({ length: rows }, (_, i) => i),
  });
  const used = Cast(graph, Reshape(graph, indices, [1, uses]), "float32");
  const isUsed = Cast(graph, Equal(graph, numbers, used), "float32"); // [rows, uses]
  const dy = Reshape(graph, gradientOf(input), [uses, sizeOf(rest)]);
  return [Reshape(graph, MatMul(graph, isUsed, dy), table.dims), undefined];
};

const resize: Rule = (input) =>
  modeOf(input) === "linear" ? resizeLinear(input) : resizeNearest(input);

function modeOf({ node: { attributes: { mode } } }: RuleInput) {
  return mode?.kind === "string" ? mode.value : undefined;
}

/** The same mix of rows and columns, turned round: two products. */
function resizeLinear(input: RuleInput): readonly (Value | undefined)[] {
  const { graph, inputs: [x], outputs: [y] } = input;
  const [, , h, w] = x.dims.map((dim) => known(dim, "Resize"));
  const [, , height, width] = y.dims.map((dim) => known(dim, "Resize"));
  const rows = Transpose(graph, linearMix(graph, h, height), [1, 0]);
  const narrow = MatMul(graph, gradientOf(input), linearMix(graph, w, width));
  return [MatMul(graph, rows, narrow)];
}

/** How much of each of `from` places is in each of `to`, `[to, from]`; half pixel centres, borders repeated. */
function linearMix(graph: Graph, from: number, to: number): Value {
  const data = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = Math.min(Math.max((i + 0.5) * from / to - 0.5, 0), from - 1);
    const low = Math.floor(at);
    const high = Math.min(low + 1, from - 1);
    data[i * from + low] += 1 - (at - low);
    data[i * from + high] += at - low;
  }
  return constant(graph, `linear ${from} to ${to}`, { dims: [to, from], data });
}

/** Sums the pixels that one was repeated to. */
function resizeNearest(input: RuleInput): readonly (Value | undefined)[] {
  const { graph, inputs: [x], outputs: [y] } = input;
  const [b, c, h, w] = x.dims.map((dim) => known(dim, "Resize"));
  const [, , height, width] = y.dims.map((dim) => known(dim, "Resize"));
  const isRepeated = modeOf(input) === "nearest" && height % h === 0 &&
    width % w === 0;
  if (!isRepeated) {
    throw new RangeError(
      `Cannot differentiate a Resize from ${w}x${h} to ${width}x${height}, expected linear, or nearest by a whole factor`,
    );
  }
  const apart = Reshape(graph, gradientOf(input), [
    b,
    c,
    h,
    height / h,
    w,
    width / w,
  ]);
  return [ReduceSum(graph, apart, [3, 5])];
}

export const shapeRules: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Resize: resize,
  Pad: pad,
  Expand: expand,
  Gather: gather,
};
