// The optimisers as graph functions over flat vectors.
//
// AdamW as torch.optim.AdamW, SGD as torch.optim.SGD with Nesterov's momentum.
// MuSGD, the official choice for long runs, adds to the step of SGD a fifth of
// Muon's (Jordan et al., github.com/KellerJordan/Muon): the momentum of each
// convolution, made orthogonal by five steps of Newton and Schulz. The official
// code computes these in bfloat16, here they are float32; the weights of a step
// differ by up to 2e-5 for that.

import {
  addInput,
  addOutput,
  constant,
  type Graph,
  scalar,
  type Value,
} from "../../onnx/graph.ts";
import { Add, Div, Mul, Sqrt, Sub } from "../../onnx/ops/elementwise.ts";
import { MatMul } from "../../onnx/ops/linear.ts";
import { ReduceSum } from "../../onnx/ops/reduce.ts";
import {
  Concat,
  Reshape,
  Slice,
  Split,
  Transpose,
} from "../../onnx/ops/shape.ts";
import type { Place } from "../../onnx/learning/flat_vector.ts";
import { parameterGroups, type ParameterLayout } from "./parameters.ts";

/** The optimisers by name. */
export const optimisers = ["adamw", "sgd", "musgd"] as const;
export type Optimiser = typeof optimisers[number];

/** Whether an optimiser keeps a second moment. */
export function hasSecondMoment(optimiser: Optimiser): boolean {
  return optimiser !== "sgd";
}

const beta2 = 0.999;
const adamEpsilon = 1e-8;

/**
 * Adds the step from gradients, clipped already, to new parameters; declares
 * the inputs of the optimiser and the new moments as outputs.
 */
export function optimise(
  graph: Graph,
  optimiser: Optimiser,
  { parameters, gradient, layout }: {
    readonly parameters: Value;
    readonly gradient: Value;
    readonly layout: ParameterLayout;
  },
): Value {
  const rates = Split(graph, addInput(graph, "rates", [3]), {
    axis: 0,
    sizes: [1, 1, 1],
  });
  const given: Given = {
    parameters,
    gradient,
    layout,
    rates,
    momentum: addInput(graph, "momentum", [1]),
    weightDecay: addInput(graph, "weightDecay", [1]),
    moment1: addInput(graph, "moment1", [layout.length]),
  };
  switch (optimiser) {
    case "adamw":
      return adamW(graph, given);
    case "sgd":
      return Sub(graph, parameters, sgdStep(graph, given));
    case "musgd":
      return muSgd(graph, given);
  }
}

type Given = {
  readonly parameters: Value;
  readonly gradient: Value;
  readonly layout: ParameterLayout;
  readonly rates: readonly Value[];
  readonly momentum: Value;
  readonly weightDecay: Value;
  readonly moment1: Value;
};

/** Changes the groups of a flat vector apart. */
function byGroup(
  graph: Graph,
  flat: Value,
  { groups }: ParameterLayout,
  change: (part: Value, i: number) => Value,
): Value {
  const sizes = parameterGroups.map((group) => groups[group]);
  const parts = Split(graph, flat, { axis: 0, sizes });
  return Concat(graph, parts.map(change), { axis: 0 });
}

function decays(group: number): boolean {
  return parameterGroups[group] === "weights";
}

/** share · old + (1 − share) · new */
export function mix(
  graph: Graph,
  old: Value,
  recent: Value,
  share: Value,
): Value {
  const rest = Sub(graph, scalar(graph, 1), share);
  return Add(graph, Mul(graph, old, share), Mul(graph, recent, rest));
}

function adamW(graph: Graph, given: Given): Value {
  const { parameters, gradient, layout, rates, momentum, moment1 } = given;
  const moment2 = addInput(graph, "moment2", [layout.length]);
  const correction1 = addInput(graph, "correction1", [1]);
  const correction2 = addInput(graph, "correction2", [1]);
  const first = mix(graph, moment1, gradient, momentum);
  const squares = Mul(graph, gradient, gradient);
  const second = mix(graph, moment2, squares, scalar(graph, beta2));
  addOutput(graph, "new moment1", first);
  addOutput(graph, "new moment2", second);
  const spread = Add(
    graph,
    Div(graph, Sqrt(graph, second), Sqrt(graph, correction2)),
    scalar(graph, adamEpsilon),
  );
  const direction = Div(graph, Div(graph, first, correction1), spread);
  const steps = byGroup(
    graph,
    direction,
    layout,
    (part, i) => Mul(graph, part, rates[i]),
  );
  const kept = byGroup(graph, parameters, layout, (part, i) => {
    if (!decays(i)) return part;
    const decay = Mul(graph, rates[i], given.weightDecay);
    return Mul(graph, part, Sub(graph, scalar(graph, 1), decay));
  });
  return Sub(graph, kept, steps);
}

