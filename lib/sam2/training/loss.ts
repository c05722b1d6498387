// The loss of one decoder pass, as SAM 2's own training has it (MODELS 1.15).
//
// For each mask 20 · focal + dice; only the mask with the smallest counts. The
// predicted IoUs are held to the true ones, the object score to whether the
// object is there. Two things are added for training from nothing, both off in
// the official loss: cross entropy balanced between inside and outside (focal
// and dice alone soon predict empty masks), and a share for the mask that is
// used when there is more than one prompt.

import { type Graph, scalar, type Value } from "../../onnx/graph.ts";
import {
  Abs,
  Add,
  Cast,
  Div,
  Equal,
  Greater,
  Max,
  Mul,
  Neg,
  Sigmoid,
  Softplus,
  Sub,
} from "../../onnx/ops/elementwise.ts";
import { ReduceMax, ReduceMean, ReduceSum } from "../../onnx/ops/reduce.ts";
import { Resize } from "../../onnx/ops/resize.ts";
import { Reshape, Slice } from "../../onnx/ops/shape.ts";
import { StopGradient } from "../../onnx/gradients/reverse.ts";

/** How much each part of the loss counts. */
export type LossShares = {
  readonly focal: number;
  readonly dice: number;
  readonly iou: number;
  readonly objectScore: number;
  /** Cross entropy, inside and outside of the object alike. */
  readonly balanced: number;
  /** Of the single mask, where the best of three is what counts. */
  readonly single: number;
};

/** The official shares. */
export const officialShares: LossShares = {
  focal: 20,
  dice: 1,
  iou: 1,
  objectScore: 1,
  balanced: 0,
  single: 0,
};

/** The shares for training from nothing or from little. */
export const startingShares: LossShares = {
  ...officialShares,
  objectScore: 0.5,
  balanced: 0.3,
  single: 0.5,
};

/** What the decoder gave, and what it should have. */
export type LossInputs = {
  /** `[B, 4, h, w]` logits */
  readonly masks: Value;
  /** `[B, 4]` */
  readonly ious: Value;
  /** `[B, 1]` logit */
  readonly objectScore: Value;
  /** `[B, 1, H, W]`, 0 or 1; the masks are compared at this size. */
  readonly target: Value;
  /** `[B, 1]`, 1 where the object is there */
  readonly isPresent: Value;
};

/** The parts of the loss, each `[1]`, as means over the B objects. */
export type LossParts = {
  readonly total: Value;
  readonly focal: Value;
  readonly dice: Value;
  readonly iou: Value;
  readonly objectScore: Value;
};

/**
 * Adds the loss of a pass.
 *
 * @param choice whether the best of masks 1 to 3 counts, or mask 0
 */
export function decoderLoss(
  graph: Graph,
  { masks, ious, objectScore, target, isPresent }: LossInputs,
  { choice, shares }: {
    readonly choice: "best" | "single";
    readonly shares: LossShares;
  },
): LossParts {
  const [, , height, width] = target.dims.map(Number);
  const count = Number(masks.dims[0]);
  const isBest = choice === "best";
  const usesFirst = !isBest || shares.single > 0;
  const from = usesFirst ? 0 : 1;
  const used = Slice(graph, masks, {
    axis: 1,
    start: from,
    end: isBest ? 4 : 1,
  });
  const logits = Resize(graph, used, {
    size: { width, height },
    mode: "linear",
  });
  const each = maskLosses(graph, logits, target, shares);

  // the mask that counts, `[B, n]` of ones and zeros
  const shareOf = (value: Value, start: number, end: number) =>
    Slice(graph, value, { axis: 1, start, end });
  const total = (value: Value) => {
    const sum = ReduceSum(graph, Mul(graph, value, isPresent), [0, 1]);
    return Div(graph, Reshape(graph, sum, [1]), scalar(graph, count));
  };
  const pick = (value: Value) => {
    if (!isBest) return total(value);
    const three = shareOf(value, 1 - from, 4 - from);
    return total(Mul(graph, three, chosen));
  };
  const chosen = isBest
    ? smallest(graph, shareOf(each.sum, 1 - from, 4 - from))
    : each.sum;
  const focal = pick(each.focal);
  const dice = pick(each.dice);
  const trueIous = isBest ? shareOf(each.ious, 1 - from, 4 - from) : each.ious;
  const foundIous = isBest ? shareOf(ious, 1, 4) : shareOf(ious, 0, 1);
  const off = Abs(graph, Sub(graph, foundIous, StopGradient(graph, trueIous)));
  const iou = Mul(graph, total(off), scalar(graph, isBest ? 1 / 3 : 1));
  const score = Reshape(
    graph,
    ReduceMean(graph, crossEntropy(graph, objectScore, isPresent), [0, 1]),
    [1],
  );
  const parts = [pick(each.sum), weighted(graph, iou, shares.iou)];
  parts.push(weighted(graph, score, shares.objectScore));
  if (isBest && usesFirst) {
    parts.push(weighted(graph, total(shareOf(each.sum, 0, 1)), shares.single));
  }
  return {
    total: parts.reduce((a, b) => Add(graph, a, b)),
    focal,
    dice,
    iou,
    objectScore: score,
  };
}

