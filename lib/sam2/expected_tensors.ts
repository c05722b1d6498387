// Every tensor that a SAM 2 checkpoint of given sizes must hold, with its shape.
//
// A checkpoint is compared with this list before anything is built, so that a
// missing or misshaped tensor is an error with a name, not a crash later.
// Shapes follow facebookresearch/sam2 at 2b90b9f.

import type { TensorInfo } from "../weights/checkpoint.ts";
import type { Sam2Config } from "./config.ts";
import { trunkBlocks } from "./graph/trunk_blocks.ts";

type Shapes = Map<string, readonly number[]>;

/**
 * Compares a checkpoint with what its sizes demand.
 *
 * @throws RangeError naming the first tensor that is missing or has another shape
 */
export function checkTensors(
  tensors: ReadonlyMap<string, TensorInfo>,
  config: Sam2Config,
  { source }: { source: string },
): void {
  for (const [name, dims] of expectedTensors(config, tensors)) {
    const found = tensors.get(name);
    if (!found) {
      throw new RangeError(
        `Cannot use ${source}: tensor ${name} is missing, expected shape [${dims}]`,
      );
    }
    if (String(found.dims) !== String(dims)) {
      throw new RangeError(
        `Cannot use ${source}: tensor ${name} has shape [${found.dims}], expected [${dims}]`,
      );
    }
  }
}

/** Lists names and shapes; free inner widths are taken from the checkpoint itself. */
export function expectedTensors(
  config: Sam2Config,
  tensors: ReadonlyMap<string, TensorInfo>,
): ReadonlyMap<string, readonly number[]> {
  const shapes: Shapes = new Map();
  const free = (name: string) => Math.max(1, tensors.get(name)?.dims[0] ?? 1);
  addTrunk(shapes, config, tensors);
  addMemory(shapes, config, free);
  addPrompts(shapes, config);
  addDecoder(shapes, config, free);
  return shapes;
}

function linear(shapes: Shapes, name: string, to: number, from: number) {
  shapes.set(`${name}.weight`, [to, from]);
  shapes.set(`${name}.bias`, [to]);
}

function conv(
  shapes: Shapes,
  name: string,
  [to, from]: readonly [number, number],
  kernel: number,
) {
  shapes.set(`${name}.weight`, [to, from, kernel, kernel]);
  shapes.set(`${name}.bias`, [to]);
}

function norm(shapes: Shapes, name: string, channels: number) {
  shapes.set(`${name}.weight`, [channels]);
  shapes.set(`${name}.bias`, [channels]);
}

function addTrunk(
  shapes: Shapes,
  { trunk, channels }: Sam2Config,
  tensors: ReadonlyMap<string, TensorInfo>,
) {
  const prefix = "image_encoder.trunk";
  const [, , height = 1, width = 1] =
    tensors.get(`${prefix}.pos_embed`)?.dims ??
      [];
  const window = trunk.windowPerStage[0];
  shapes.set(`${prefix}.pos_embed`, [
    1,
    trunk.embedDim,
    Math.max(1, height),
    Math.max(1, width),
  ]);
  shapes.set(`${prefix}.pos_embed_window`, [
    1,
    trunk.embedDim,
    window,
    window,
  ]);
  conv(shapes, `${prefix}.patch_embed.proj`, [trunk.embedDim, 3], 7);
  for (const block of trunkBlocks(trunk)) {
    const { index, from, to } = block;
    const name = `${prefix}.blocks.${index}`;
    norm(shapes, `${name}.norm1`, from);
    norm(shapes, `${name}.norm2`, to);
    linear(shapes, `${name}.attn.qkv`, 3 * to, from);
    linear(shapes, `${name}.attn.proj`, to, to);
    linear(shapes, `${name}.mlp.layers.0`, 4 * to, to);
    linear(shapes, `${name}.mlp.layers.1`, to, 4 * to);
    if (from !== to) linear(shapes, `${name}.proj`, to, from);
  }
  for (const level of [0, 1, 2, 3]) {
    const from = trunk.embedDim * 2 ** (3 - level);
    conv(shapes, `image_encoder.neck.convs.${level}.conv`, [channels, from], 1);
  }
}

