// Prompt encoder and mask decoder in one graph.
//
// Follows prompt_encoder.py, mask_decoder.py and transformer.py of
// facebookresearch/sam2 at 2b90b9f. All four masks come out, and a pointer for
// each; which one counts (selection.ts) is decided outside, since exports that
// froze the choice cannot follow the official rule.

import type { Tensor } from "../../base/tensor.ts";
import {
  addInput,
  addOutput,
  constant,
  createGraph,
  type Graph,
  label,
  scalar,
  type Value,
  wholeNumbers,
} from "../../onnx/graph.ts";
import {
  Add,
  Cast,
  Cos,
  Equal,
  Gelu,
  Greater,
  Mul,
  Relu,
  Sigmoid,
  Sin,
  Where,
} from "../../onnx/ops/elementwise.ts";
import { ConvTranspose, MatMul } from "../../onnx/ops/linear.ts";
import { Softmax } from "../../onnx/ops/reduce.ts";
import {
  Concat,
  Expand,
  Gather,
  Reshape,
  Shape,
  Slice,
  Transpose,
} from "../../onnx/ops/shape.ts";
import {
  concatRows,
  dimsOf,
  isConstant,
  reshaped,
  scaled,
  transposed,
  valueOf,
} from "./fold.ts";
import {
  conv,
  foldedLinear,
  layerNorm,
  layerNorm2d,
  linear,
  type Net,
  type NetWeights,
  perceptron,
  perceptrons,
  toTokens,
  weight,
} from "./layers.ts";
import { fourierGrid } from "./position.ts";

const encoder = "sam_prompt_encoder";
const decoder = "sam_mask_decoder";
const normEpsilon = 1e-5;

/**
 * Builds the decoder for images of `side` pixels.
 *
 * In: `pixels` `[B, C, side/16, side/16]`; `isUnconditioned` `[1, 1, 1, 1]`, 1 to
 * add no_mem_embed to the pixels; `fpn0`, `fpn1` `[1, …]`; `points` `[B, P, 2]`
 * in pixels of the input; `labels` `[B, P]`: 1 and 0 for + and −, 2 and 3 for
 * the corners of a box, −1 for none; `mask` `[B, 1, side/4, side/4]` logits,
 * read where `hasMask` `[B, 1, 1, 1]` is 1.
 * Out: `masks` `[B, 4, side/4, side/4]` logits, `ious` `[B, 4]` 0..1,
 * `objectScore` `[B, 1]` logit, `pointers` `[B, 4, C]` (no_obj_ptr where the
 * score is not above 0).
 */
export function buildMaskDecoder(weights: NetWeights, side: number): Graph {
  const graph = createGraph("mask_decoder");
  const net = { graph, weights };
  const c = weights.config.channels;
  const grid = side / 16;
  const found = decodeMasks(net, side, {
    pixels: addInput(graph, "pixels", ["B", c, grid, grid]),
    isUnconditioned: addInput(graph, "isUnconditioned", [1, 1, 1, 1]),
    fpn0: addInput(graph, "fpn0", [1, c / 8, side / 4, side / 4]),
    fpn1: addInput(graph, "fpn1", [1, c / 4, side / 8, side / 8]),
    points: addInput(graph, "points", ["B", "P", 2]),
    labels: addInput(graph, "labels", ["B", "P"]),
    mask: addInput(graph, "mask", ["B", 1, side / 4, side / 4]),
    hasMask: addInput(graph, "hasMask", ["B", 1, 1, 1]),
  });
  for (const [name, value] of Object.entries(found)) {
    addOutput(graph, name, value);
  }
  return graph;
}

/** What the decoder reads; see buildMaskDecoder. */
export type DecoderInputs = {
  readonly pixels: Value;
  readonly isUnconditioned: Value;
  readonly fpn0: Value;
  readonly fpn1: Value;
  readonly points: Value;
  readonly labels: Value;
  readonly mask: Value;
  readonly hasMask: Value;
};

/** What the decoder finds; see buildMaskDecoder. */
export type DecoderOutputs = {
  readonly masks: Value;
  readonly ious: Value;
  readonly objectScore: Value;
  readonly pointers: Value;
};

