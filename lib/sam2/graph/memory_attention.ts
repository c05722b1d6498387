// Memory attention: the current frame looks at the memories of other frames.
//
// Follows memory_attention.py and transformer.py (RoPEAttention) of
// facebookresearch/sam2 at 2b90b9f, with exact foldings:
// - RoPE works on halves instead of adjacent pairs (fold.ts, evenRowsFirst);
// - softmax rows sum to one, so values are projected after they are mixed:
//   Wo·(a·(Wv·m + bv)) + bo = (Wo·Wv)·(a·m) + (Wo·bv + bo);
// - 1/√C is part of the query weights.
// The first self attention does not depend on the object, so it is a graph of
// its own that runs once for all objects of a frame. The rest is run for one
// object at a time: ONNX Runtime splits a product over its threads differently
// when others share its batch, which changes the order of its sums and so the
// last bits; and on a CPU a batch is not faster (512 px, tiny, 2 threads: 108 ms
// for one object, 391 ms for three in one batch).

import {
  addInput,
  addOutput,
  constant,
  createGraph,
  type Graph,
  type Value,
} from "../../onnx/graph.ts";
import { Add, Mul, Sub } from "../../onnx/ops/elementwise.ts";
import { MatMul } from "../../onnx/ops/linear.ts";
import { Softmax } from "../../onnx/ops/reduce.ts";
import {
  Concat,
  Reshape,
  Slice,
  Split,
  Transpose,
} from "../../onnx/ops/shape.ts";
import {
  dimsOf,
  evenRowsFirst,
  product,
  reshaped,
  scaled,
  sum,
  transposed,
  valueOf,
} from "./fold.ts";
import {
  feedForward,
  foldedLinear,
  layerNorm,
  type Net,
  type NetWeights,
  type Precision,
  toTokens,
} from "./layers.ts";
import { rotaryTables, sineGrid } from "./position.ts";
import { quantisedScores } from "./quantised.ts";

const normEpsilon = 1e-5;
const queryRowsPerChunk = 512;

/**
 * Builds what memory attention does before it meets an object: everything up
 * to the first self attention; N = (side / 16)².
 *
 * In: `fpn2` `[1, C, side/16, side/16]`. Out: `frame` `[1, N, C]`.
 */
export function buildFrameAttention(
  weights: NetWeights,
  side: number,
  { precision }: { readonly precision?: Precision } = {},
): Graph {
  const graph = createGraph("frame_attention");
  const { channels } = weights.config;
  const grid = side / 16;
  const fpn2 = addInput(graph, "fpn2", [1, channels, grid, grid]);
  const net = rotaryNet({ graph, weights, precision }, side);
  addOutput(graph, "frame", lookAround(net, fpn2));
  return graph;
}

/**
 * Builds memory attention for images of `side` pixels; N = (side / 16)².
 *
 * In: `frame` `[1, N, C]` of buildFrameAttention (with `from: "image"` its own
 * input, `fpn2`); `memory` `[B, M, c]`, M a multiple of N, and
 * `memoryPosition` `[1, M, c]`; `pointers` and `pointerPosition` `[B, P, c]`.
 * Out: `pixels` `[B, C, side/16, side/16]`.
 */
export function buildMemoryAttention(
  weights: NetWeights,
  side: number,
  { from = "frame", precision }: {
    readonly from?: "frame" | "image";
    readonly precision?: Precision;
  } = {},
): Graph {
  const graph = createGraph("memory_attention");
  const { channels, memoryChannels } = weights.config;
  const grid = side / 16;
  const net = rotaryNet({ graph, weights, precision }, side);
  const objects = precision === "int8" ? 1 : "B"; // int8 has no batched product
  const frame = from === "frame"
    ? addInput(graph, "frame", [1, grid * grid, channels])
    : lookAround(net, addInput(graph, "fpn2", [1, channels, grid, grid]));
  const tokens = (name: string, count: string) =>
    addInput(graph, name, [objects, count, memoryChannels]);
  const memory = tokens("memory", "M");
  const memoryPosition = addInput(graph, "memoryPosition", [
    1,
    "M",
    memoryChannels,
  ]);
  const pointers = tokens("pointers", "P");
  const pointerPosition = tokens("pointerPosition", "P");

  const pixels = attendToMemories(net, frame, {
    memory,
    memoryPosition,
    pointers,
    pointerPosition,
  });
  addOutput(graph, "pixels", pixels);
  return graph;
}