function addMemory(
  shapes: Shapes,
  config: Sam2Config,
  free: (name: string) => number,
) {
  const { channels: c, memoryChannels: m } = config;
  const slots = free("maskmem_tpos_enc");
  shapes.set("maskmem_tpos_enc", [slots, 1, 1, m]);
  shapes.set("no_mem_embed", [1, 1, c]);
  shapes.set("no_obj_ptr", [1, c]);
  conv(shapes, "mask_downsample", [1, 1], 4);
  for (const i of [0, 1, 2]) linear(shapes, `obj_ptr_proj.layers.${i}`, c, c);
  if (config.family === "sam2.1") {
    shapes.set("no_obj_embed_spatial", [1, m]);
    linear(shapes, "obj_ptr_tpos_proj", m, c);
  }

  for (let i = 0; i < config.memoryAttentionLayers; i++) {
    const name = `memory_attention.layers.${i}`;
    for (const part of ["self_attn", "cross_attn_image"]) {
      const from = part === "self_attn" ? c : m;
      linear(shapes, `${name}.${part}.q_proj`, c, c);
      linear(shapes, `${name}.${part}.k_proj`, c, from);
      linear(shapes, `${name}.${part}.v_proj`, c, from);
      linear(shapes, `${name}.${part}.out_proj`, c, c);
    }
    const hidden = free(`${name}.linear1.weight`);
    linear(shapes, `${name}.linear1`, hidden, c);
    linear(shapes, `${name}.linear2`, c, hidden);
    for (const n of [1, 2, 3]) norm(shapes, `${name}.norm${n}`, c);
  }
  norm(shapes, "memory_attention.norm", c);

  const down = "memory_encoder.mask_downsampler.encoder";
  const widths = [1, 4, 16, 64, 256];
  for (const step of [0, 1, 2, 3]) {
    const pair = [widths[step + 1], widths[step]] as const;
    conv(shapes, `${down}.${3 * step}`, pair, 3);
    norm(shapes, `${down}.${3 * step + 1}`, pair[0]);
  }
  conv(shapes, `${down}.12`, [c, 256], 1);
  conv(shapes, "memory_encoder.pix_feat_proj", [c, c], 1);
  for (const i of [0, 1]) {
    const name = `memory_encoder.fuser.layers.${i}`;
    const hidden = free(`${name}.pwconv1.weight`);
    shapes.set(`${name}.gamma`, [c]);
    conv(shapes, `${name}.dwconv`, [c, 1], 7);
    norm(shapes, `${name}.norm`, c);
    linear(shapes, `${name}.pwconv1`, hidden, c);
    linear(shapes, `${name}.pwconv2`, c, hidden);
  }
  conv(shapes, "memory_encoder.out_proj", [m, c], 1);
}

function addPrompts(shapes: Shapes, { channels: c }: Sam2Config) {
  const name = "sam_prompt_encoder";
  shapes.set(`${name}.pe_layer.positional_encoding_gaussian_matrix`, [
    2,
    c / 2,
  ]);
  for (const i of [0, 1, 2, 3]) {
    shapes.set(`${name}.point_embeddings.${i}.weight`, [1, c]);
  }
  shapes.set(`${name}.not_a_point_embed.weight`, [1, c]);
  shapes.set(`${name}.no_mask_embed.weight`, [1, c]);
  conv(shapes, `${name}.mask_downscaling.0`, [4, 1], 2);
  norm(shapes, `${name}.mask_downscaling.1`, 4);
  conv(shapes, `${name}.mask_downscaling.3`, [16, 4], 2);
  norm(shapes, `${name}.mask_downscaling.4`, 16);
  conv(shapes, `${name}.mask_downscaling.6`, [c, 16], 1);
}

function addDecoder(
  shapes: Shapes,
  { channels: c }: Sam2Config,
  free: (name: string) => number,
) {
  const name = "sam_mask_decoder";
  shapes.set(`${name}.iou_token.weight`, [1, c]);
  shapes.set(`${name}.mask_tokens.weight`, [4, c]);
  shapes.set(`${name}.obj_score_token.weight`, [1, c]);
  for (const i of [0, 1]) {
    const layer = `${name}.transformer.layers.${i}`;
    addAttention(shapes, `${layer}.self_attn`, c, c);
    addAttention(shapes, `${layer}.cross_attn_token_to_image`, c, c / 2);
    addAttention(shapes, `${layer}.cross_attn_image_to_token`, c, c / 2);
    const hidden = free(`${layer}.mlp.layers.0.weight`);
    linear(shapes, `${layer}.mlp.layers.0`, hidden, c);
    linear(shapes, `${layer}.mlp.layers.1`, c, hidden);
    for (const n of [1, 2, 3, 4]) norm(shapes, `${layer}.norm${n}`, c);
  }
  const final = `${name}.transformer.final_attn_token_to_image`;
  addAttention(shapes, final, c, c / 2);
  norm(shapes, `${name}.transformer.norm_final_attn`, c);
  shapes.set(`${name}.output_upscaling.0.weight`, [c, c / 4, 2, 2]);
  shapes.set(`${name}.output_upscaling.0.bias`, [c / 4]);
  norm(shapes, `${name}.output_upscaling.1`, c / 4);
  shapes.set(`${name}.output_upscaling.3.weight`, [c / 4, c / 8, 2, 2]);
  shapes.set(`${name}.output_upscaling.3.bias`, [c / 8]);
  conv(shapes, `${name}.conv_s0`, [c / 8, c], 1);
  conv(shapes, `${name}.conv_s1`, [c / 4, c], 1);
  for (const i of [0, 1, 2, 3]) {
    addMlp(shapes, `${name}.output_hypernetworks_mlps.${i}`, c, c, c / 8);
  }
  const hidden = free(`${name}.iou_prediction_head.layers.0.weight`);
  addMlp(shapes, `${name}.iou_prediction_head`, c, hidden, 4);
  addMlp(shapes, `${name}.pred_obj_score_head`, c, c, 1);
}

function addAttention(shapes: Shapes, name: string, c: number, inner: number) {
  for (const part of ["q_proj", "k_proj", "v_proj"]) {
    linear(shapes, `${name}.${part}`, inner, c);
  }
  linear(shapes, `${name}.out_proj`, c, inner);
}

function addMlp(
  shapes: Shapes,
  name: string,
  from: number,
  hidden: number,
  to: number,
) {
  linear(shapes, `${name}.layers.0`, hidden, from);
  linear(shapes, `${name}.layers.1`, hidden, hidden);
  linear(shapes, `${name}.layers.2`, to, hidden);
}
