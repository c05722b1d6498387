// Gradients of products, convolutions, pooling and normalisation.
//
// A convolution's weight gradient lays the windows of its input side by side
// (by convolutions with kernels that pick single pixels) and multiplies;
// measured against strided slices and against taking the gradient as kernel,
// this was fastest (MODELS 5.1).

import { sizeOf } from "../../base/tensor.ts";
import { known } from "../dims.ts";
import {
  constant,
  type Dim,
  type Graph,
  scalar,
  type Value,
} from "../graph.ts";
import { Add, Cast, Div, Equal, Mul, Sqrt, Sub } from "../ops/elementwise.ts";
import { Conv, ConvTranspose, MatMul } from "../ops/linear.ts";
import { MaxLine } from "../ops/pool.ts";
import { BatchNormalization, ReduceSum } from "../ops/reduce.ts";
import { Flip, Pad, Reshape, Slice, Transpose } from "../ops/shape.ts";
import {
  attributeOf,
  filled,
  gradientOf,
  type Rule,
  type RuleInput,
  sumTo,
} from "./rule.ts";

/** The sizes of an image tensor. */
function sizes({ dims }: Value): [b: number, c: number, h: number, w: number] {
  const [b, c, h, w] = dims.map((dim) => known(dim, "gradient"));
  return [b, c, h, w];
}

const matMul: Rule = (input) => {
  const { graph, inputs: [a, b], needs } = input;
  const dy = gradientOf(input);
  if (b.dims.length === 2 && a.dims.length > 2) return linearMap(input);
  const turned = (x: Value) => {
    const axes = x.dims.map((_, i) => i);
    const [m, n] = axes.splice(-2);
    return Transpose(graph, x, [...axes, n, m]);
  };
  return [
    needs(0) ? sumTo(graph, MatMul(graph, dy, turned(b)), a.dims) : undefined,
    needs(1) ? sumTo(graph, MatMul(graph, turned(a), dy), b.dims) : undefined,
  ];
};

/** One matrix for all rows: their gradients are one product, not a sum of many. */
function linearMap({ graph, inputs: [a, b], needs, ...input }: RuleInput) {
  const dy = gradientOf({ graph, inputs: [a, b], needs, ...input });
  const [k, n] = b.dims;
  const rows = (x: Value, width: Dim) => {
    const count = sizeOf(x.dims.map((dim) => known(dim, "MatMul")));
    return Reshape(graph, x, [count / known(width, "MatMul"), width]);
  };
  const dyRows = rows(dy, n);
  const dx = () => {
    const flat = MatMul(graph, dyRows, Transpose(graph, b, [1, 0]));
    return Reshape(graph, flat, a.dims);
  };
  const dMatrix = () =>
    MatMul(graph, Transpose(graph, rows(a, k), [1, 0]), dyRows);
  return [needs(0) ? dx() : undefined, needs(1) ? dMatrix() : undefined];
}

const conv: Rule = (input) => {
  const { graph, node, inputs: [x, weight, bias], needs } = input;
  const dy = gradientOf(input);
  const options = {
    stride: attributeOf(node, "strides")[0],
    pad: attributeOf(node, "pads")[0],
    groups: attributeOf(node, "group")[0],
  };
  return [
    needs(0) ? convInput(graph, dy, x, weight, options) : undefined,
    needs(1) ? convWeight(graph, dy, x, weight, options) : undefined,
    bias?.name && needs(2) ? ReduceSum(graph, dy, [0, 2, 3]) : undefined,
  ];
};

type ConvShape = {
  readonly stride: number;
  readonly pad: number;
  readonly groups: number;
};

function convInput(
  graph: Graph,
  dy: Value,
  x: Value,
  weight: Value,
  { stride, pad, groups }: ConvShape,
): Value {
  const [, , h, w] = sizes(x);
  const [, , k] = sizes(weight);
  const isDepthwise = groups === x.dims[1] && weight.dims[1] === 1 &&
    weight.dims[0] === groups;
  if (stride === 1 && (groups === 1 || isDepthwise)) {
    // the kernel turned round, input and output channels exchanged
    const flipped = k === 1 ? weight : Flip(graph, weight, [2, 3]);
    const turned = isDepthwise
      ? flipped
      : Transpose(graph, flipped, [1, 0, 2, 3]);
    return Conv(graph, dy, turned, undefined, { pad: k - 1 - pad, groups });
  }
  const rest = (size: number) => (size + 2 * pad - k) % stride;
  return ConvTranspose(graph, dy, weight, undefined, {
    stride,
    pad,
    groups,
    extra: [rest(h), rest(w)],
  });
}

