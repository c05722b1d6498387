// What a segmenting network is trained to lessen besides: its masks.
//
// For every anchor that learns an object: binary cross entropy of coefficients
// · prototypes against the object's mask at a quarter of the input, inside the
// object's box, over the area of the box (MODELS 2.5 point 8).

import { known } from "../../onnx/dims.ts";
import { constant, type Graph, scalar, type Value } from "../../onnx/graph.ts";
import {
  Add,
  Cast,
  Div,
  Equal,
  Greater,
  Max,
  Mul,
  Softplus,
  Sub,
} from "../../onnx/ops/elementwise.ts";
import { MatMul } from "../../onnx/ops/linear.ts";
import { ReduceSum } from "../../onnx/ops/reduce.ts";
import { TopK } from "../../onnx/ops/select.ts";
import { Reshape, Split, Transpose } from "../../onnx/ops/shape.ts";
import type { HeadLogits } from "../graph/blocks.ts";
import type { Assignment, Targets } from "./assign.ts";
import { sumAll } from "./loss.ts";

/** Adds the loss of the masks, a scalar. */
export function maskLoss(
  graph: Graph,
  { coefficients, prototypes }: NonNullable<HeadLogits["masks"]>,
  { numbers }: Targets,
  { chosen, isPositive, boxes }: Assignment,
  { masks, width, slots, gain }: {
    /**
     * Which object each pixel belongs to, counted from 1, small ones on top; 0
     * is background, `[B, 1, height / 4 · width / 4]`.
     */
    readonly masks: Value;
    /** Of the input, pixels. */
    readonly width: number;
    /** Anchors of an image that may learn an object, at most. */
    readonly slots: number;
    readonly gain: number;
  },
): Value {
  const mul = (x: Value, y: Value) => Mul(graph, x, y);
  const [b, count, h, w] = prototypes.dims.map((dim) => known(dim, "masks"));
  const places = h * w;
  const { values: isUsed, indices } = TopK(graph, isPositive, slots); // [B, 1, K]
  const a = known(isPositive.dims[2], "anchors");
  const anchorNumbers = constant(graph, "anchor numbers", {
    dims: [1, a, 1],
    data: Float32Array.from({ length: a }, (_, i) => i),
  });
  // [B, A, K], 1 for the anchor in each slot
  const pick = Cast(
    graph,
    Equal(graph, anchorNumbers, Cast(graph, indices, "float32")),
    "float32",
  );
  const picked = (perAnchor: Value) =>
    Transpose(graph, MatMul(graph, perAnchor, pick), [0, 2, 1]); // [B, K, …]
  const number = Reshape(
    graph,
    ReduceSum(graph, mul(chosen, Add(graph, numbers, scalar(graph, 1))), [1]),
    [b, 1, a],
  );
  const logits = MatMul(
    graph,
    picked(coefficients),
    Reshape(graph, prototypes, [b, count, places]),
  ); // [B, K, L]
  const truth = Cast(graph, Equal(graph, masks, picked(number)), "float32");
  const entropy = Sub(graph, Softplus(graph, logits), mul(logits, truth));

  const box = mul(picked(boxes), scalar(graph, w / width)); // in pixels of the masks
  const [x0, y0, x1, y1] = Split(graph, box, { axis: 2, sizes: [1, 1, 1, 1] });
  const column = pixelNumbers(graph, "mask x", places, (i) => i % w);
  const line = pixelNumbers(graph, "mask y", places, (i) => Math.floor(i / w));
  const between = (low: Value, high: Value, at: Value) =>
    mul(isAtLeast(graph, at, low), isGreater(graph, high, at));
  const inside = mul(between(x0, x1, column), between(y0, y1, line));
  const used = Transpose(graph, isUsed, [0, 2, 1]); // [B, K, 1]
  const area = mul(
    mul(Sub(graph, x1, x0), Sub(graph, y1, y0)),
    scalar(graph, 1 / places),
  );
  // an empty slot has no area; it gets 1 and counts nothing
  const divisor = Add(graph, area, Sub(graph, scalar(graph, 1), used));
  const means = Reshape(
    graph,
    ReduceSum(graph, mul(entropy, inside), [2]),
    [b, slots, 1],
  );
  const each = Div(graph, mul(means, used), divisor);
  const positives = Max(graph, sumAll(graph, isPositive), scalar(graph, 1));
  return mul(
    Div(graph, sumAll(graph, each), positives),
    scalar(graph, gain / places),
  );
}

function pixelNumbers(
  graph: Graph,
  name: string,
  places: number,
  at: (i: number) => number,
): Value {
  const data = Float32Array.from({ length: places }, (_, i) => at(i));
  return constant(graph, name, { dims: [1, 1, places], data });
}

/** 1 where a > b */
function isGreater(graph: Graph, a: Value, b: Value): Value {
  return Cast(graph, Greater(graph, a, b), "float32");
}

/** 1 where a ≥ b */
function isAtLeast(graph: Graph, a: Value, b: Value): Value {
  return Sub(graph, scalar(graph, 1), isGreater(graph, b, a));
}
