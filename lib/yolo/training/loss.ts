// What a detector is trained to lessen: boxes, classes and the spread of sides.
//
// Complete IoU of the boxes (CIoU), binary cross entropy of the classes over
// all anchors, and the distribution focal loss of the sides (Li et al., arXiv
// 2006.04388), with the weights and gains of MODELS 2.5. Boxes count in cells.

import { known } from "../../onnx/dims.ts";
import {
  constant,
  type Graph,
  label,
  scalar,
  type Value,
} from "../../onnx/graph.ts";
import { StopGradient } from "../../onnx/gradients/reverse.ts";
import {
  Abs,
  Add,
  Div,
  Exp,
  Greater,
  Max,
  Min,
  Mul,
  Relu,
  Sigmoid,
  Softplus,
  Sub,
  Where,
} from "../../onnx/ops/elementwise.ts";
import { MatMul } from "../../onnx/ops/linear.ts";
import { LogSoftmax, ReduceSum } from "../../onnx/ops/reduce.ts";
import { Concat, Reshape, Split, Transpose } from "../../onnx/ops/shape.ts";
import { type Anchors, anchorsOf } from "../graph/anchors.ts";
import type { HeadLogits } from "../graph/blocks.ts";
import { assignAnchors, type Assignment, type Targets } from "./assign.ts";
import { type BoxValues, completeIou } from "./ciou.ts";

/** How much each part counts. */
export type Gains = {
  readonly box: number;
  readonly class: number;
  readonly side: number;
};

/** The gains of the official training. */
export const defaultGains: Gains = { box: 7.5, class: 0.5, side: 1.5 };

/** The parts of the loss, each a scalar with its gain, and what was assigned. */
export type LossParts = {
  readonly box: Value;
  readonly class: Value;
  readonly side: Value;
  readonly assignment: Assignment;
  /** The sum of all wanted scores, at least 1, a scalar. */
  readonly targetSum: Value;
};

const lastSide = 0.01; // a side's target stays this far below the last bin

/** Adds the loss of a batch to the graph. */
export function detectionLoss(
  graph: Graph,
  logits: HeadLogits,
  targets: Targets,
  { bins, width, gains = defaultGains }: {
    readonly bins: number;
    /** Of the input, pixels. */
    readonly width: number;
    readonly gains?: Gains;
  },
): LossParts {
  const mul = (x: Value, y: Value) => Mul(graph, x, y);
  const anchors = anchorsOf(logits.maps, width);
  const distribution = sideDistribution(graph, logits.boxes, bins);
  const sides = meanSides(graph, distribution);
  const predicted = boxesOf(graph, sides, anchors); // in cells
  const stride = row(graph, "stride", anchors.stride);
  const inPixels = (value: Value) => StopGradient(graph, mul(value, stride));
  const assignment = assignAnchors(graph, targets, {
    boxes: {
      x0: inPixels(predicted.x0),
      y0: inPixels(predicted.y0),
      x1: inPixels(predicted.x1),
      y1: inPixels(predicted.y1),
    },
    scores: StopGradient(graph, Sigmoid(graph, logits.classes)),
  }, anchors);

  label(graph, "chosen", assignment.chosen);
  const wanted = label(graph, "wanted scores", assignment.scores);
  const targetSum = Max(graph, sumAll(graph, wanted), scalar(graph, 1));
  const share = (sum: Value, gain: number) =>
    mul(Div(graph, sum, targetSum), scalar(graph, gain));
  const entropy = Sub(
    graph,
    Softplus(graph, logits.classes),
    mul(logits.classes, wanted),
  );
  const [b, , a] = wanted.dims;
  const weight = Reshape(graph, ReduceSum(graph, wanted, [1]), [b, 1, a]);
  const truth = truthInCells(graph, assignment, anchors);
  const apart = Sub(
    graph,
    scalar(graph, 1),
    completeIou(graph, predicted, truth),
  );
  const spread = sideEntropy(graph, distribution, truth, anchors);
  return {
    box: share(sumAll(graph, mul(apart, weight)), gains.box),
    class: share(sumAll(graph, entropy), gains.class),
    side: share(sumAll(graph, mul(spread, weight)), gains.side),
    assignment,
    targetSum,
  };
}

