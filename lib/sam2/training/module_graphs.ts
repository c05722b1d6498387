// The modules of SAM 2 as graphs that run forward, and as graphs that run
// forward and back: from the gradients of their outputs to those of their
// inputs and parameters.
//
// A training step is a chain of such runs (still_step.ts, clip_step.ts). Only
// what passes between modules is kept; inside, everything is computed again on
// the way back, so memory does not grow with clicks or frames, and one handful
// of small graphs serves clips of any length.

import {
  addInput,
  addOutput,
  constant,
  createGraph,
  type Graph,
  type Value,
  wholeNumbers,
} from "../../onnx/graph.ts";
import { gradients } from "../../onnx/gradients/reverse.ts";
import { joinFlat, type Place } from "../../onnx/learning/flat_vector.ts";
import { Add, Mul } from "../../onnx/ops/elementwise.ts";
import { MatMul } from "../../onnx/ops/linear.ts";
import { ReduceSum } from "../../onnx/ops/reduce.ts";
import { Concat, Expand, Reshape } from "../../onnx/ops/shape.ts";
import { encodeImages } from "../graph/image_encoder.ts";
import { linear, type Net } from "../graph/layers.ts";
import { decodeMasks } from "../graph/mask_decoder.ts";
import {
  attendToMemories,
  lookAround,
  rotaryNet,
} from "../graph/memory_attention.ts";
import { encodeMemory } from "../graph/memory_encoder.ts";
import { sineGrid } from "../graph/position.ts";
import type { Sam2Weights } from "../weights.ts";
import { learningWeights } from "./learning_weights.ts";
import { decoderLoss, type LossShares } from "./loss.ts";
import type { Sam2Layout } from "./parameters.ts";

/** A run of a module, whose graph it names exactly. */
export type ModuleCall =
  & {
    /** Images at once. */
    readonly images: number;
    readonly side: number;
    /** Only forward, or forward and back. */
    readonly way: "forward" | "back";
  }
  & (
    | { readonly module: "encoder" }
    | {
      readonly module: "decoder";
      /** Objects of every image, each with prompts of its own. */
      readonly objects: number;
      /** Points of every object, the one that only fills up counted. */
      readonly points: number;
      /** Whether pixels come from the encoder, or from memory attention for every object. */
      readonly from: "encoder" | "attention";
      readonly choice: "best" | "single";
      /** The side at which masks are compared with the truth, in pixels. */
      readonly lossSide: number;
      /** Whether gradients arrive at masks and pointers. */
      readonly isRemembered: boolean;
    }
    | {
      readonly module: "attention";
      readonly objects: number;
      readonly memories: number;
      readonly pointers: number;
    }
    | { readonly module: "memory"; readonly objects: number }
  );

/** What a graph is built from. */
export type ModuleSource = {
  readonly start: Sam2Weights;
  readonly layout: Sam2Layout;
  readonly shares: LossShares;
};

type Flow = {
  /** By name: what gradients are asked for. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** By name: what comes out. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** The outputs at which gradients arrive. */
  readonly arriving: readonly string[];
  /** Added to what is differentiated. */
  readonly loss?: Value;
};

/**
 * Builds the graph of a call.
 *
 * Out: the outputs of the module; on the way back also `d NAME` for every input
 * NAME, and `gradient` `[n]`, that of the module's parameters added to the
 * input `gathered` `[n]`. In: on the way back `d NAME` for every output at which
 * gradients arrive.
 */
export function buildModule(call: ModuleCall, source: ModuleSource): Graph {
  const graph = createGraph(call.module);
  const weights = learningWeights(graph, source.start, source.layout);
  const flow = flowOf({ graph, weights }, call, source);
  for (const [name, value] of Object.entries(flow.outputs)) {
    addOutput(graph, name, value);
  }
  if (call.way === "back") {
    const places = source.layout.modules[call.module];
    goBack(graph, flow, { places, leaves: weights.leaves });
  }
  return graph;
}

function flowOf(net: Net, call: ModuleCall, source: ModuleSource): Flow {
  switch (call.module) {
    case "encoder":
      return encoderFlow(net, call);
    case "decoder":
      return decoderFlow(net, call, source.shares);
    case "attention":
      return attentionFlow(net, call);
    case "memory":
      return memoryFlow(net, call);
  }
}

/** In: `image` `[I, 3, side, side]`, normalised. Out: `fpn0`, `fpn1`, `fpn2`. */
function encoderFlow(
  net: Net,
  { images, side }: Pick<ModuleCall, "images" | "side">,
): Flow {
  const image = addInput(net.graph, "image", [images, 3, side, side]);
  const outputs = encodeImages(net, image);
  return { inputs: {}, outputs, arriving: ["fpn0", "fpn1", "fpn2"] };
}