function convWeight(
  graph: Graph,
  dy: Value,
  x: Value,
  weight: Value,
  { stride, pad, groups }: ConvShape,
): Value {
  const [b, c] = sizes(x);
  const [o, i, k] = sizes(weight);
  const [, , h, w] = sizes(dy);
  const keepsSize = stride === 1 && pad === (k - 1) / 2;
  if (k > 1 && keepsSize && groups === 1 && h >= leastHeight) {
    return crossedWeight(graph, dy, x, k);
  }
  const places = h * w;
  const flat = Reshape(graph, dy, [b, groups, o / groups, places]);
  const columns = k === 1 && stride === 1 && pad === 0
    ? x
    : windows(graph, x, { kernel: k, stride, pad });
  const wide = Reshape(graph, columns, [b, groups, c / groups * k * k, places]);
  // [B, G, O/G, L] · [B, G, L, C/G · k · k], summed over the batch
  const products = MatMul(graph, flat, Transpose(graph, wide, [0, 1, 3, 2]));
  return Reshape(graph, ReduceSum(graph, products, [0]), [o, i, k, k]);
}

const leastHeight = 20; // of maps on which the rows more cost less than the copies saved

/**
 * The weight gradient of a convolution that keeps the size, with k copies of the
 * image and of the gradient instead of k² of the image: the image is shifted
 * along the rows, the gradient along the columns, and every pair is multiplied.
 */
function crossedWeight(
  graph: Graph,
  dy: Value,
  x: Value,
  k: number,
): Value {
  const [b, c] = sizes(x);
  const [, o, h, w] = sizes(dy);
  const pad = (k - 1) / 2;
  const places = (h + 2 * pad) * w;
  // [B, C · kx, h + 2 pad, w] and [B, O · ky, h + 2 pad, w]
  const shiftedX = Conv(graph, x, linePickers(graph, c, k, "row"), undefined, {
    pad: [pad, pad],
    groups: c,
  });
  const shiftedY = Conv(
    graph,
    dy,
    linePickers(graph, o, k, "up"),
    undefined,
    { pad: [2 * pad, 0], groups: o },
  );
  const flatY = Reshape(graph, shiftedY, [b, o * k, places]);
  const flatX = Reshape(graph, shiftedX, [b, c * k, places]);
  const products = MatMul(graph, flatY, Transpose(graph, flatX, [0, 2, 1]));
  const pairs = Reshape(graph, ReduceSum(graph, products, [0]), [o, k, c, k]);
  return Transpose(graph, pairs, [0, 2, 1, 3]);
}

/**
 * Kernels that take one pixel: kernel j of a channel the one j places along a
 * row or down a column; `up` the one k − 1 − j down, for shifting a gradient.
 */
function linePickers(
  graph: Graph,
  channels: number,
  k: number,
  line: "row" | "down" | "up",
): Value {
  const dims = [channels * k, 1, ...(line === "row" ? [1, k] : [k, 1])];
  const data = new Float32Array(channels * k * k);
  for (let i = 0; i < channels * k; i++) {
    const j = i % k;
    data[i * k + (line === "up" ? k - 1 - j : j)] = 1;
  }
  return constant(graph, `shift ${line} ${channels} ${k}`, { dims, data });
}

/**
 * Every window of the image as channels, `[B, C · k · k, h, w]`: first the pixels
 * below each other, then those beside each other. At once would be k² outputs
 * of each channel, which ONNX Runtime 1.30 computes wrongly on WebGPU from nine on.
 */
function windows(
  graph: Graph,
  x: Value,
  { kernel, stride, pad }: {
    readonly kernel: number;
    readonly stride: number;
    readonly pad: number;
  },
): Value {
  const [, c] = sizes(x);
  const downwards = linePickers(graph, c, kernel, "down");
  const columns = Conv(graph, x, downwards, undefined, {
    stride: [stride, 1],
    pad: [pad, 0],
    groups: c,
  });
  const sideways = linePickers(graph, c * kernel, kernel, "row");
  return Conv(graph, columns, sideways, undefined, {
    stride: [1, stride],
    pad: [0, pad],
    groups: c * kernel,
  });
}

const convTranspose: Rule = (input) => {
  const { graph, node, inputs: [x, weight, bias], needs } = input;
  const dy = gradientOf(input);
  const stride = attributeOf(node, "strides")[0];
  const [b, c, h, w] = sizes(x);
  const [, o, k] = sizes(weight);
  const isTiled = k === stride && attributeOf(node, "pads")[0] === 0 &&
    attributeOf(node, "group")[0] === 1 &&
    attributeOf(node, "output_padding").every((extra) => extra === 0);
  if (!isTiled) {
    throw new RangeError(
      `Cannot differentiate a ConvTranspose of kernel ${k} and stride ${stride}, expected tiles without padding`,
    );
  }
  // [B, O, h · k, w · k] -> [B, O · k · k, h · w], the window of each input pixel
  const tiles = () =>
    Reshape(
      graph,
      Transpose(
        graph,
        Reshape(graph, dy, [b, o, h, k, w, k]),
        [0, 1, 3, 5, 2, 4],
      ),
      [b, o * k * k, h * w],
    );
  const weightGradient = () => {
    const columns = Transpose(graph, tiles(), [0, 2, 1]);
    const products = MatMul(graph, Reshape(graph, x, [b, c, h * w]), columns);
    return Reshape(graph, ReduceSum(graph, products, [0]), [c, o, k, k]);
  };
  return [
    needs(0) ? Conv(graph, dy, weight, undefined, { stride }) : undefined,
    needs(1) ? weightGradient() : undefined,
    bias?.name && needs(2) ? ReduceSum(graph, dy, [0, 2, 3]) : undefined,
  ];
};