/** The decoder as a part of a graph; the fine maps may be of one image or of B. */
export function decodeMasks(
  net: Net,
  side: number,
  inputs: DecoderInputs,
): DecoderOutputs {
  const { graph, weights } = net;
  const { pixels, isUnconditioned, fpn0, fpn1 } = inputs;
  const { points, labels, mask, hasMask } = inputs;
  const c = weights.config.channels;
  const grid = side / 16;
  const [objects] = points.dims;

  // prompts
  const sparse = label(
    graph,
    "sparse",
    encodePoints(net, points, labels, side),
  );
  const dense = label(graph, "dense", encodeMask(net, mask, hasMask));
  const tokens = Concat(graph, [outputTokens(net, points), sparse], {
    axis: 1,
  });

  // transformer
  const noMemory = valueOf(
    graph,
    "no_mem_embed",
    reshaped(graph, weights.read("no_mem_embed"), [1, c, 1, 1]),
  );
  const unconditioned = Mul(graph, isUnconditioned, noMemory);
  const image = Add(graph, Add(graph, pixels, unconditioned), dense);
  const positions = constant(
    graph,
    "dense.position",
    fourierGrid(grid, gaussianOf(net)),
  );
  const { queries, keys } = transform(net, tokens, {
    keys: toTokens(graph, image),
    positions,
  });

  // heads
  const token = (from: number, to: number) =>
    Slice(graph, queries, { axis: 1, start: from, end: to });
  const maskTokens = label(graph, "tokens", token(2, 6)); // [B, 4, C]
  const score = perceptron(net, `${decoder}.pred_obj_score_head`, token(0, 1));
  const objectScore = Reshape(graph, score, [objects, 1]);
  const ious = perceptron(net, `${decoder}.iou_prediction_head`, token(1, 2));
  const upscaled = upscale(net, keys, { fpn0, fpn1 });
  return {
    masks: mixMasks(net, maskTokens, upscaled),
    ious: Reshape(graph, Sigmoid(graph, ious), [objects, 4]),
    objectScore,
    pointers: pointersOf(net, maskTokens, objectScore),
  };
}

/** The random directions of the Fourier code, which never learn. */
function gaussianOf({ weights }: Net): Tensor {
  const name = `${encoder}.pe_layer.positional_encoding_gaussian_matrix`;
  const gaussian = weights.read(name);
  if (isConstant(gaussian)) return gaussian;
  throw new TypeError(`Cannot use ${name} as a weight that learns`);
}

/** Fourier code of the points plus what their label means, `[B, P, C]`. */
function encodePoints(
  net: Net,
  points: Value,
  labels: Value,
  side: number,
): Value {
  const { graph, weights } = net;
  // (p + 0.5) / side, then 2c − 1, then · 2π: p · 4π/side + (2π/side − 2π)
  const wide = Mul(graph, points, scalar(graph, 2 / side));
  const centred = Add(graph, wide, scalar(graph, 1 / side - 1));
  const gaussian = valueOf(
    graph,
    `${encoder}.gaussian`,
    scaled(graph, gaussianOf(net), 2 * Math.PI),
  );
  const turns = MatMul(graph, centred, gaussian);
  const code = Concat(graph, [Sin(graph, turns), Cos(graph, turns)], {
    axis: -1,
  });

  const isNone = Equal(graph, labels, scalar(graph, -1));
  const column = Reshape(graph, isNone, [...labels.dims, 1]);
  const place = Where(graph, column, scalar(graph, 0), code);
  const names = [
    "not_a_point_embed",
    ...[0, 1, 2, 3].map(
      (i) => `point_embeddings.${i}`,
    ),
  ];
  const rows = names.map((name) => weights.read(`${encoder}.${name}.weight`));
  const table = valueOf(
    graph,
    `${encoder}.labels`,
    concatRows(graph, rows, [5, weights.config.channels]),
  );
  const row = Cast(graph, Add(graph, labels, scalar(graph, 1)), "int32");
  return Add(graph, place, Gather(graph, table, row));
}