/**
 * In: `pixels` `[I or B, C, h, w]`, `fpn0`, `fpn1` `[I, …]`, `points`
 * `[B, P, 2]`, `labels` `[B, P]`, `mask` and `hasMask`; going back `target`
 * `[B, 1, l, l]`, `isPresent` `[B, 1]` and the `lossShare` `[1]` of this pass in
 * the step. Out: as the decoder; going back the
 * parts of the loss.
 */
function decoderFlow(
  net: Net,
  call: Extract<ModuleCall, { module: "decoder" }>,
  shares: LossShares,
): Flow {
  const { graph } = net;
  const { images, objects, side, points, from, choice, lossSide } = call;
  const b = images * objects;
  const c = net.weights.config.channels;
  const at = (stride: number) => [side / stride, side / stride];
  const fromEncoder = from === "encoder";
  const inputs = {
    pixels: addInput(graph, "pixels", [fromEncoder ? images : b, c, ...at(16)]),
    fpn0: addInput(graph, "fpn0", [images, c / 8, ...at(4)]),
    fpn1: addInput(graph, "fpn1", [images, c / 4, ...at(8)]),
  };
  const found = decodeMasks(net, side, {
    pixels: fromEncoder
      ? forObjects(graph, inputs.pixels, objects)
      : inputs.pixels,
    isUnconditioned: flagOf(graph, fromEncoder),
    fpn0: forObjects(graph, inputs.fpn0, objects),
    fpn1: forObjects(graph, inputs.fpn1, objects),
    points: addInput(graph, "points", [b, points, 2]),
    labels: addInput(graph, "labels", [b, points]),
    mask: addInput(graph, "mask", [b, 1, ...at(4)]),
    hasMask: addInput(graph, "hasMask", [b, 1, 1, 1]),
  });
  if (call.way === "forward") return { inputs, outputs: found, arriving: [] };
  const target = addInput(graph, "target", [b, 1, lossSide, lossSide]);
  const isPresent = addInput(graph, "isPresent", [b, 1]);
  const parts = decoderLoss(graph, { ...found, target, isPresent }, {
    choice,
    shares,
  });
  return {
    inputs,
    outputs: {
      ...found,
      loss: parts.total,
      "loss focal": parts.focal,
      "loss dice": parts.dice,
      "loss iou": parts.iou,
      "loss objectScore": parts.objectScore,
    },
    arriving: call.isRemembered ? ["masks", "pointers"] : [],
    loss: Mul(graph, parts.total, addInput(graph, "lossShare", [1])),
  };
}

/**
 * In: `fpn2` `[I, C, h, w]`; `memory 0`, … `[B, N, c]` and the row of
 * maskmem_tpos_enc that each takes as `memoryAges` `[M, 7]` of ones and zeros;
 * `pointer 0`, … `[B, C]` and the sine codes of their distances `pointerCodes`
 * `[P, C]`. Out: `pixels` `[B, C, h, w]`.
 */
function attentionFlow(
  net: Net,
  call: Extract<ModuleCall, { module: "attention" }>,
): Flow {
  const { graph, weights } = net;
  const { images, objects, side, memories, pointers } = call;
  const { channels: c, memoryChannels: m } = weights.config;
  const b = images * objects;
  const grid = side / 16;
  const n = grid * grid;
  const list = (name: string, count: number, dims: readonly number[]) =>
    Array.from(
      { length: count },
      (_, i) => addInput(graph, `${name} ${i}`, dims),
    );
  const fpn2 = addInput(graph, "fpn2", [images, c, grid, grid]);
  const memoryList = list("memory", memories, [b, n, m]);
  const pointerList = list("pointer", pointers, [b, c]);
  const ages = addInput(graph, "memoryAges", [memories, 7]);
  const codes = addInput(graph, "pointerCodes", [pointers, c]);

  const rotary = rotaryNet(net, side);
  const frame = forObjects(graph, lookAround(rotary, fpn2), objects);
  const parts = c / m; // tokens of a pointer
  const tokens = pointerList.map((pointer) =>
    Reshape(graph, pointer, [b, parts, m])
  );
  const pixels = attendToMemories(rotary, frame, {
    memory: joined(graph, memoryList),
    memoryPosition: memoryPositions(net, ages, grid),
    pointers: joined(graph, tokens),
    pointerPosition: pointerPositions(net, codes, { b, parts }),
  });
  const named = (name: string, values: readonly Value[]) =>
    values.map((value, i) => [`${name} ${i}`, value] as const);
  return {
    inputs: {
      fpn2,
      ...Object.fromEntries([
        ...named("memory", memoryList),
        ...named("pointer", pointerList),
      ]),
    },
    outputs: { pixels },
    arriving: ["pixels"],
  };
}

function joined(graph: Graph, parts: readonly Value[]): Value {
  return parts.length === 1 ? parts[0] : Concat(graph, parts, { axis: 1 });
}

