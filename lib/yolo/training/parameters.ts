// What a network learns, as flat vectors.
//
// One vector holds every weight, in three groups that the optimiser treats
// apart: weights (they decay), scales of batch norms, offsets. Another holds
// the running means and variances. So a step moves a handful of tensors, not
// hundreds, and graphs load fast.

import type { Tensor } from "../../base/tensor.ts";
import {
  endOf,
  layPlaces,
  type Place,
} from "../../onnx/learning/flat_vector.ts";
import { type ConvLayer, convsOf, type Network } from "../network.ts";
import type { YoloWeights } from "../weights.ts";

/** Groups in the order in which they lie. */
export const parameterGroups = ["weights", "scales", "offsets"] as const;
export type ParameterGroup = typeof parameterGroups[number];

/** Where everything that learns lies. */
export type ParameterLayout = {
  readonly places: readonly Place[];
  /** Lengths of the groups, which follow each other. */
  readonly groups: Readonly<Record<ParameterGroup, number>>;
  readonly length: number;
  /** Running means and variances, a mean before its variance. */
  readonly running: readonly Place[];
  readonly runningLength: number;
};

/** All values that change while training. */
export type ParameterValues = {
  readonly parameters: Float32Array;
  readonly running: Float32Array;
};

/** The convolutions of a network by the number of their layer; the head's number is the last. */
export function convsByLayer(
  { layers, head }: Network,
): readonly (readonly ConvLayer[])[] {
  const { masks } = head;
  const parts = [
    ...head.boxBranches,
    ...head.classBranches,
    ...(masks
      ? [masks.enter, masks.middle, masks.leave, ...masks.branches]
      : []),
  ];
  return [
    ...layers.map(({ block }) => convsOf(block)),
    parts.flatMap(convsOf),
  ];
}

/**
 * Lays out what learns.
 *
 * @param freeze how many modules from the front stay as they are
 */
export function layoutParameters(
  weights: YoloWeights,
  { freeze = 0 }: { freeze?: number } = {},
): ParameterLayout {
  const { network } = weights;
  const convs = convsByLayer(network).slice(freeze).flat();
  const upsample = network.head.masks?.upsample;
  const hasHead = freeze <= network.layers.length;
  const extra = upsample && hasHead ? [upsample] : [];
  const names: Readonly<Record<ParameterGroup, readonly string[]>> = {
    weights: [
      ...convs.map(({ weight }) => weight),
      ...extra.map(({ weight }) => weight),
    ],
    scales: convs.flatMap(({ norm }) => norm ? [`${norm.name}.weight`] : []),
    offsets: [
      ...convs.flatMap(({ norm, bias }) => [
        ...(norm ? [`${norm.name}.bias`] : []),
        ...(bias ? [bias] : []),
      ]),
      ...extra.map(({ bias }) => bias),
    ],
  };
  const dimsOf = (name: string) => weights.read(name).dims;
  const places = layPlaces(
    parameterGroups.flatMap((group) => names[group]),
    dimsOf,
  );
  const running = layPlaces(
    convs.flatMap(({ norm }) =>
      norm ? [`${norm.name}.running_mean`, `${norm.name}.running_var`] : []
    ),
    dimsOf,
  );
  const lengthOf = (group: ParameterGroup) =>
    places.filter(({ name }) => names[group].includes(name))
      .reduce((sum, { length }) => sum + length, 0);
  return {
    places,
    groups: {
      weights: lengthOf("weights"),
      scales: lengthOf("scales"),
      offsets: lengthOf("offsets"),
    },
    length: endOf(places),
    running,
    runningLength: endOf(running),
  };
}

/** Gathers the values of a network into flat vectors. */
export function gatherParameters(
  weights: YoloWeights,
  layout: ParameterLayout,
): ParameterValues {
  const gather = (places: readonly Place[], length: number) => {
    const flat = new Float32Array(length);
    for (const { name, from } of places) {
      flat.set(weights.read(name).data, from);
    }
    return flat;
  };
  return {
    parameters: gather(layout.places, layout.length),
    running: gather(layout.running, layout.runningLength),
  };
}

/** The weights with what was learnt in place of what was; the rest as it was. */
export function withParameters(
  weights: YoloWeights,
  layout: ParameterLayout,
  { parameters, running }: ParameterValues,
): YoloWeights {
  const learnt = new Map<string, Tensor>();
  const cut = (places: readonly Place[], flat: Float32Array) => {
    for (const { name, dims, from, length } of places) {
      learnt.set(name, { dims, data: flat.subarray(from, from + length) });
    }
  };
  cut(layout.places, parameters);
  cut(layout.running, running);
  return {
    network: weights.network,
    read: (name) => learnt.get(name) ?? weights.read(name),
  };
}
