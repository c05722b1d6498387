// The memory encoder: a frame's features and its mask become a memory.
//
// Follows memory_encoder.py and _encode_new_memory of sam2_base.py in
// facebookresearch/sam2 at 2b90b9f. Takes the features without memory
// conditioning and the mask logits at a quarter of the input size.

import {
  addInput,
  addOutput,
  createGraph,
  type Graph,
  label,
  scalar,
  type Value,
} from "../../onnx/graph.ts";
import {
  Add,
  Cast,
  Gelu,
  Greater,
  Mul,
  Sigmoid,
  Where,
} from "../../onnx/ops/elementwise.ts";
import { Resize } from "../../onnx/ops/resize.ts";
import { Reshape, Transpose } from "../../onnx/ops/shape.ts";
import {
  conv,
  feedForward,
  layerNorm,
  layerNorm2d,
  type Net,
  type NetWeights,
  weight,
} from "./layers.ts";
import { reshaped, valueOf } from "./fold.ts";

/**
 * Builds the memory encoder for images of `side` pixels; N = (side / 16)².
 *
 * In: `fpn2` `[1, C, side/16, side/16]`; `mask` `[B, 1, side/4, side/4]` logits
 * (with `maskAt: "full"` `[B, 1, side, side]`); `isPrompted` `[B, 1, 1, 1]`, 1
 * to binarise the mask, 0 for its sigmoid; `objectScore` `[B, 1]`.
 * Out: `memory` `[B, N, c]`, token-major.
 */
export function buildMemoryEncoder(
  weights: NetWeights,
  side: number,
  { maskAt = "quarter" }: { maskAt?: "quarter" | "full" } = {},
): Graph {
  const graph = createGraph("memory_encoder");
  const { channels } = weights.config;
  const grid = side / 16;
  const maskSide = maskAt === "full" ? side : side / 4;
  const fpn2 = addInput(graph, "fpn2", [1, channels, grid, grid]);
  const mask = addInput(graph, "mask", ["B", 1, maskSide, maskSide]);
  const isPrompted = addInput(graph, "isPrompted", ["B", 1, 1, 1]);
  const objectScore = addInput(graph, "objectScore", ["B", 1]);
  const memory = encodeMemory({ graph, weights }, side, {
    fpn2,
    mask,
    isPrompted,
    objectScore,
  });
  addOutput(graph, "memory", label(graph, "memory", memory));
  return graph;
}

/** What the memory encoder reads; see buildMemoryEncoder. */
export type MemoryInputs = {
  readonly fpn2: Value;
  readonly mask: Value;
  readonly isPrompted: Value;
  readonly objectScore: Value;
};

/** The memory encoder as a part of a graph; the features may be of one image or of B. */
export function encodeMemory(
  net: Net,
  side: number,
  { fpn2, mask, isPrompted, objectScore }: MemoryInputs,
): Value {
  const { graph, weights } = net;
  const { memoryChannels } = weights.config;
  const grid = side / 16;
  const full = mask.dims[3] === side ? mask : Resize(graph, mask, {
    size: { width: side, height: side },
    mode: "linear",
  });
  const weighed = weighMask(graph, full, isPrompted);
  const pixels = conv(net, "memory_encoder.pix_feat_proj", fpn2);
  let x = Add(graph, pixels, downsampleMask(net, weighed));
  for (const layer of [0, 1]) {
    x = fuse(net, `memory_encoder.fuser.layers.${layer}`, x);
  }
  const out = conv(net, "memory_encoder.out_proj", x); // [B, c, h, w]
  const planes = Reshape(graph, out, [
    mask.dims[0],
    memoryChannels,
    grid * grid,
  ]);
  const tokens = Transpose(graph, planes, [0, 2, 1]);
  return markAbsent(net, tokens, objectScore);
}

/** Prompted masks as 0 and 1, tracked ones as sigmoid; both ×20 − 10. */
function weighMask(graph: Graph, logits: Value, isPrompted: Value): Value {
  const inside = Greater(graph, logits, scalar(graph, 0));
  const binary = Cast(graph, inside, "float32");
  const condition = Greater(graph, isPrompted, scalar(graph, 0.5));
  const mask = Where(graph, condition, binary, Sigmoid(graph, logits));
  const wide = Mul(graph, mask, scalar(graph, 20));
  return Add(graph, wide, scalar(graph, -10));
}

function downsampleMask(net: Net, mask: Value): Value {
  const name = "memory_encoder.mask_downsampler.encoder";
  let x = mask;
  for (const step of [0, 3, 6, 9]) {
    const small = conv(net, `${name}.${step}`, x, { stride: 2, pad: 1 });
    const normed = layerNorm2d(net, `${name}.${step + 1}`, small);
    x = Gelu(net.graph, normed);
  }
  return conv(net, `${name}.12`, x);
}

/** One ConvNeXt block: depthwise 7×7, norm, two linear layers, scaled, added. */
function fuse(net: Net, name: string, x: Value): Value {
  const { graph } = net;
  const groups = net.weights.config.channels;
  const local = conv(net, `${name}.dwconv`, x, { pad: 3, groups });
  const last = Transpose(graph, local, [0, 2, 3, 1]); // channels last
  const normed = layerNorm(net, `${name}.norm`, last, { epsilon: 1e-6 });
  const layers = [`${name}.pwconv1`, `${name}.pwconv2`] as const;
  const wide = feedForward(net, layers, normed, "gelu");
  const scaled = Mul(graph, wide, weight(net, `${name}.gamma`));
  return Add(graph, x, Transpose(graph, scaled, [0, 3, 1, 2]));
}

/** SAM 2.1 adds an embedding everywhere when the object is absent. */
function markAbsent(net: Net, memory: Value, objectScore: Value): Value {
  const { graph, weights } = net;
  if (weights.config.family === "sam2.0") return memory;
  const name = "no_obj_embed_spatial";
  const row = reshaped(graph, weights.read(name), [
    1,
    1,
    weights.config.memoryChannels,
  ]);
  const score = Reshape(graph, objectScore, [objectScore.dims[0], 1, 1]);
  const isPresent = Greater(graph, score, scalar(graph, 0));
  const embedding = valueOf(graph, name, row);
  const added = Where(graph, isPresent, scalar(graph, 0), embedding);
  return Add(graph, memory, added);
}
