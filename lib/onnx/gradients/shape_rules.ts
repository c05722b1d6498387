// Gradients of operators that move, cut and join elements.

import { known } from "../dims.ts";
import { ReduceSum } from "../ops/reduce.ts";
import { Concat, Pad, Reshape, Split, Transpose } from "../ops/shape.ts";
import {
  attributeOf,
  filled,
  gradientOf,
  type Rule,
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

/** Sums the pixels that one was repeated to; by nearest only. */
const resize: Rule = (input) => {
  const { graph, node, inputs: [x], outputs: [y] } = input;
  const mode = node.attributes.mode;
  const [b, c, h, w] = x.dims.map((dim) => known(dim, "Resize"));
  const [, , height, width] = y.dims.map((dim) => known(dim, "Resize"));
  const isRepeated = mode?.kind === "string" && mode.value === "nearest" &&
    height % h === 0 && width % w === 0;
  if (!isRepeated) {
    throw new RangeError(
      `Cannot differentiate a Resize from ${w}x${h} to ${width}x${height}, expected nearest by a whole factor`,
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
};

export const shapeRules: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Resize: resize,
};
