// Whose tensor names a checkpoint uses, and whether it is SAM 2 at all.
//
// Meta's own names are the ones that everything else here reads. What training
// scripts put before them goes ("module.", "_orig_mod.", "state_dict.",
// "model."), names of Hugging Face are translated, and a file of a relative is
// refused by what it is instead of by the first tensor that it lacks.

import type { Checkpoint } from "../weights/checkpoint.ts";
import { withOfficialNames } from "./hugging_face_names.ts";

/** Whose tensor names a file uses. */
export type Naming = "Meta" | "Hugging Face";

/** What tells the models apart that people confuse with SAM 2. */
const others: readonly { readonly is: string; readonly sign: RegExp }[] = [
  {
    is: "a YOLO model",
    sign: /^(module\.|_orig_mod\.)*model\.\d+\.(conv|cv\d|m|bn)\./,
  },
  {
    is: "SAM 3",
    sign:
      /^(model\.)?(detector|tracker|detector_model|tracker_model)\.|(^|\.)vision_encoder\.backbone\.(layers|embeddings)\./,
  },
  {
    is: "EdgeTAM",
    sign: /(^|\.)(spatial_perceiver|trunk\.body|backbone\.timm_model)\./,
  },
  {
    is: "MobileSAM",
    sign: /(^|\.)image_encoder\.patch_embed\.seq\./,
  },
  {
    is: "SAM 1 (or a fine-tuned one of it, such as MedSAM)",
    sign:
      /(^|\.)(image_encoder\.blocks|vision_encoder\.layers)\.\d+\.attn\.rel_pos_[hw]$/,
  },
  { is: "a set of LoRA adapters", sign: /\.lora_[abAB]\b/ },
];

const trunkSign =
  /^((?:.*\.)?)(?:image_encoder\.trunk|vision_encoder\.backbone)\./;

/**
 * Shows a checkpoint under Meta's names.
 *
 * @throws RangeError telling what the file is, when it is no whole SAM 2
 */
export function readTensorNames(
  checkpoint: Checkpoint,
): { readonly checkpoint: Checkpoint; readonly naming: Naming } {
  refuseOthers(checkpoint);
  const plain = withoutCompiler(checkpoint);
  const bare = withoutPrefix(plain, findPrefix(plain));
  const isHuggingFace = [...bare.tensors.keys()]
    .some((name) => name.startsWith("vision_encoder.backbone."));
  const named = isHuggingFace ? withOfficialNames(bare) : bare;
  refusePlainTrunk(named);
  refuseImageOnly(named);
  return { checkpoint: named, naming: isHuggingFace ? "Hugging Face" : "Meta" };
}

function refuseOthers({ source, tensors }: Checkpoint) {
  const names = [...tensors.keys()];
  for (const { is, sign } of others) {
    const found = names.find((name) => sign.test(name));
    if (found === undefined) continue;
    throw new RangeError(
      `Cannot use ${source}: it is ${is} (it holds ${found}), expected SAM 2 or 2.1`,
    );
  }
}

/** What stands before every name of the network; nothing, when the file has no trunk. */
function findPrefix({ source, tensors }: Checkpoint): string {
  const prefixes = new Set<string>();
  for (const name of tensors.keys()) {
    const [, prefix] = name.match(trunkSign) ?? [];
    if (prefix !== undefined) prefixes.add(prefix);
  }
  const [first, second] = prefixes;
  if (second !== undefined) {
    throw new RangeError(
      `Cannot use ${source}: it holds more than one network, under "${first}" and under "${second}", expected one`,
    );
  }
  if (first !== undefined) return first;
  const names = [...tensors.keys()].slice(0, 3).join(", ");
  throw new RangeError(
    `Cannot use ${source}: it is no SAM 2, none of its ${tensors.size} tensors (${names}, …) belongs to an image_encoder.trunk`,
  );
}

/** torch.compile puts a word where a part was compiled, not only in front. */
function withoutCompiler(checkpoint: Checkpoint): Checkpoint {
  const word = "_orig_mod.";
  const sources = new Map(
    [...checkpoint.tensors.keys()]
      .map((name) => [name.replaceAll(word, ""), name]),
  );
  const isPlain = [...sources].every(([name, source]) => name === source);
  if (isPlain) return checkpoint;
  const tensors = new Map(
    [...checkpoint.tensors]
      .map(([name, info]) => [name.replaceAll(word, ""), info]),
  );
  const read = (name: string) => checkpoint.read(sources.get(name) ?? name);
  return { ...checkpoint, tensors, read };
}

function withoutPrefix(checkpoint: Checkpoint, prefix: string): Checkpoint {
  if (prefix === "") return checkpoint;
  const tensors = new Map(
    [...checkpoint.tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, info]) => [name.slice(prefix.length), info]),
  );
  const read = (name: string) => checkpoint.read(prefix + name);
  return { ...checkpoint, tensors, read };
}

/** EfficientTAM keeps SAM 2's names around a plain vision transformer. */
function refusePlainTrunk({ source, tensors }: Checkpoint) {
  const names = [...tensors.keys()];
  const isHierarchical = tensors.has("image_encoder.trunk.pos_embed_window") ||
    names.some((name) =>
      /^image_encoder\.trunk\.blocks\.\d+\.proj\./.test(name)
    );
  if (isHierarchical || !tensors.has("image_encoder.trunk.pos_embed")) return;
  throw new RangeError(
    `Cannot use ${source}: its image encoder is a plain vision transformer, as EfficientTAM has, expected the Hiera trunk of SAM 2 or 2.1`,
  );
}

function refuseImageOnly({ source, tensors }: Checkpoint) {
  const parts = ["memory_attention", "memory_encoder"];
  const has = (part: string) =>
    [...tensors.keys()].some((name) => name.startsWith(`${part}.`));
  if (parts.some(has) || !has("sam_mask_decoder")) return;
  throw new RangeError(
    `Cannot use ${source}: it is SAM 2 for single images, without memory_attention and memory_encoder, expected a checkpoint that also tracks (the video model)`,
  );
}
