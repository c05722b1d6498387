// Tensor names of SAM 2 as Hugging Face writes them, turned into Meta's.
//
// Follows convert_sam2_video_to_hf.py and modeling_sam2_video.py of
// huggingface/transformers (09cb93d): every weight is the same, none is
// transposed or permuted. Only two things are more than a name: the four point
// embeddings are the rows of one tensor, and the matrix of the position code is
// kept under one or two names, since the library leaves out shared copies.

import { sizeOf } from "../base/tensor.ts";
import type { Checkpoint, TensorInfo } from "../weights/checkpoint.ts";

/** Applied in order, each at most once. */
const rules: readonly (readonly [RegExp, string])[] = [
  [
    /^(prompt_encoder\.shared_embedding|shared_image_embedding)\.positional_embedding$/,
    "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
  ],
  [
    /^prompt_encoder\.mask_embed\.conv1\./,
    "prompt_encoder.mask_downscaling.0.",
  ],
  [
    /^prompt_encoder\.mask_embed\.layer_norm1\./,
    "prompt_encoder.mask_downscaling.1.",
  ],
  [
    /^prompt_encoder\.mask_embed\.conv2\./,
    "prompt_encoder.mask_downscaling.3.",
  ],
  [
    /^prompt_encoder\.mask_embed\.layer_norm2\./,
    "prompt_encoder.mask_downscaling.4.",
  ],
  [
    /^prompt_encoder\.mask_embed\.conv3\./,
    "prompt_encoder.mask_downscaling.6.",
  ],
  [/^mask_decoder\.upscale_conv1\./, "mask_decoder.output_upscaling.0."],
  [/^mask_decoder\.upscale_layer_norm\./, "mask_decoder.output_upscaling.1."],
  [/^mask_decoder\.upscale_conv2\./, "mask_decoder.output_upscaling.3."],
  [/^(prompt_encoder|mask_decoder)\./, "sam_$1."],
  // two layers in transformers, three in the heads; the middle one counts from 0
  [/\.mlp\.proj_in\./, ".mlp.layers.0."],
  [/\.mlp\.proj_out\./, ".mlp.layers.1."],
  [
    /((_head|_mlps\.\d+)|^object_pointer_proj)\.layers\.0\./,
    "$1.layers.1.",
  ],
  [/((_head|_mlps\.\d+)|^object_pointer_proj)\.proj_in\./, "$1.layers.0."],
  [/((_head|_mlps\.\d+)|^object_pointer_proj)\.proj_out\./, "$1.layers.2."],
  [
    /^vision_encoder\.neck\.convs\.(\d+)\./,
    "image_encoder.neck.convs.$1.conv.",
  ],
  [/^vision_encoder\.backbone\./, "image_encoder.trunk."],
  [/\.patch_embed\.projection\./, ".patch_embed.proj."],
  [/^memory_encoder\.projection\./, "memory_encoder.out_proj."],
  [/^memory_encoder\.feature_projection\./, "memory_encoder.pix_feat_proj."],
  [/^memory_encoder\.memory_fuser\./, "memory_encoder.fuser."],
  [/\.depthwise_conv\./, ".dwconv."],
  [/\.pointwise_conv/, ".pwconv"],
  [/^(memory_encoder\.fuser\..*)\.scale$/, "$1.gamma"],
  [/^object_pointer_proj\./, "obj_ptr_proj."],
  [/^temporal_positional_encoding_projection_layer\./, "obj_ptr_tpos_proj."],
  [/^occlusion_spatial_embedding_parameter$/, "no_obj_embed_spatial"],
  [/^no_object_pointer$/, "no_obj_ptr"],
  [/^no_memory_embedding$/, "no_mem_embed"],
  [/^no_memory_positional_encoding$/, "no_mem_pos_enc"],
  [/^memory_temporal_positional_encoding$/, "maskmem_tpos_enc"],
  [/\.layer_norm/, ".norm"],
  [/\.o_proj\./, ".out_proj."],
];

const downsampler = "memory_encoder.mask_downsampler";
const pointRows = "prompt_encoder.point_embed.weight";

/** Meta's name of a tensor that has one name in both. */
export function officialName(name: string): string {
  // a convolution, a norm and an activation a step; the last one is alone
  const step = name.match(
    /^memory_encoder\.mask_downsampler\.layers\.(\d+)\.(conv|layer_norm)\.(\w+)$/,
  );
  if (step) {
    const index = 3 * Number(step[1]) + (step[2] === "conv" ? 0 : 1);
    return `${downsampler}.encoder.${index}.${step[3]}`;
  }
  const last = name.match(
    /^memory_encoder\.mask_downsampler\.final_conv\.(\w+)$/,
  );
  if (last) return `${downsampler}.encoder.12.${last[1]}`;
  return rules.reduce((text, [found, put]) => text.replace(found, put), name);
}

/** Shows a checkpoint of Hugging Face under Meta's names; nothing is copied. */
export function withOfficialNames(checkpoint: Checkpoint): Checkpoint {
  const tensors = new Map<string, TensorInfo>();
  const sources = new Map<string, { name: string; row?: number }>();
  for (const [name, info] of checkpoint.tensors) {
    if (name !== pointRows) {
      const official = officialName(name);
      tensors.set(official, info);
      sources.set(official, { name });
      continue;
    }
    const [rows, ...rest] = info.dims;
    if (rows !== 4 || rest.length !== 1) {
      throw new RangeError(
        `Cannot use ${checkpoint.source}: tensor ${name} has shape [${info.dims}], expected 4 rows`,
      );
    }
    for (const row of [0, 1, 2, 3]) {
      const official = `sam_prompt_encoder.point_embeddings.${row}.weight`;
      tensors.set(official, { dims: [1, ...rest], type: info.type });
      sources.set(official, { name, row });
    }
  }
  return {
    ...checkpoint,
    tensors,
    read: (official) => {
      const source = sources.get(official);
      const info = tensors.get(official);
      if (!source || !info) return checkpoint.read(official); // which says that it is missing
      const { data } = checkpoint.read(source.name);
      if (source.row === undefined) return { dims: info.dims, data };
      const size = sizeOf(info.dims);
      const row = data.slice(source.row * size, (source.row + 1) * size);
      return { dims: info.dims, data: row };
    },
  };
}