/**
 * To the largest of each window, equal ones share. A square window is a row of
 * columns: the gradient goes back along one axis, then along the other, which
 * needs 2k comparisons instead of k².
 */
const maxPool: Rule = (input) => {
  const { graph, node, inputs: [x], outputs: [y] } = input;
  const kernel = attributeOf(node, "kernel_shape")[0];
  const isCentred = attributeOf(node, "strides").every((s) => s === 1) &&
    attributeOf(node, "pads").every((pad) => pad === (kernel - 1) / 2);
  if (!isCentred) {
    throw new RangeError(
      `Cannot differentiate a MaxPool of kernel ${kernel}, expected one that keeps the size`,
    );
  }
  const lines = MaxLine(graph, x, { kernel, axis: 3 });
  const ofLines = spreadMax(graph, lines, y, gradientOf(input), {
    kernel,
    axis: 2,
  });
  return [spreadMax(graph, x, lines, ofLines, { kernel, axis: 3 })];
};

type Line = { readonly kernel: number; readonly axis: 2 | 3 };

/** The gradient of windows along one axis. */
function spreadMax(
  graph: Graph,
  x: Value,
  y: Value,
  dy: Value,
  { kernel, axis }: Line,
): Value {
  const reach = (kernel - 1) / 2;
  const size = known(x.dims[axis], "MaxPool");
  const rim = x.dims.map((_, i) => i === axis ? reach : 0);
  // zeros outside the image equal a largest of zero; their share falls outside
  const wide = Pad(graph, x, { before: rim, after: rim });
  const isLargest = Array.from({ length: kernel }, (_, k) => {
    const part = Slice(graph, wide, { axis, start: k, end: k + size });
    return Cast(graph, Equal(graph, part, y), "float32");
  });
  const ties = isLargest.reduce((a, b) => Add(graph, a, b));
  const share = Div(graph, dy, ties);
  const parts = isLargest.map((is, k) => {
    const before = x.dims.map((_, i) => i === axis ? k : 0);
    const after = x.dims.map((_, i) => i === axis ? 2 * reach - k : 0);
    return Pad(graph, Mul(graph, is, share), { before, after });
  });
  const sum = parts.reduce((a, b) => Add(graph, a, b));
  return Slice(graph, sum, { axis, start: reach, end: reach + size });
}

/**
 * Batch normalisation by the statistics of the batch itself, which move with x:
 * dx = a · (dy − mean(dy) − x̂ · mean(dy · x̂)), a = γ / √(variance + ε).
 */
const batchNormalization: Rule = (input) => {
  const { graph, node, inputs: [x, scale, , mean, variance] } = input;
  const dy = gradientOf(input);
  const [b, c, h, w] = sizes(x);
  const epsilon = node.attributes.epsilon;
  if (epsilon?.kind !== "float") throw new RangeError("No epsilon");
  const one = scalar(graph, 1);
  const inverse = Div(
    graph,
    one,
    Sqrt(graph, Add(graph, variance, scalar(graph, epsilon.value))),
  );
  const sum = ReduceSum(graph, dy, [0, 2, 3]); // dβ
  const product = ReduceSum(graph, Mul(graph, dy, x), [0, 2, 3]);
  // Σ dy · x̂ = (Σ dy · x − mean · Σ dy) / √(variance + ε), which is dγ
  const along = Mul(
    graph,
    inverse,
    Sub(graph, product, Mul(graph, mean, sum)),
  );
  const a = Mul(graph, scale, inverse);
  const count = scalar(graph, -1 / (b * h * w));
  const slope = Mul(graph, Mul(graph, a, inverse), Mul(graph, along, count));
  const offset = Sub(
    graph,
    Mul(graph, Mul(graph, a, sum), count),
    Mul(graph, slope, mean),
  );
  // slope · x + offset in one pass, as a normalisation by 0 and 1
  const whole = (value: number) => filled(graph, [c], value);
  const affine = BatchNormalization(graph, x, {
    scale: slope,
    shift: offset,
    mean: whole(0),
    variance: whole(1),
    epsilon: 0,
  });
  const scaled = Mul(graph, dy, Reshape(graph, a, [1, c, 1, 1]));
  return [Add(graph, scaled, affine), along, sum, undefined, undefined];
};

export const linearRules: Readonly<Record<string, Rule>> = {
  MatMul: matMul,
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: maxPool,
  BatchNormalization: batchNormalization,
};
