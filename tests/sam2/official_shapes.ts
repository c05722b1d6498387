// The tensors of official checkpoints without their values, and files of zeros.

import { sizeOf } from "../../lib/base/tensor.ts";
import { expectedTensors } from "../../lib/sam2/expected_tensors.ts";
import type { Sam2Config } from "../../lib/sam2/config.ts";
import type { TensorInfo } from "../../lib/weights/checkpoint.ts";

/** The sizes of SAM 2.1 tiny. */
export const tiny: Sam2Config = {
  family: "sam2.1",
  name: "tiny",
  imageSize: 1024,
  trunk: {
    embedDim: 96,
    firstHeads: 1,
    blocksPerStage: [1, 2, 7, 2],
    windowPerStage: [8, 4, 14, 7],
    globalAttentionBlocks: [5, 7, 9],
  },
  channels: 256,
  memoryChannels: 64,
  memoryAttentionLayers: 4,
  decoderHeads: 8,
  multimaskForTracking: true,
};

/** The widths that only the weights tell, the same in all official sizes. */
const free: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^maskmem_tpos_enc$/, [7, 1, 1, 64]],
  [/^image_encoder\.trunk\.pos_embed$/, [1, 96, 7, 7]],
  [/^memory_attention\.layers\.\d\.linear1\.weight$/, [2048, 256]],
  [/^memory_encoder\.fuser\.layers\.\d\.pwconv1\.weight$/, [1024, 256]],
  [
    /^sam_mask_decoder\.transformer\.layers\.\d\.mlp\.layers\.0\.weight$/,
    [2048, 256],
  ],
  [/^sam_mask_decoder\.iou_prediction_head\.layers\.0\.weight$/, [256, 256]],
];

/** Names and shapes of a checkpoint of given sizes, with the tensor that nobody reads. */
export function shapesOf(
  config: Sam2Config,
): ReadonlyMap<string, readonly number[]> {
  const known = new Map<string, TensorInfo>();
  for (const name of expectedTensors(config, known).keys()) {
    const [, dims] = free.find(([pattern]) => pattern.test(name)) ?? [];
    if (dims) known.set(name, { dims, type: "float32" });
  }
  return new Map(expectedTensors(config, known))
    .set("no_mem_pos_enc", [1, 1, config.channels]);
}

/** Writes a safetensors file of zeros, which takes no space on most disks. */
export function writeZeros(
  path: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  { metadata = {}, type = "F32" }: {
    metadata?: Readonly<Record<string, string>>;
    type?: "F32" | "F16" | "BF16";
  } = {},
) {
  const width = type === "F32" ? 4 : 2;
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, shape] of shapes) {
    const start = end;
    end += sizeOf(shape) * width;
    header[name] = { dtype: type, shape, data_offsets: [start, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  Deno.writeFileSync(path, Uint8Array.of(...length, ...text));
  Deno.truncateSync(path, 8 + text.length + end);
}
