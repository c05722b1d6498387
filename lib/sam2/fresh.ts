// A SAM 2 that has learnt nothing yet: the sizes of the nano, values by chance.
//
// Values are drawn as the official modules draw them: linear maps and
// convolutions evenly within ±1/√(inputs), the trunk's linear maps normally
// with a deviation of 0.02, embeddings normally. The fuser's scales begin at
// 0.1, not 1e-6, with which a short training leaves the fuser off.

import { hashText, type Random, seededRandom } from "../base/random.ts";
import { sizeOf, type Tensor } from "../base/tensor.ts";
import type { TensorInfo } from "../weights/checkpoint.ts";
import type { Sam2Config } from "./config.ts";
import { expectedTensors } from "./expected_tensors.ts";
import type { Sam2Weights } from "./weights.ts";

/** The sizes of the nano. */
export const nanoConfig: Sam2Config = {
  family: "sam2.1",
  name: "sam2-nano",
  imageSize: 128,
  trunk: {
    embedDim: 32,
    firstHeads: 1,
    blocksPerStage: [1, 2, 3, 1],
    windowPerStage: [8, 4, 8, 8],
    globalAttentionBlocks: [4, 5],
  },
  channels: 128,
  memoryChannels: 32,
  memoryAttentionLayers: 2,
  decoderHeads: 4,
  multimaskForTracking: false,
};

const feedForwardWidth = 256; // of decoder and memory attention
const fuserWidth = 4; // times the channels
const positionGrid = 7; // of the coarse position embedding
const memoryAges = 7;

/** Draws all tensors of a network; the same seed gives the same values. */
export function freshSam2(
  config: Sam2Config,
  seed: number,
): { readonly weights: Sam2Weights; readonly names: readonly string[] } {
  const shapes = new Map(expectedTensors(config, freeWidths(config)));
  shapes.set("no_mem_pos_enc", [1, 1, config.channels]); // stored, never used
  const tensors = new Map<string, Tensor>();
  for (const [name, dims] of shapes) {
    const random = seededRandom(hashText(`${seed} ${name}`));
    const draw = drawerOf(name, shapes, random);
    const data = Float32Array.from({ length: sizeOf(dims) }, draw);
    tensors.set(name, { dims, data });
  }
  const source = `fresh ${config.name}, seed ${seed}`;
  return {
    names: [...shapes.keys()],
    weights: {
      source,
      config,
      read: (name) => {
        const tensor = tensors.get(name);
        if (tensor) return tensor;
        throw new RangeError(`${source} has no tensor ${name}`);
      },
    },
  };
}

/** The widths that a checkpoint would tell. */
function freeWidths(
  { channels, memoryAttentionLayers }: Sam2Config,
): ReadonlyMap<string, TensorInfo> {
  const found = new Map<string, TensorInfo>();
  const set = (name: string, dims: readonly number[]) =>
    found.set(name, { dims, type: "float32" });
  set("maskmem_tpos_enc", [memoryAges]);
  set("image_encoder.trunk.pos_embed", [1, 1, positionGrid, positionGrid]);
  for (let i = 0; i < memoryAttentionLayers; i++) {
    set(`memory_attention.layers.${i}.linear1.weight`, [feedForwardWidth]);
  }
  for (const i of [0, 1]) {
    const layer = `sam_mask_decoder.transformer.layers.${i}`;
    set(`${layer}.mlp.layers.0.weight`, [feedForwardWidth]);
    const fuser = `memory_encoder.fuser.layers.${i}`;
    set(`${fuser}.pwconv1.weight`, [fuserWidth * channels]);
  }
  set("sam_mask_decoder.iou_prediction_head.layers.0.weight", [channels]);
  return found;
}

/** What draws the values of a tensor. */
function drawerOf(
  name: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  random: Random,
): () => number {
  const dims = shapes.get(name) ?? [];
  if (name === "mask_downsample.weight") return () => 20 / 16; // the mean of 16, as ±10
  if (name === "mask_downsample.bias") return () => -10;
  if (name === "no_mem_pos_enc") return () => 0;
  if (name.endsWith(".gamma")) return () => 0.1;
  if (isNorm(name, dims)) return () => name.endsWith(".weight") ? 1 : 0;
  if (/gaussian_matrix|_embed|_token|point_embeddings/.test(name)) {
    const isSmall = /^no_mem_embed|pos_embed/.test(name);
    return () => normal(random) * (isSmall ? 0.02 : 1);
  }
  if (/^maskmem_tpos_enc|^no_obj/.test(name)) {
    return () => normal(random) * 0.02;
  }
  const isTrunk = /trunk\.blocks/.test(name);
  if (isTrunk) {
    return name.endsWith(".bias") ? () => 0 : () => normal(random) * 0.02;
  }
  const own = name.endsWith(".bias")
    ? shapes.get(name.replace(/bias$/, "weight")) ?? dims
    : dims;
  const inputs = sizeOf(own.slice(1));
  const reach = 1 / Math.sqrt(Math.max(1, inputs));
  return () => (2 * random() - 1) * reach;
}

function isNorm(name: string, dims: readonly number[]): boolean {
  const named = /norm\d?\.|norm_final_attn\.|output_upscaling\.1\.|\.norm\./;
  const inMasks = /mask_downscaling\.[14]\.|encoder\.(1|4|7|10)\./;
  return dims.length === 1 && (named.test(name) || inMasks.test(name));
}

function normal(random: Random): number {
  const length = Math.sqrt(-2 * Math.log(1 - random()));
  return length * Math.cos(2 * Math.PI * random());
}
