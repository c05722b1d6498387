// Which anchor learns which object: task-aligned assignment as a graph.
//
// Follows TOOD (Feng et al., arXiv 2108.07755) in the form of MODELS 2.5: of
// the anchors inside an object, the ten that align best learn it; an anchor
// that several want goes to the one it overlaps most. Nothing here has a
// gradient. An anchor without any alignment is never chosen: which of them the
// official code takes is arbitrary, and they weigh nothing.

import { constant, type Graph, scalar, type Value } from "../../onnx/graph.ts";
import {
  Add,
  Cast,
  Div,
  Equal,
  Greater,
  Max,
  Min,
  Mul,
  Sqrt,
  Sub,
  Where,
} from "../../onnx/ops/elementwise.ts";
import { MatMul } from "../../onnx/ops/linear.ts";
import { ReduceMax, ReduceSum } from "../../onnx/ops/reduce.ts";
import { ArgMax, TopK } from "../../onnx/ops/select.ts";
import { Reshape, Slice, Split, Transpose } from "../../onnx/ops/shape.ts";
import type { Anchors } from "../graph/anchors.ts";
import { type BoxValues, completeIou } from "./ciou.ts";

/** The objects of a batch as graph inputs, padded to the same number M. */
export type Targets = {
  /** Corners in pixels of the input, `[B, M, 4]`. */
  readonly boxes: Value;
  /** One-hot, `[B, M, classes]`. */
  readonly classes: Value;
  /** 1 where there is an object, `[B, M, 1]`. */
  readonly present: Value;
  /** 0, 1, 2, …, `[1, M, 1]`. */
  readonly numbers: Value;
};

/** What each anchor learns. */
export type Assignment = {
  /** 1 for the object that an anchor learns, `[B, M, A]`. */
  readonly chosen: Value;
  /** 1 for anchors that learn one, `[B, 1, A]`. */
  readonly isPositive: Value;
  /** Corners in pixels of the input, `[B, 4, A]`; zeros where there is none. */
  readonly boxes: Value;
  /** Wanted class scores, `[B, classes, A]`. */
  readonly scores: Value;
};

const anchorsPerObject = 10;
const scorePower = 0.5;
const overlapPower = 6;
const inside = 1e-9; // least distance to a side, pixels
const leastSidePx = 16; // smaller objects count as this large when anchors are looked for

/**
 * Assigns anchors to objects.
 *
 * @param predicted boxes in pixels, each side `[B, 1, A]`, and class scores `[B, classes, A]`, without gradient
 */
export function assignAnchors(
  graph: Graph,
  targets: Targets,
  predicted: { readonly boxes: BoxValues; readonly scores: Value },
  anchors: Anchors,
): Assignment {
  const mul = (x: Value, y: Value) => Mul(graph, x, y);
  const truth = columns(graph, targets.boxes); // [B, M, 1] each
  const candidates = mul(
    insideOf(graph, truth, anchors),
    targets.present,
  ); // [B, M, A]
  const ciou = completeIou(graph, truth, predicted.boxes);
  const overlaps = mul(Max(graph, ciou, scalar(graph, 0)), candidates);
  const scores = MatMul(graph, targets.classes, predicted.scores);
  const alignment = mul(
    power(graph, scores, scorePower),
    power(graph, overlaps, overlapPower),
  );

  const { values: best } = TopK(graph, alignment, anchorsPerObject);
  const least = Slice(graph, best, {
    axis: 2,
    start: anchorsPerObject - 1,
    end: anchorsPerObject,
  });
  const number = (condition: Value) => Cast(graph, condition, "float32");
  const isPositive = number(Greater(graph, alignment, scalar(graph, 0)));
  const isBelow = number(Greater(graph, least, alignment));
  const wanted = mul(isPositive, Sub(graph, scalar(graph, 1), isBelow));

  // an anchor that several objects want goes to the one it overlaps most
  const claims = sumObjects(graph, wanted);
  const nearest = Cast(graph, ArgMax(graph, overlaps, { axis: 1 }), "float32");
  const isNearest = number(Equal(graph, targets.numbers, nearest));
  const isDisputed = Greater(graph, claims, scalar(graph, 1));
  const chosen = Where(graph, isDisputed, isNearest, wanted);

  // scores: alignment, scaled so that the best anchor of an object gets its best overlap
  const own = mul(alignment, chosen);
  const top = (x: Value) => {
    const [b, m] = x.dims;
    return Reshape(graph, ReduceMax(graph, x, [2]), [b, m, 1]);
  };
  const scale = Div(
    graph,
    top(mul(overlaps, chosen)),
    Add(graph, top(own), scalar(graph, 1e-9)),
  );
  const weights = sumObjects(graph, mul(own, scale)); // [B, 1, A]
  const turned = (x: Value) => Transpose(graph, x, [0, 2, 1]);
  return {
    chosen,
    isPositive: sumObjects(graph, chosen),
    boxes: MatMul(graph, turned(targets.boxes), chosen),
    scores: mul(MatMul(graph, turned(targets.classes), chosen), weights),
  };
}

function sumObjects(graph: Graph, x: Value): Value {
  const [b, , a] = x.dims;
  return Reshape(graph, ReduceSum(graph, x, [1]), [b, 1, a]);
}

/** The corners of boxes `[B, M, 4]` apart. */
function columns(graph: Graph, boxes: Value): BoxValues {
  const [x0, y0, x1, y1] = Split(graph, boxes, {
    axis: 2,
    sizes: [1, 1, 1, 1],
  });
  return { x0, y0, x1, y1 };
}

/** 1 where the centre of an anchor lies inside an object, `[B, M, A]`. */
function insideOf(graph: Graph, truth: BoxValues, anchors: Anchors): Value {
  const { x, y, stride } = anchors;
  const row = (name: string, cells: Float32Array) =>
    constant(graph, name, {
      dims: [1, 1, cells.length],
      data: cells.map((cell, i) => cell * stride[i]),
    });
  const along = (low: Value, high: Value, at: Value) => {
    const [from, to] = enlarged(graph, low, high);
    return Min(graph, Sub(graph, at, from), Sub(graph, to, at));
  };
  const least = Min(
    graph,
    along(truth.x0, truth.x1, row("anchor x px", x)),
    along(truth.y0, truth.y1, row("anchor y px", y)),
  );
  return Cast(graph, Greater(graph, least, scalar(graph, inside)), "float32");
}

/** Sides below the least size grow to it about their middle. */
function enlarged(graph: Graph, low: Value, high: Value): [Value, Value] {
  const size = Sub(graph, high, low);
  const lack = Max(
    graph,
    Sub(graph, scalar(graph, leastSidePx), size),
    scalar(graph, 0),
  );
  const half = Mul(graph, lack, scalar(graph, 0.5));
  return [Sub(graph, low, half), Add(graph, high, half)];
}

function power(graph: Graph, x: Value, exponent: number): Value {
  if (exponent === 0.5) return Sqrt(graph, x);
  const square = Mul(graph, x, x);
  return Mul(graph, Mul(graph, square, square), square); // the sixth
}