/** The sum of all elements, a scalar. */
export function sumAll(graph: Graph, x: Value): Value {
  return ReduceSum(graph, x, x.dims.map((_, i) => i));
}

/** A constant along the anchors, `[1, 1, A]`. */
export function row(graph: Graph, name: string, data: Float32Array): Value {
  return constant(graph, name, { dims: [1, 1, data.length], data });
}

/** Boxes in cells from their sides `[B, 4, A]`; each corner is `[B, 1, A]`. */
function boxesOf(graph: Graph, sides: Value, { x, y }: Anchors): BoxValues {
  const [left, top, right, bottom] = Split(graph, sides, {
    axis: 1,
    sizes: [1, 1, 1, 1],
  });
  const atX = row(graph, "anchor x", x);
  const atY = row(graph, "anchor y", y);
  return {
    x0: Sub(graph, atX, left),
    y0: Sub(graph, atY, top),
    x1: Add(graph, atX, right),
    y1: Add(graph, atY, bottom),
  };
}

/**
 * The boxes that anchors learn, in cells; an anchor that learns none has a box
 * of its own cell, so that nothing is divided by zero there.
 */
function truthInCells(
  graph: Graph,
  { boxes, isPositive }: Assignment,
  { x, y, stride }: Anchors,
): BoxValues {
  const corners = Split(graph, boxes, { axis: 1, sizes: [1, 1, 1, 1] });
  const isThere = Greater(graph, isPositive, scalar(graph, 0.5));
  const scale = row(graph, "1 / stride", stride.map((px) => 1 / px));
  const [x0, y0, x1, y1] = corners.map((corner, i) => {
    const centres = i % 2 === 0 ? x : y;
    const own = centres.map((cell) => cell + (i < 2 ? -0.5 : 0.5));
    const cell = row(graph, `own cell ${i}`, own);
    return Where(graph, isThere, Mul(graph, corner, scale), cell);
  });
  return { x0, y0, x1, y1 };
}

/** Logarithms of the probability of each side's bins, `[B, 4, A, bins]`. */
function sideDistribution(graph: Graph, boxes: Value, bins: number): Value {
  const [b, , a] = boxes.dims;
  const apart = Reshape(graph, boxes, [b, 4, bins, a]);
  return LogSoftmax(graph, Transpose(graph, apart, [0, 1, 3, 2]));
}

/** The mean bin of each side, `[B, 4, A]`. */
function meanSides(graph: Graph, distribution: Value): Value {
  const [b, , a, bins] = distribution.dims;
  const count = known(bins, "bins");
  const column = constant(graph, "bin column", {
    dims: [count, 1],
    data: Float32Array.from({ length: count }, (_, i) => i),
  });
  const means = MatMul(graph, Exp(graph, distribution), column);
  return Reshape(graph, means, [b, 4, a]);
}

/** Cross entropy of each side's bins against the two next to the truth, mean of four sides, `[B, 1, A]`. */
function sideEntropy(
  graph: Graph,
  distribution: Value,
  truth: BoxValues,
  { x, y }: Anchors,
): Value {
  const [b, , a, binDim] = distribution.dims;
  const bins = known(binDim, "bins");
  const atX = row(graph, "anchor x", x);
  const atY = row(graph, "anchor y", y);
  const distances = Concat(graph, [
    Sub(graph, atX, truth.x0),
    Sub(graph, atY, truth.y0),
    Sub(graph, truth.x1, atX),
    Sub(graph, truth.y1, atY),
  ], { axis: 1 });
  const most = scalar(graph, bins - 1 - lastSide);
  const clamped = Min(graph, Max(graph, distances, scalar(graph, 0)), most);
  const numbers = constant(graph, "bin row", {
    dims: [1, 1, 1, bins],
    data: Float32Array.from({ length: bins }, (_, i) => i),
  });
  const away = Sub(graph, numbers, Reshape(graph, clamped, [b, 4, a, 1]));
  const near = Relu(
    graph,
    Sub(graph, scalar(graph, 1), Abs(graph, away)),
  );
  const sums = ReduceSum(graph, Mul(graph, distribution, near), [1, 3]);
  return Reshape(graph, Mul(graph, sums, scalar(graph, -0.25)), [b, 1, a]);
}
