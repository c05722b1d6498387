// What training starts from: nothing, or a checkpoint made for other classes or
// for boxes only.
//
// Random weights follow torch's defaults (uniform within 1 / √inputs), biases
// of the head the usual prior: boxes of some size, few objects. From a
// checkpoint everything is kept that fits; the class layer is made anew for
// new classes, and rows of classes with the same name are copied (MODELS 2.6).

import { hashText, seededRandom } from "../../base/random.ts";
import { sizeOf, type Tensor } from "../../base/tensor.ts";
import {
  type Design,
  designMasks,
  designNetwork,
  type TensorRole,
} from "../design.ts";
import {
  type Block,
  type ConvLayer,
  convsOf,
  type Head,
  type Network,
  tensorNames,
} from "../network.ts";
import type { YoloWeights } from "../weights.ts";

/** What is to be learnt. */
export type StartOptions = {
  readonly task: Network["task"];
  /** Class names by number. */
  readonly names: readonly string[];
  /** Side of the input in training, pixels. */
  readonly imageSide: number;
  readonly seed: number;
};

/** A network with random weights. */
export function startFromNothing(
  { family, size }: Pick<Design, "family" | "size">,
  { task, names, imageSide, seed }: StartOptions,
): YoloWeights {
  const { network, shapes } = designNetwork({ family, size, task }, {
    names,
    imageSide,
  });
  const priors = headPriors(network);
  const made = new Map<string, Tensor>();
  for (const [name, { dims, role }] of shapes) {
    made.set(name, priors.get(name) ?? randomTensor(name, dims, role, seed));
  }
  return { network, read: (name) => getTensor(made, name, network.title) };
}

function getTensor(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  title: string,
): Tensor {
  const tensor = tensors.get(name);
  if (tensor) return tensor;
  throw new RangeError(`Cannot read ${title}: it has no tensor ${name}`);
}

function randomTensor(
  name: string,
  dims: readonly number[],
  role: TensorRole,
  seed: number,
): Tensor {
  const filled = (value: number) => new Float32Array(sizeOf(dims)).fill(value);
  switch (role) {
    case "normWeight":
    case "normVariance":
      return { dims, data: filled(1) };
    case "normBias":
    case "normMean":
    case "counter":
      return { dims, data: filled(0) };
    case "bins":
      return { dims, data: filled(0).map((_, i) => i) };
    case "weight":
      return uniform(name, dims, sizeOf(dims.slice(1)), seed);
    case "bias": // only plain convolutions with 1×1 inputs have one beside a prior
      return uniform(name, dims, dims[0], seed);
  }
}

function uniform(
  name: string,
  dims: readonly number[],
  inputs: number,
  seed: number,
): Tensor {
  const random = seededRandom(hashText(`${seed} ${name}`));
  const bound = 1 / Math.sqrt(inputs);
  const data = Float32Array.from(
    { length: sizeOf(dims) },
    () => (2 * random() - 1) * bound,
  );
  return { dims, data };
}

const strides = [8, 16, 32, 64, 128, 256, 512, 1024];
const objectsOfImage = 5; // the prior expects so many on an image of 640

/** Biases of the head that say: some size, and hardly ever an object. */
function headPriors({ head, names }: Network): Map<string, Tensor> {
  const priors = new Map<string, Tensor>();
  const fill = (branch: Block, length: number, value: number) => {
    const bias = lastConv(branch).bias;
    if (!bias) return;
    const data = new Float32Array(length).fill(value);
    priors.set(bias, { dims: [length], data });
  };
  head.boxBranches.forEach((branch) => fill(branch, 4 * head.bins, 2));
  head.classBranches.forEach((branch, i) =>
    fill(branch, names.length, classPrior(names.length, strides[i]))
  );
  return priors;
}

function classPrior(classes: number, stride: number): number {
  return Math.log(objectsOfImage / classes / (640 / stride) ** 2);
}

function lastConv(branch: Block): ConvLayer {
  const convs = convsOf(branch);
  return convs[convs.length - 1];
}

/** What was kept of a checkpoint, for the report of a run. */
export type TransferReport = {
  readonly keptTensors: number;
  /** Tensors that start at random. */
  readonly newTensors: readonly string[];
  /** Classes whose rows were copied. */
  readonly keptClasses: readonly string[];
};

/** A checkpoint made fit for other classes, or for masks besides boxes. */
export function startFromCheckpoint(
  source: YoloWeights,
  { task, names, imageSide, seed }: StartOptions,
): { readonly weights: YoloWeights; readonly report: TransferReport } {
  const { network } = source;
  const made = new Map<string, Tensor>();
  const keptClasses = remakeClasses(source, names, seed, made);
  const head = task === "segment"
    ? withMasks(source, seed, made)
    : withoutMasks(network.head);
  const start: Network = { ...network, task, names, imageSide, head };
  const weights: YoloWeights = {
    network: start,
    read: (name) => made.get(name) ?? source.read(name),
  };
  const used = tensorNames(start);
  const report = {
    keptTensors: used.filter((name) => !made.has(name)).length,
    newTensors: [...made.keys()],
    keptClasses,
  };
  return { weights, report };
}

/** Makes the class layers anew; rows of classes that the source knows are copied. */
function remakeClasses(
  source: YoloWeights,
  names: readonly string[],
  seed: number,
  made: Map<string, Tensor>,
): string[] {
  const { head, names: known } = source.network;
  if (names.length === known.length && names.every((n, i) => n === known[i])) {
    return [...names];
  }
  const rows = names.map((name) => known.indexOf(name));
  for (const [i, branch] of head.classBranches.entries()) {
    const { weight, bias } = lastConv(branch);
    const old = source.read(weight);
    const inputs = sizeOf(old.dims.slice(1));
    const dims = [names.length, ...old.dims.slice(1)];
    const fresh = uniform(weight, dims, inputs, seed);
    rows.forEach((from, to) => {
      if (from < 0) return;
      fresh.data.set(
        old.data.subarray(from * inputs, (from + 1) * inputs),
        to * inputs,
      );
    });
    made.set(weight, fresh);
    if (!bias) continue;
    const oldBias = source.read(bias).data;
    const prior = classPrior(names.length, strides[i]);
    const data = Float32Array.from(
      rows,
      (from) => from < 0 ? prior : oldBias[from],
    );
    made.set(bias, { dims: [names.length], data });
  }
  return names.filter((_, i) => rows[i] >= 0);
}

function withoutMasks({ from, bins, boxBranches, classBranches }: Head): Head {
  return { from, bins, boxBranches, classBranches };
}

/** Adds prototypes and coefficients to a head that has none, as wide as its first map. */
function withMasks(
  source: YoloWeights,
  seed: number,
  made: Map<string, Tensor>,
): Head {
  const { head, layers } = source.network;
  if (head.masks) return head;
  const channels = head.boxBranches.map((branch) =>
    source.read(convsOf(branch)[0].weight).dims[1]
  );
  const { masks, shapes } = designMasks(`model.${layers.length}`, channels);
  for (const [name, { dims, role }] of shapes) {
    made.set(name, randomTensor(name, dims, role, seed));
  }
  return { ...head, masks };
}