/** What SGD takes off the parameters. */
function sgdStep(
  graph: Graph,
  { parameters, gradient, layout, rates, momentum, weightDecay, moment1 }:
    Given,
): Value {
  const decay = byGroup(
    graph,
    parameters,
    layout,
    (part, i) => Mul(graph, part, decays(i) ? weightDecay : scalar(graph, 0)),
  );
  const decayed = Add(graph, gradient, decay);
  const velocity = Add(graph, Mul(graph, moment1, momentum), decayed);
  addOutput(graph, "new moment1", velocity);
  const ahead = Add(graph, decayed, Mul(graph, velocity, momentum));
  return byGroup(graph, ahead, layout, (part, i) => Mul(graph, part, rates[i]));
}

const muonShare = 0.2;
const classRate = 3; // the class branches of the head learn so much faster

function muSgd(graph: Graph, given: Given): Value {
  const { parameters, gradient, layout, rates, momentum } = given;
  const moment2 = addInput(graph, "moment2", [layout.length]);
  const slow = mix(graph, moment2, gradient, momentum);
  addOutput(graph, "new moment2", slow);
  const ahead = mix(graph, slow, gradient, momentum); // of Muon's momentum
  const directions = layout.places.map((place) => {
    const end = place.from + place.length;
    const part = Slice(graph, ahead, { axis: 0, start: place.from, end });
    return orthogonalPart(graph, part, place);
  });
  const muon = byGroup(
    graph,
    Concat(graph, directions, { axis: 0 }),
    layout,
    (part, i) => Mul(graph, part, rates[i]),
  );
  const step = Add(
    graph,
    sgdStep(graph, given),
    Mul(graph, muon, scalar(graph, muonShare)),
  );
  return Sub(graph, parameters, Mul(graph, step, rateFactors(graph, layout)));
}

/** Convolutions as orthogonal matrices; anything else takes no part. */
function orthogonalPart(graph: Graph, part: Value, place: Place): Value {
  const { dims, length } = place;
  if (dims.length !== 4) return Mul(graph, part, scalar(graph, 0));
  const rows = dims[0], columns = length / rows;
  const matrix = Reshape(graph, part, [rows, columns]);
  const isTall = rows > columns;
  const wide = isTall ? Transpose(graph, matrix, [1, 0]) : matrix;
  const turned = newtonSchulz(graph, wide);
  const back = isTall ? Transpose(graph, turned, [1, 0]) : turned;
  return Reshape(graph, back, [length]);
}

const schulz = { a: 3.4445, b: -4.775, c: 2.0315, steps: 5 } as const;

/** A matrix with singular values near 1 and the directions of the given one. */
function newtonSchulz(graph: Graph, matrix: Value): Value {
  const times = (x: Value, factor: number) =>
    Mul(graph, x, scalar(graph, factor));
  const length = Sqrt(
    graph,
    ReduceSum(graph, ReduceSum(graph, Mul(graph, matrix, matrix), [1]), [0]),
  );
  let x = Div(graph, matrix, Add(graph, length, scalar(graph, 1e-7)));
  for (let step = 0; step < schulz.steps; step++) {
    const square = MatMul(graph, x, Transpose(graph, x, [1, 0]));
    const both = Add(
      graph,
      times(square, schulz.b),
      times(MatMul(graph, square, square), schulz.c),
    );
    x = Add(graph, times(x, schulz.a), MatMul(graph, both, x));
  }
  return x;
}

/** How fast each parameter learns, over the rate of its group. */
function rateFactors(graph: Graph, { places, length }: ParameterLayout): Value {
  const data = new Float32Array(length).fill(1);
  for (const { name, from, length } of places) {
    if (/^model\.\d+\.cv3\.\d/.test(name) && isOfHead(name, places)) {
      data.fill(classRate, from, from + length);
    }
  }
  return constant(graph, "rate factors", { dims: [length], data });
}

/** The head is the module with the highest number. */
function isOfHead(name: string, places: readonly Place[]): boolean {
  const numberOf = (text: string) => Number(/^model\.(\d+)\./.exec(text)?.[1]);
  const last = Math.max(...places.map(({ name }) => numberOf(name)));
  return numberOf(name) === last;
}
