// Matrix products and convolutions.

import { broadcast, known, shapeError } from "../dims.ts";
import { addNode, type Dim, type Graph, type Value } from "../graph.ts";

/** a · b over the last two axes; the axes before them broadcast. */
export function MatMul(graph: Graph, a: Value, b: Value): Value {
  const [m, k] = a.dims.slice(-2);
  const [k2, n] = b.dims.slice(-2);
  if (a.dims.length < 2 || b.dims.length < 2 || k !== k2) {
    throw shapeError("MatMul", `inner sizes are ${k} and ${k2}`, a, b);
  }
  const batchA = { ...a, dims: a.dims.slice(0, -2) };
  const batchB = { ...b, dims: b.dims.slice(0, -2) };
  const dims = [...broadcast("MatMul", batchA, batchB), m, n];
  return addNode(graph, "MatMul", [a, b], { dims });
}

/** How a convolution moves over the image; the same in both directions. */
export type ConvOptions = {
  /** Of rows and columns alike, or apart. */
  readonly stride?: number | readonly [rows: number, columns: number];
  /** Rows and columns of zeros on every side, or rows and columns apart. */
  readonly pad?: number | readonly [rows: number, columns: number];
  readonly groups?: number;
};

/** Convolution of x `[B, C, h, w]` with weight `[O, C / groups, kh, kw]` and bias `[O]`. */
export function Conv(
  graph: Graph,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  { stride = 1, pad = 0, groups = 1 }: ConvOptions = {},
): Value {
  const [b, c, h, w] = x.dims;
  const [o, i, kernelHeight, kernelWidth] = weight.dims;
  if (known(c, "Conv") !== known(i, "Conv") * groups) {
    throw shapeError("Conv", `${c} channels in ${groups} groups`, x, weight);
  }
  const [rows, columns] = typeof pad === "number" ? [pad, pad] : pad;
  const [down, along] = typeof stride === "number" ? [stride, stride] : stride;
  const shrink = (size: Dim, kernel: Dim, rim: number, step: number) =>
    Math.floor(
      (known(size, "Conv") + 2 * rim - known(kernel, "Conv")) / step,
    ) + 1;
  const dims = [
    b,
    o,
    shrink(h, kernelHeight, rows, down),
    shrink(w, kernelWidth, columns, along),
  ];
  return addNode(graph, "Conv", [x, weight, bias], { dims }, {
    strides: { kind: "ints", value: [down, along] },
    pads: { kind: "ints", value: [rows, columns, rows, columns] },
    group: { kind: "int", value: groups },
  });
}

/**
 * Transposed convolution of x `[B, C, h, w]` with weight `[C, O / groups, k, k]`.
 *
 * @param options.pad rows and columns cut off on every side
 * @param options.extra rows and columns more at the end: [height, width]
 */
export function ConvTranspose(
  graph: Graph,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  { stride = 1, pad = 0, groups = 1, extra = [0, 0] }:
    & Omit<ConvOptions, "pad" | "stride">
    & {
      readonly stride?: number;
      readonly pad?: number;
      readonly extra?: readonly [height: number, width: number];
    } = {},
): Value {
  const [b, c, h, w] = x.dims;
  const [i, o, k] = weight.dims;
  if (c !== i) {
    throw shapeError("ConvTranspose", `${c} and ${i} channels`, x, weight);
  }
  const grow = (size: number, more: number) =>
    (size - 1) * stride + known(k, "Conv") - 2 * pad + more;
  const dims = [
    b,
    known(o, "Conv") * groups,
    grow(known(h, "Conv"), extra[0]),
    grow(known(w, "Conv"), extra[1]),
  ];
  return addNode(graph, "ConvTranspose", [x, weight, bias], { dims }, {
    strides: { kind: "ints", value: [stride, stride] },
    pads: { kind: "ints", value: [pad, pad, pad, pad] },
    output_padding: { kind: "ints", value: extra },
    group: { kind: "int", value: groups },
  });
}