/** The place of every token plus the age of its memory, `[1, M N, c]`. */
function memoryPositions(net: Net, ages: Value, grid: number): Value {
  const { graph, weights } = net;
  const { memoryChannels: m } = weights.config;
  const table = weights.read("maskmem_tpos_enc");
  if ("data" in table) throw new TypeError("maskmem_tpos_enc has to learn");
  const rows = Reshape(graph, table, [7, m]);
  const count = Number(ages.dims[0]);
  const own = Reshape(graph, MatMul(graph, ages, rows), [count, 1, m]);
  const { dims: [tokens], data } = sineGrid(grid, m);
  const places = constant(graph, "memory.position", {
    dims: [1, tokens, m],
    data,
  });
  return Reshape(graph, Add(graph, places, own), [1, count * tokens, m]);
}

/** The distance of every pointer, the same for its tokens, `[B, P parts, c]`. */
function pointerPositions(
  net: Net,
  codes: Value,
  { b, parts }: { readonly b: number; readonly parts: number },
): Value {
  const { graph, weights } = net;
  const { memoryChannels: m, family } = weights.config;
  const count = Number(codes.dims[0]);
  if (family === "sam2.0") {
    throw new RangeError("Cannot train SAM 2.0: its pointers have no place");
  }
  const rows = linear(net, "obj_ptr_tpos_proj", codes); // [P, c]
  const column = Reshape(graph, rows, [1, count, 1, m]);
  const dims = [b, count, parts, m];
  const spread = Expand(graph, column, wholeNumbers(graph, dims), dims);
  return Reshape(graph, spread, [b, count * parts, m]);
}

/**
 * In: `fpn2` `[I, C, h, w]`, `mask` `[B, 1, side/4, side/4]` logits,
 * `isPrompted` `[B, 1, 1, 1]`, `objectScore` `[B, 1]`. Out: `memory` `[B, N, c]`.
 */
function memoryFlow(
  net: Net,
  { images, objects, side }: Extract<ModuleCall, { module: "memory" }>,
): Flow {
  const { graph } = net;
  const b = images * objects;
  const grid = side / 16;
  const c = net.weights.config.channels;
  const fpn2 = addInput(graph, "fpn2", [images, c, grid, grid]);
  const mask = addInput(graph, "mask", [b, 1, side / 4, side / 4]);
  const memory = encodeMemory(net, side, {
    fpn2: forObjects(graph, fpn2, objects),
    mask,
    isPrompted: addInput(graph, "isPrompted", [b, 1, 1, 1]),
    objectScore: addInput(graph, "objectScore", [b, 1]),
  });
  return { inputs: { fpn2, mask }, outputs: { memory }, arriving: ["memory"] };
}

function flagOf(graph: Graph, on: boolean): Value {
  return constant(graph, `flag ${on}`, {
    dims: [1, 1, 1, 1],
    data: Float32Array.of(on ? 1 : 0),
  });
}

/** What belongs to an image for each of its objects: `[I, …]` -> `[I · O, …]`. */
function forObjects(graph: Graph, x: Value, objects: number): Value {
  if (objects === 1) return x;
  const [images, ...rest] = x.dims.map(Number);
  const apart = Reshape(graph, x, [images, 1, ...rest]);
  const dims = [images, objects, ...rest];
  const spread = Expand(graph, apart, wholeNumbers(graph, dims), dims);
  return Reshape(graph, spread, [images * objects, ...rest]);
}

/** Differentiates the loss plus what arrives at the outputs. */
function goBack(
  graph: Graph,
  { inputs, outputs, arriving, loss }: Flow,
  { places, leaves }: {
    readonly places: readonly Place[];
    readonly leaves: ReadonlyMap<string, Value>;
  },
) {
  const terms = arriving.map((name) => {
    const value = outputs[name];
    const arrived = addInput(graph, `d ${name}`, value.dims);
    const axes = value.dims.map((_, i) => i);
    const sum = ReduceSum(graph, Mul(graph, value, arrived), axes);
    return Reshape(graph, sum, [1]);
  });
  const total = [...(loss ? [loss] : []), ...terms]
    .reduce((a, b) => Add(graph, a, b));
  const used = places.flatMap(({ name }) => {
    const leaf = leaves.get(name);
    return leaf ? [{ name, leaf }] : [];
  });
  const names = Object.keys(inputs);
  const found = gradients(
    graph,
    total,
    [...names.map((name) => inputs[name]), ...used.map(({ leaf }) => leaf)],
    { unreached: "zeros" },
  );
  names.forEach((name, i) => addOutput(graph, `d ${name}`, found[i]));
  const ofLeaf = new Map(
    used.map(({ name }, i) => [name, found[names.length + i]]),
  );
  const whole = joinFlat(
    graph,
    places.map(({ name, dims }) => ofLeaf.get(name) ?? zeros(graph, dims)),
  );
  const gathered = addInput(graph, "gathered", whole.dims);
  addOutput(graph, "gradient", Add(graph, gathered, whole));
}

function zeros(graph: Graph, dims: readonly number[]): Value {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return constant(graph, `zeros [${dims}]`, {
    dims,
    data: new Float32Array(size),
  });
}
