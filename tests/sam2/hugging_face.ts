// Files as Hugging Face writes them, made from Meta's: the way back of
// lib/sam2/hugging_face_names.ts, written independently, as ordered replacements.

import type { Tensor } from "../../lib/base/tensor.ts";
import { openCheckpoint } from "../../lib/weights/open_checkpoint.ts";
import { writeSafetensors } from "../../lib/weights/safetensors.ts";

const replacements: readonly (readonly [RegExp, string])[] = [
  [/(?<=(_head|_mlps\.\d|obj_ptr_proj)\.)layers\.0\./, "proj_in."],
  [/(?<=(_head|_mlps\.\d|obj_ptr_proj)\.)layers\.1\./, "layers.0."],
  [/(?<=(_head|_mlps\.\d|obj_ptr_proj)\.)layers\.2\./, "proj_out."],
  [/\.mlp\.layers\.0/, ".mlp.proj_in"],
  [/\.mlp\.layers\.1/, ".mlp.proj_out"],
  [/output_upscaling\.0/, "upscale_conv1"],
  [/output_upscaling\.1/, "upscale_layer_norm"],
  [/output_upscaling\.3/, "upscale_conv2"],
  [/mask_downscaling\.0/, "mask_embed.conv1"],
  [/mask_downscaling\.1/, "mask_embed.layer_norm1"],
  [/mask_downscaling\.3/, "mask_embed.conv2"],
  [/mask_downscaling\.4/, "mask_embed.layer_norm2"],
  [/mask_downscaling\.6/, "mask_embed.conv3"],
  [/mask_downsampler\.encoder\.12/, "mask_downsampler.final_conv"],
  [/mask_downsampler\.encoder\.0\./, "mask_downsampler.layers.0.conv."],
  [/mask_downsampler\.encoder\.1\./, "mask_downsampler.layers.0.layer_norm."],
  [/mask_downsampler\.encoder\.3\./, "mask_downsampler.layers.1.conv."],
  [/mask_downsampler\.encoder\.4\./, "mask_downsampler.layers.1.layer_norm."],
  [/mask_downsampler\.encoder\.6\./, "mask_downsampler.layers.2.conv."],
  [/mask_downsampler\.encoder\.7\./, "mask_downsampler.layers.2.layer_norm."],
  [/mask_downsampler\.encoder\.9\./, "mask_downsampler.layers.3.conv."],
  [/mask_downsampler\.encoder\.10\./, "mask_downsampler.layers.3.layer_norm."],
  [/dwconv/, "depthwise_conv"],
  [/pwconv/, "pointwise_conv"],
  [/fuser/, "memory_fuser"],
  [
    /pe_layer\.positional_encoding_gaussian_matrix/,
    "shared_embedding.positional_embedding",
  ],
  [/obj_ptr_tpos_proj/, "temporal_positional_encoding_projection_layer"],
  [/no_obj_embed_spatial/, "occlusion_spatial_embedding_parameter"],
  [/^sam_/, ""],
  [/maskmem_tpos_enc/, "memory_temporal_positional_encoding"],
  [/\.gamma$/, ".scale"],
  [/image_encoder\.neck\.convs\.(\d)\.conv/, "vision_encoder.neck.convs.$1"],
  [/image_encoder\.trunk/, "vision_encoder.backbone"],
  [/pix_feat_proj/, "feature_projection"],
  [/patch_embed\.proj/, "patch_embed.projection"],
  [/no_mem_embed/, "no_memory_embedding"],
  [/no_mem_pos_enc/, "no_memory_positional_encoding"],
  [/obj_ptr/, "object_pointer"],
  [/\.norm/, ".layer_norm"],
  [/memory_encoder\.out_proj/, "memory_encoder.projection"],
  [/out_proj/, "o_proj"],
];

/** The name that Hugging Face gives a tensor of Meta's; undefined for a row of the stacked one. */
export function huggingFaceName(name: string): string | undefined {
  if (name.includes("point_embeddings")) return undefined;
  return replacements.reduce(
    (text, [from, to]) => text.replace(from, to),
    name,
  );
}

/** The tensors of a checkpoint of Meta's under the names of Hugging Face. */
export function asHuggingFace(
  path: string,
  { shared = "both" }: { shared?: "both" | "image" } = {},
): Map<string, Tensor> {
  const file = openCheckpoint(path);
  const tensors = new Map<string, Tensor>();
  for (const name of file.tensors.keys()) {
    const other = huggingFaceName(name);
    if (other !== undefined) tensors.set(other, file.read(name));
  }
  const rows = [0, 1, 2, 3].map((i) =>
    file.read(`sam_prompt_encoder.point_embeddings.${i}.weight`)
  );
  file.close();
  tensors.set("prompt_encoder.point_embed.weight", {
    dims: [4, rows[0].dims[1]],
    data: Float32Array.from(rows.flatMap(({ data }) => [...data])),
  });
  const matrix = "shared_embedding.positional_embedding";
  const code = tensors.get(`prompt_encoder.${matrix}`)!;
  tensors.set("shared_image_embedding.positional_embedding", code);
  // what safetensors of shared memory leaves of the two
  if (shared === "image") tensors.delete(`prompt_encoder.${matrix}`);
  return tensors;
}

/** Writes a checkpoint of Meta's as Hugging Face would, with what its JSON says in the metadata. */
export function writeHuggingFace(
  from: string,
  to: string,
  options: Parameters<typeof asHuggingFace>[1] = {},
) {
  const sam2 = Deno.readTextFileSync(from.replace(/pt$/, "json"));
  writeSafetensors(to, asHuggingFace(from, options), { metadata: { sam2 } });
}
