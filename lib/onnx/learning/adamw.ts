// AdamW over flat vectors, with clipping and a moving average, as one graph.
//
// Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), as
// torch.optim.AdamW computes it. Every value has a rate and a decay of its own,
// so that norms do not decay and frozen parts stand still.

import {
  addInput,
  addOutput,
  createGraph,
  type Graph,
  scalar,
  type Value,
} from "../graph.ts";
import { Add, Div, Min, Mul, Sqrt, Sub } from "../ops/elementwise.ts";
import { ReduceSum } from "../ops/reduce.ts";
import { Concat, Reshape } from "../ops/shape.ts";

/** What does not change while a model learns. */
export type AdamWOptions = {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon?: number;
  /** Gradients longer than this are shortened to it. */
  readonly clipNorm: number;
};

/** The vectors that a step changes, all of one length. */
export const adamWVectors = [
  "parameters",
  "moment1",
  "moment2",
  "average",
] as const;

/**
 * Builds a step.
 *
 * In: the vectors; `gradient 0`, `gradient 1`, … which make up the gradient one
 * behind the other; `rates` and `decays` for every value; `rate`, `correction1`
 * = 1 − β1^t, `correction2` = 1 − β2^t, `averageShare`, each `[1]`.
 * Out: `new …` of every vector, and `norm` `[1]`, the gradient's length before
 * clipping.
 */
export function buildAdamW(
  lengths: readonly number[],
  { beta1, beta2, epsilon = 1e-8, clipNorm }: AdamWOptions,
): Graph {
  const graph = createGraph("adamw");
  const length = lengths.reduce((sum, part) => sum + part, 0);
  const vector = (name: string) => addInput(graph, name, [length]);
  const one = (name: string) => addInput(graph, name, [1]);
  const parameters = vector("parameters");
  const moment1 = vector("moment1");
  const moment2 = vector("moment2");
  const average = vector("average");
  const rates = vector("rates");
  const decays = vector("decays");
  const rate = one("rate");
  const correction1 = one("correction1");
  const correction2 = one("correction2");
  const averageShare = one("averageShare");

  const { gradient, norm } = gatherGradient(graph, lengths, clipNorm);
  const first = mix(graph, moment1, gradient, scalar(graph, beta1));
  const squares = Mul(graph, gradient, gradient);
  const second = mix(graph, moment2, squares, scalar(graph, beta2));
  const spread = Add(
    graph,
    Sqrt(graph, Div(graph, second, correction2)),
    scalar(graph, epsilon),
  );
  const direction = Div(graph, Div(graph, first, correction1), spread);
  const own = Mul(graph, rates, rate);
  const shrink = Sub(graph, scalar(graph, 1), Mul(graph, own, decays));
  const next = Sub(
    graph,
    Mul(graph, parameters, shrink),
    Mul(graph, own, direction),
  );
  addOutput(graph, "new parameters", next);
  addOutput(graph, "new moment1", first);
  addOutput(graph, "new moment2", second);
  addOutput(graph, "new average", mix(graph, average, next, averageShare));
  addOutput(graph, "norm", norm);
  return graph;
}

/** The gradient as one vector, no longer than allowed. */
function gatherGradient(
  graph: Graph,
  lengths: readonly number[],
  clipNorm: number,
): { readonly gradient: Value; readonly norm: Value } {
  const parts = lengths.map((n, i) => addInput(graph, `gradient ${i}`, [n]));
  const whole = parts.length === 1
    ? parts[0]
    : Concat(graph, parts, { axis: 0 });
  const squares = ReduceSum(graph, Mul(graph, whole, whole), [0]);
  const norm = Reshape(graph, Sqrt(graph, squares), [1]);
  const room = Div(
    graph,
    scalar(graph, clipNorm),
    Add(graph, norm, scalar(graph, 1e-6)),
  );
  const factor = Min(graph, room, scalar(graph, 1));
  return { gradient: Mul(graph, whole, factor), norm };
}

/** share · old + (1 − share) · new */
function mix(graph: Graph, old: Value, recent: Value, share: Value): Value {
  const rest = Sub(graph, scalar(graph, 1), share);
  return Add(graph, Mul(graph, old, share), Mul(graph, recent, rest));
}
