// The sizes of a SAM 2 network, read off its weights.
//
// What weights do not tell (heads, windows, which blocks attend globally) comes
// from the table of the official models, or from a JSON file beside the
// checkpoint, or from the metadata of a safetensors file. Nothing is guessed.

import { z } from "zod";
import type { TensorInfo } from "../weights/checkpoint.ts";

/** The sizes of the Hiera trunk. */
export type TrunkConfig = {
  readonly embedDim: number;
  readonly firstHeads: number;
  readonly blocksPerStage: readonly number[];
  readonly windowPerStage: readonly number[];
  readonly globalAttentionBlocks: readonly number[];
};

/** The sizes and habits of one SAM 2 model. */
export type Sam2Config = {
  readonly family: "sam2.1" | "sam2.0";
  /** `tiny`, `small`, `base_plus`, `large`, or the name in the JSON file. */
  readonly name: string;
  /** The side of the square input the weights were trained for, in pixels. */
  readonly imageSize: number;
  readonly trunk: TrunkConfig;
  readonly channels: number;
  readonly memoryChannels: number;
  readonly memoryAttentionLayers: number;
  readonly decoderHeads: number;
  /** Whether tracked frames choose among three masks; the official models do. */
  readonly multimaskForTracking: boolean;
};

const officialTrunks: Readonly<
  Record<
    string,
    & Pick<
      TrunkConfig,
      "firstHeads" | "windowPerStage" | "globalAttentionBlocks"
    >
    & { readonly embedDim: number; readonly name: string }
  >
> = {
  "1,2,7,2": {
    name: "tiny",
    embedDim: 96,
    firstHeads: 1,
    windowPerStage: [8, 4, 14, 7],
    globalAttentionBlocks: [5, 7, 9],
  },
  "1,2,11,2": {
    name: "small",
    embedDim: 96,
    firstHeads: 1,
    windowPerStage: [8, 4, 14, 7],
    globalAttentionBlocks: [7, 10, 13],
  },
  "2,3,16,3": {
    name: "base_plus",
    embedDim: 112,
    firstHeads: 2,
    windowPerStage: [8, 4, 14, 7],
    globalAttentionBlocks: [12, 16, 20],
  },
  "2,6,36,4": {
    name: "large",
    embedDim: 144,
    firstHeads: 2,
    windowPerStage: [8, 4, 16, 8],
    globalAttentionBlocks: [23, 33, 43],
  },
};

const count = z.int().positive();
const TrunkHints = z.object({
  firstHeads: count,
  windowPerStage: z.array(count).length(4),
  globalAttentionBlocks: z.array(z.int().nonnegative()),
}).partial();
const Behaviour = z.object({ multimaskForTracking: z.boolean().default(true) });

/**
 * What a JSON file beside a checkpoint may say, flat or with the trunk in its
 * own object. A trunk of an official size needs the side of the input only.
 */
export const Sam2Hints = z.preprocess(
  (value) =>
    typeof value === "object" && value !== null && "trunk" in value
      ? { ...value, ...(value.trunk as object) }
      : value,
  TrunkHints.extend({
    name: z.string().optional(),
    imageSize: count.multipleOf(32),
    decoderHeads: count.default(8),
    behaviour: Behaviour.default({ multimaskForTracking: true }),
  }).refine(
    ({ firstHeads, windowPerStage, globalAttentionBlocks }) => {
      const told = [firstHeads, windowPerStage, globalAttentionBlocks];
      return told.every((part) => part === undefined) ||
        told.every((part) => part !== undefined);
    },
    "firstHeads, windowPerStage and globalAttentionBlocks belong together",
  ),
);
export type Sam2Hints = z.infer<typeof Sam2Hints>;

/**
 * Reads the sizes off the names and shapes of a checkpoint.
 *
 * @param hints what stands beside the checkpoint, if anything
 * @throws RangeError when this is no SAM 2, or when sizes cannot be known
 */
export function readSam2Config(
  tensors: ReadonlyMap<string, TensorInfo>,
  hints?: Sam2Hints,
): Sam2Config {
  const dims = (name: string) => {
    const info = tensors.get(name);
    if (!info) {
      throw new RangeError(
        `Cannot recognise SAM 2: tensor ${name} is missing among ${tensors.size}`,
      );
    }
    return info.dims;
  };
  const width = (name: string, axis: number) => {
    const size = dims(name)[axis];
    if (size > 0) return size;
    throw new RangeError(
      `Cannot recognise SAM 2: tensor ${name} has shape [${
        dims(name)
      }], expected channels on axis ${axis}`,
    );
  };
  const embedDim = width("image_encoder.trunk.pos_embed", 1);
  const blocksPerStage = readStages(tensors);
  const official = officialTrunks[String(blocksPerStage)];
  const isOfficial = official !== undefined && official.embedDim === embedDim;
  const { firstHeads, windowPerStage, globalAttentionBlocks } =
    hints?.firstHeads !== undefined || !isOfficial ? hints ?? {} : official;
  if (!firstHeads || !windowPerStage || !globalAttentionBlocks) {
    throw new RangeError(
      `Cannot know the heads and windows of a trunk of ${blocksPerStage} blocks and ${embedDim} channels: ` +
        "it is none of the official sizes, and no JSON file beside the checkpoint tells",
    );
  }
  const is21 = tensors.has("obj_ptr_tpos_proj.weight") ||
    tensors.has("no_obj_embed_spatial");
  return {
    family: is21 ? "sam2.1" : "sam2.0",
    name: hints?.name ?? (isOfficial ? official.name : "custom"),
    imageSize: hints?.imageSize ?? 1024,
    trunk: {
      embedDim,
      firstHeads,
      blocksPerStage,
      windowPerStage,
      globalAttentionBlocks,
    },
    channels: width("image_encoder.neck.convs.0.conv.weight", 0),
    memoryChannels: width("memory_encoder.out_proj.weight", 0),
    memoryAttentionLayers: countLayers(tensors, "memory_attention.layers"),
    decoderHeads: hints?.decoderHeads ?? 8,
    multimaskForTracking: hints?.behaviour.multimaskForTracking ?? true,
  };
}

/** One more than the highest number after a prefix, so that a layer with a tensor missing still counts. */
function countLayers(
  tensors: ReadonlyMap<string, TensorInfo>,
  prefix: string,
): number {
  let count = 0;
  for (const name of tensors.keys()) {
    if (!name.startsWith(`${prefix}.`)) continue;
    const index = Number.parseInt(name.slice(prefix.length + 1));
    if (index >= count && index < tensors.size) count = index + 1;
  }
  return count;
}

/** A block whose shortcut is projected is the first of its stage. */
function readStages(tensors: ReadonlyMap<string, TensorInfo>): number[] {
  const prefix = "image_encoder.trunk.blocks";
  const blocks = countLayers(tensors, prefix);
  const stages: number[] = [];
  for (let i = 0; i < blocks; i++) {
    if (i === 0 || tensors.has(`${prefix}.${i}.proj.weight`)) stages.push(0);
    stages[stages.length - 1]++;
  }
  if (stages.length !== 4) {
    throw new RangeError(
      `Cannot recognise SAM 2: its trunk has ${stages.length} stages of ${stages} blocks, expected 4`,
    );
  }
  return stages;
}