/** The memories of an object; see buildMemoryAttention. */
export type MemoryBankValues = {
  readonly memory: Value;
  readonly memoryPosition: Value;
  readonly pointers: Value;
  readonly pointerPosition: Value;
};

/** Memory attention as a part of a graph, from what lookAround gives, `[1 or B, N, C]`. */
export function attendToMemories(
  net: RotaryNet,
  frame: Value,
  { memory, memoryPosition, pointers, pointerPosition }: MemoryBankValues,
): Value {
  const { graph, weights } = net;
  const { channels, memoryAttentionLayers } = weights.config;
  const grid = Math.sqrt(Number(frame.dims[1]));
  const bank: MemoryTokens = {
    values: Concat(graph, [memory, pointers], { axis: 1 }),
    memoryKeys: Add(graph, memory, memoryPosition),
    pointerKeys: Add(graph, pointers, pointerPosition),
  };
  let x = frame;
  for (let layer = 0; layer < memoryAttentionLayers; layer++) {
    const looked = layer === 0 ? x : selfAttention(net, layer, x);
    x = remember(net, layer, looked, bank);
  }
  const normed = normedBy(net, "memory_attention.norm", x);
  // [B, N, C] -> [B, C, h, w]
  const planes = Transpose(graph, normed, [0, 2, 1]);
  return Reshape(graph, planes, [memory.dims[0], channels, grid, grid]);
}

type Rotary = { readonly cosines: Value; readonly sines: Value };
type RotaryNet = Net & { readonly rotary: Rotary };

/** A net with the turns of RoPE for images of `side` pixels. */
export function rotaryNet(net: Net, side: number): RotaryNet {
  const { channels } = net.weights.config;
  return { ...net, rotary: addTables(net.graph, side / 16, channels) };
}

type MemoryTokens = {
  readonly values: Value;
  readonly memoryKeys: Value;
  readonly pointerKeys: Value;
};

function addTables(graph: Graph, grid: number, channels: number): Rotary {
  const { cosines, sines } = rotaryTables(grid, channels);
  return {
    cosines: constant(graph, "rotary.cosines", cosines),
    sines: constant(graph, "rotary.sines", sines),
  };
}

/** Adds a tenth of the image's sine code, as the official module does at its input. */
function addPosition({ graph, weights }: Net, x: Value): Value {
  const side = Math.sqrt(Number(x.dims[1]));
  const code = scaled(graph, sineGrid(side, weights.config.channels), 0.1);
  return Add(graph, x, valueOf(graph, "image.position", code));
}

/** What does not depend on an object: the tokens with their places, and the first self attention. */
export function lookAround(net: RotaryNet, fpn2: Value): Value {
  return selfAttention(net, 0, addPosition(net, toTokens(net.graph, fpn2)));
}

/** The first part of a layer: the frame looks at itself. */
function selfAttention(net: RotaryNet, layer: number, x: Value): Value {
  const { graph } = net;
  const name = nameOf(layer);
  const normed = normedBy(net, `${name}.norm1`, x);
  const part = `${name}.self_attn`;
  const keys = rotate(net, projectPairs(net, `${part}.k_proj`, normed));
  const queries = queriesOf(net, part, normed);
  return Add(graph, x, attend(net, part, { queries, keys, values: normed }));
}

/** The rest of a layer: the frame looks at the memories. */
function remember(
  net: RotaryNet,
  layer: number,
  x: Value,
  bank: MemoryTokens,
): Value {
  const { graph } = net;
  const name = nameOf(layer);
  const second = normedBy(net, `${name}.norm2`, x);
  const cross = crossAttention(net, `${name}.cross_attn_image`, second, bank);
  const remembered = Add(graph, x, cross);
  const layers = [`${name}.linear1`, `${name}.linear2`] as const;
  const third = normedBy(net, `${name}.norm3`, remembered);
  return Add(graph, remembered, feedForward(net, layers, third, "relu"));
}

function nameOf(layer: number): string {
  return `memory_attention.layers.${layer}`;
}

function normedBy(net: Net, name: string, x: Value): Value {
  return layerNorm(net, name, x, { epsilon: normEpsilon });
}