/** The mask prompt as an image embedding, or no_mask_embed, `[B, C, h, w]`. */
function encodeMask(net: Net, mask: Value, hasMask: Value): Value {
  const { graph, weights } = net;
  const name = `${encoder}.mask_downscaling`;
  let x = conv(net, `${name}.0`, mask, { stride: 2 });
  x = Gelu(graph, layerNorm2d(net, `${name}.1`, x));
  x = conv(net, `${name}.3`, x, { stride: 2 });
  x = Gelu(graph, layerNorm2d(net, `${name}.4`, x));
  x = conv(net, `${name}.6`, x);
  const row = weights.read(`${encoder}.no_mask_embed.weight`);
  const none = valueOf(
    graph,
    `${encoder}.no_mask_embed`,
    reshaped(graph, row, [1, weights.config.channels, 1, 1]),
  );
  const condition = Greater(graph, hasMask, scalar(graph, 0.5));
  return Where(graph, condition, x, none);
}

/** The learned tokens, object score first, then IoU, then four masks, for every prompt `[B, 6, C]`. */
function outputTokens(net: Net, points: Value): Value {
  const { graph, weights } = net;
  const c = weights.config.channels;
  const names = ["obj_score_token", "iou_token", "mask_tokens"];
  const rows = names.map((name) => weights.read(`${decoder}.${name}.weight`));
  const tokens = valueOf(
    graph,
    `${decoder}.tokens`,
    concatRows(graph, rows, [1, 6, c]),
  );
  const batch = Slice(graph, Shape(graph, points), {
    axis: 0,
    start: 0,
    end: 1,
  });
  const shape = Concat(graph, [batch, wholeNumbers(graph, [6, c])], {
    axis: 0,
  });
  return Expand(graph, tokens, shape, [points.dims[0], 6, c]);
}

/** The two-way transformer: tokens and image attend to each other twice. */
function transform(
  net: Net,
  tokens: Value,
  image: { readonly keys: Value; readonly positions: Value },
) {
  const { graph } = net;
  const name = `${decoder}.transformer`;
  const norm = (part: string, x: Value) =>
    layerNorm(net, `${name}.${part}`, x, { epsilon: normEpsilon });
  let queries = tokens;
  let keys = image.keys;
  const placed = () => ({
    tokens: Add(graph, queries, tokens),
    image: Add(graph, keys, image.positions),
  });

  for (const i of [0, 1]) {
    const layer = `layers.${i}`;
    const attention = (part: string, qkv: readonly [Value, Value, Value]) =>
      attend(net, `${name}.${layer}.${part}`, qkv);
    // self attention; the first layer has no positions and no residual
    if (i === 0) {
      queries = attention("self_attn", [queries, queries, queries]);
    } else {
      const at = placed().tokens;
      const self = attention("self_attn", [at, at, queries]);
      queries = Add(graph, queries, self);
    }
    queries = norm(`${layer}.norm1`, queries);
    // tokens look at the image
    const first = placed();
    const seen = attention("cross_attn_token_to_image", [
      first.tokens,
      first.image,
      keys,
    ]);
    queries = norm(`${layer}.norm2`, Add(graph, queries, seen));
    // feed forward
    const mlp = `${name}.${layer}.mlp.layers`;
    const hidden = Relu(graph, linear(net, `${mlp}.0`, queries));
    const wide = linear(net, `${mlp}.1`, hidden);
    queries = norm(`${layer}.norm3`, Add(graph, queries, wide));
    // the image looks at the tokens
    const second = placed();
    const heard = attention("cross_attn_image_to_token", [
      second.image,
      second.tokens,
      queries,
    ]);
    keys = norm(`${layer}.norm4`, Add(graph, keys, heard));
  }
  const last = placed();
  const seen = attend(net, `${name}.final_attn_token_to_image`, [
    last.tokens,
    last.image,
    keys,
  ]);
  queries = norm("norm_final_attn", Add(graph, queries, seen));
  return { queries, keys };
}