function weighted(graph: Graph, value: Value, share: number): Value {
  return Mul(graph, value, scalar(graph, share));
}

/** softplus(x) − x · t */
function crossEntropy(graph: Graph, logits: Value, target: Value): Value {
  return Sub(graph, Softplus(graph, logits), Mul(graph, logits, target));
}

/** Ones where a row `[B, n]` is smallest; exactly equal ones, which floats hardly ever are, all count. */
function smallest(graph: Graph, losses: Value): Value {
  const still = StopGradient(graph, losses);
  const least = Neg(graph, ReduceMax(graph, Neg(graph, still), [1]));
  const column = Reshape(graph, least, [losses.dims[0], 1]);
  return Cast(graph, Equal(graph, still, column), "float32");
}

/** The losses of every mask `[B, n, H, W]` against one target, each `[B, n]`. */
function maskLosses(
  graph: Graph,
  logits: Value,
  target: Value,
  shares: LossShares,
) {
  const one = scalar(graph, 1);
  const over = (value: Value) => ReduceSum(graph, value, [2, 3]);
  const p = Sigmoid(graph, logits);
  const entropy = crossEntropy(graph, logits, target);
  const hit = Mul(graph, p, target);
  const sumP = over(p);
  const sumT = over(target);
  const sumHit = over(hit);

  // focal: (1 − p_t)², and 0.25 inside, 0.75 outside;
  // 1 − p_t = p + t − 2 p t
  const miss = Sub(
    graph,
    Add(graph, p, target),
    Mul(graph, hit, scalar(graph, 2)),
  );
  const alpha = Sub(
    graph,
    scalar(graph, 0.75),
    Mul(graph, target, scalar(graph, 0.5)),
  );
  const heavy = Mul(graph, Mul(graph, miss, miss), Mul(graph, entropy, alpha));
  const focal = ReduceMean(graph, heavy, [2, 3]);
  const dice = Sub(
    graph,
    one,
    Div(
      graph,
      Add(graph, Mul(graph, sumHit, scalar(graph, 2)), one),
      Add(graph, Add(graph, sumP, sumT), one),
    ),
  );
  let sum = Add(
    graph,
    weighted(graph, focal, shares.focal),
    weighted(graph, dice, shares.dice),
  );
  if (shares.balanced > 0) {
    const even = balanced(graph, entropy, target, sumT);
    sum = Add(graph, sum, weighted(graph, even, shares.balanced));
  }
  return { focal, dice, sum, ious: trueIous(graph, logits, target, sumT) };
}

/** The mean over the inside plus the mean over the outside. */
function balanced(graph: Graph, entropy: Value, target: Value, sumT: Value) {
  const pixels = Number(target.dims[2]) * Number(target.dims[3]);
  const inside = ReduceSum(graph, Mul(graph, entropy, target), [2, 3]);
  const outside = Sub(graph, ReduceSum(graph, entropy, [2, 3]), inside);
  const few = scalar(graph, 4); // tiny parts do not outweigh the rest
  const rest = Sub(graph, scalar(graph, pixels + 4), sumT);
  return Add(
    graph,
    Div(graph, inside, Add(graph, sumT, few)),
    Div(graph, outside, rest),
  );
}

/** The IoU of every mask, cut at logit 0, with the target. */
function trueIous(graph: Graph, logits: Value, target: Value, sumT: Value) {
  const still = StopGradient(graph, logits);
  const inside = Cast(
    graph,
    Greater(graph, still, scalar(graph, 0)),
    "float32",
  );
  const both = ReduceSum(graph, Mul(graph, inside, target), [2, 3]);
  const area = ReduceSum(graph, inside, [2, 3]);
  const union = Sub(graph, Add(graph, area, sumT), both);
  return Div(graph, both, Max(graph, union, scalar(graph, 1)));
}