function crossAttention(
  net: RotaryNet,
  name: string,
  x: Value,
  { values, memoryKeys, pointerKeys }: MemoryTokens,
): Value {
  const { graph } = net;
  const channels = net.weights.config.channels;
  const tokens = Number(x.dims[1]);
  const projected = projectPairs(net, `${name}.k_proj`, memoryKeys);
  // every memory is a grid of its own: [B, M, C] -> [B, T, N, C] -> [B, M, C]
  const [objects] = projected.dims;
  const count = projected.dims[1];
  const frames = typeof count === "number" ? count / tokens : "T";
  const grids = Reshape(graph, projected, [objects, frames, tokens, channels]);
  const turned = Reshape(graph, rotate(net, grids), [objects, count, channels]);
  const still = projectPairs(net, `${name}.k_proj`, pointerKeys); // pointers have no place to turn by
  const keys = Concat(graph, [turned, still], { axis: 1 });
  return attend(net, name, { queries: queriesOf(net, name, x), keys, values });
}

/** A projection with even channels first, so that rotate works on halves. */
function projectPairs(
  net: Net,
  name: string,
  x: Value,
  { factor = 1 }: { factor?: number } = {},
): Value {
  const { graph, weights } = net;
  const matrix = evenRowsFirst(graph, weights.read(`${name}.weight`));
  const bias = evenRowsFirst(graph, weights.read(`${name}.bias`));
  return foldedLinear(net, name, x, {
    matrix: transposed(graph, scaled(graph, matrix, factor)),
    bias: scaled(graph, bias, factor),
  });
}

function queriesOf(net: RotaryNet, name: string, x: Value): Value {
  const factor = 1 / Math.sqrt(net.weights.config.channels);
  return rotate(net, projectPairs(net, `${name}.q_proj`, x, { factor }));
}

/** Turns channel pairs (a, b) to (a·cos − b·sin, a·sin + b·cos); x `[…, N, C]`. */
function rotate({ graph, rotary }: RotaryNet, x: Value): Value {
  const half = Number(x.dims.at(-1)) / 2;
  const [a, b] = Split(graph, x, { axis: -1, sizes: [half, half] });
  const { cosines, sines } = rotary;
  const first = Sub(graph, Mul(graph, a, cosines), Mul(graph, b, sines));
  const second = Add(graph, Mul(graph, a, sines), Mul(graph, b, cosines));
  return Concat(graph, [first, second], { axis: -1 });
}

/** Mixes the raw values in chunks of queries, then projects them by the folded map. */
function attend(
  net: Net,
  name: string,
  { queries, keys, values }: {
    readonly queries: Value;
    readonly keys: Value;
    readonly values: Value;
  },
): Value {
  const { graph } = net;
  const scoresOf = net.precision === "int8"
    ? quantisedScores(graph, queries, keys)
    : floatScores(graph, queries, keys);
  const rows = Number(queries.dims[1]);
  const chunks: Value[] = [];
  for (let start = 0; start < rows; start += queryRowsPerChunk) {
    const end = Math.min(start + queryRowsPerChunk, rows);
    const shares = Softmax(graph, scoresOf(start, end));
    chunks.push(MatMul(graph, shares, values));
  }
  const mixed = chunks.length === 1
    ? chunks[0]
    : Concat(graph, chunks, { axis: 1 });
  return foldedLinear(net, `${name}.values`, mixed, foldValues(net, name));
}

/** The scores of rows `start` to before `end` of the queries for all keys. */
function floatScores(
  graph: Graph,
  queries: Value,
  keys: Value,
): (start: number, end: number) => Value {
  const columns = Transpose(graph, keys, [0, 2, 1]);
  const rows = Number(queries.dims[1]);
  return (start, end) => {
    const part = end - start === rows
      ? queries
      : Slice(graph, queries, { axis: 1, start, end });
    return MatMul(graph, part, columns);
  };
}

/** (Wo·Wv, Wo·bv + bo), stored for `x · matrix + bias`. */
function foldValues({ graph, weights }: Net, name: string) {
  const read = (part: string) => weights.read(`${name}.${part}`);
  const valueMatrix = transposed(graph, read("v_proj.weight"));
  const valueBias = read("v_proj.bias");
  const outMatrix = transposed(graph, read("out_proj.weight"));
  const outBias = read("out_proj.bias");
  const row = reshaped(graph, valueBias, [1, ...dimsOf(valueBias)]);
  const moved = product(graph, row, outMatrix);
  return {
    matrix: product(graph, valueMatrix, outMatrix),
    bias: sum(graph, reshaped(graph, moved, dimsOf(outBias)), outBias),
  };
}