/** Multi-head attention with projections; the scale is part of the query weights. */
function attend(
  net: Net,
  name: string,
  [q, k, v]: readonly [Value, Value, Value],
): Value {
  const { graph, weights } = net;
  const heads = weights.config.decoderHeads;
  const queryWeight = weights.read(`${name}.q_proj.weight`);
  const [inner] = dimsOf(queryWeight);
  const factor = 1 / Math.sqrt(inner / heads);
  const perHead = (x: Value, order: readonly number[]) => {
    const [b, t] = x.dims;
    const split = Reshape(graph, x, [b, t, heads, inner / heads]);
    return Transpose(graph, split, order);
  };
  const queries = foldedLinear(net, `${name}.q_proj`, q, {
    matrix: transposed(graph, scaled(graph, queryWeight, factor)),
    bias: scaled(graph, weights.read(`${name}.q_proj.bias`), factor),
  });
  const keys = linear(net, `${name}.k_proj`, k);
  const values = linear(net, `${name}.v_proj`, v);
  const scores = MatMul(
    graph,
    perHead(queries, [0, 2, 1, 3]), // [B, t, heads, d] -> [B, heads, t, d]
    perHead(keys, [0, 2, 3, 1]), // -> [B, heads, d, t]
  );
  const mixed = MatMul(
    graph,
    Softmax(graph, scores),
    perHead(values, [0, 2, 1, 3]),
  );
  const back = Transpose(graph, mixed, [0, 2, 1, 3]);
  const joined = Reshape(graph, back, [q.dims[0], q.dims[1], inner]);
  return linear(net, `${name}.out_proj`, joined);
}

/** The image at a quarter of the input size, with the fine features added, `[B, C/8, S/4, S/4]`. */
function upscale(
  net: Net,
  keys: Value,
  { fpn0, fpn1 }: { readonly fpn0: Value; readonly fpn1: Value },
): Value {
  const { graph, weights } = net;
  const name = `${decoder}.output_upscaling`;
  const c = weights.config.channels;
  const grid = Math.sqrt(Number(keys.dims[1]));
  const planes = Transpose(graph, keys, [0, 2, 1]);
  const image = Reshape(graph, planes, [keys.dims[0], c, grid, grid]);
  const grow = (layer: number, x: Value) =>
    ConvTranspose(
      graph,
      x,
      weight(net, `${name}.${layer}.weight`),
      weight(net, `${name}.${layer}.bias`),
      { stride: 2 },
    );
  const middle = Add(graph, grow(0, image), fpn1);
  const active = Gelu(graph, layerNorm2d(net, `${name}.1`, middle));
  return Gelu(graph, Add(graph, grow(3, active), fpn0));
}

/** masks = hypernetwork of each mask token · upscaled image, `[B, 4, S/4, S/4]`. */
function mixMasks(net: Net, maskTokens: Value, upscaled: Value): Value {
  const { graph } = net;
  const names = [0, 1, 2, 3].map((i) =>
    `${decoder}.output_hypernetworks_mlps.${i}`
  );
  const mixing = perceptrons(net, names, maskTokens); // [B, 4, C/8]
  const [, c, h, w] = upscaled.dims.map((dim, i) => i ? Number(dim) : 0);
  const [objects] = upscaled.dims;
  const flat = Reshape(graph, upscaled, [objects, c, h * w]);
  return Reshape(graph, MatMul(graph, mixing, flat), [objects, 4, h, w]);
}

/** The object pointer for each mask token, or no_obj_ptr when the object is absent, `[B, 4, C]`. */
function pointersOf(net: Net, maskTokens: Value, objectScore: Value): Value {
  const { graph, weights } = net;
  const pointers = perceptron(net, "obj_ptr_proj", maskTokens);
  const score = Reshape(graph, objectScore, [objectScore.dims[0], 1, 1]);
  const isPresent = Greater(graph, score, scalar(graph, 0));
  const none = valueOf(
    graph,
    "no_obj_ptr",
    reshaped(graph, weights.read("no_obj_ptr"), [
      1,
      1,
      weights.config.channels,
    ]),
  );
  return Where(graph, isPresent, pointers, none);
}
