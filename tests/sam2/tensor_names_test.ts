import { deepEqual, equal, throws } from "node:assert/strict";
import { readTensorNames } from "../../lib/sam2/tensor_names.ts";
import type { Checkpoint } from "../../lib/weights/checkpoint.ts";
import { openCheckpoint } from "../../lib/weights/open_checkpoint.ts";
import { huggingFaceName } from "./hugging_face.ts";

const mini = openCheckpoint("tests/golden/sam2/sam2-mini.pt");
mini.close();
const names = [...mini.tensors.keys()];

/** A checkpoint that holds only names. */
function named(names: readonly string[]): Checkpoint {
  const info = { dims: [1], type: "float32" } as const;
  return {
    source: "some.pt",
    format: "pt",
    tensors: new Map(names.map((name) => [name, info])),
    metadata: {},
    read: (name) => ({ dims: [1], data: Float32Array.of(names.indexOf(name)) }),
    close: () => {},
  };
}

function refused(names: readonly string[], message: RegExp) {
  throws(() => readTensorNames(named(names)), {
    name: "RangeError",
    message: new RegExp(`^Cannot use some\\.pt: .*${message.source}`),
  });
}

Deno.test("readTensorNames() drops what training scripts put before the names", () => {
  for (
    const prefix of [
      "",
      "module.",
      "_orig_mod.",
      "module._orig_mod.",
      "state_dict.",
      "state_dict.model.",
      "sam2_model.",
    ]
  ) {
    const others = ["optimizer.state.0.exp_avg", "loss.weight"];
    const all = [...names.map((name) => prefix + name), ...others];
    const { checkpoint, naming } = readTensorNames(named(all));
    equal(naming, "Meta");
    const isCut = prefix !== "" && prefix !== "_orig_mod.";
    const expected = isCut ? names : [...names, ...others];
    deepEqual([...checkpoint.tensors.keys()], expected, prefix);
    const at = names.indexOf("no_obj_ptr"); // what is read is the tensor of the file
    deepEqual([...checkpoint.read("no_obj_ptr").data], [at], prefix);
  }
});

Deno.test("readTensorNames() drops what torch.compile puts inside the names", () => {
  const compiled = names.map((name) =>
    name.replace("image_encoder.", "image_encoder._orig_mod.")
  );
  const { checkpoint } = readTensorNames(named(compiled));
  deepEqual([...checkpoint.tensors.keys()], names);
  const name = "image_encoder.trunk.pos_embed";
  deepEqual([...checkpoint.read(name).data], [names.indexOf(name)]);
});

Deno.test("readTensorNames() translates names of Hugging Face behind a prefix too", () => {
  const other = names.map((name) => huggingFaceName(name))
    .filter((name) => name !== undefined)
    .map((name) => `module.${name}`);
  const { checkpoint, naming } = readTensorNames(named(other));
  equal(naming, "Hugging Face");
  const rows = names.filter((name) => name.includes("point_embeddings"));
  deepEqual(
    [...checkpoint.tensors.keys(), ...rows].toSorted(),
    names.toSorted(),
  );
});

Deno.test("readTensorNames() refuses a file of two networks and names both places", () => {
  const twice = ["", "ema."].flatMap((p) => names.map((name) => p + name));
  refused(
    twice,
    /it holds more than one network, under "" and under "ema\.", expected one/,
  );
});

Deno.test("readTensorNames() says which relative of SAM 2 a file is", () => {
  const found: readonly (readonly [string, RegExp])[] = [
    ["image_encoder.blocks.0.attn.rel_pos_h", /it is SAM 1 /],
    ["vision_encoder.layers.11.attn.rel_pos_w", /it is SAM 1 /],
    ["image_encoder.patch_embed.seq.0.c.weight", /it is MobileSAM/],
    ["image_encoder.trunk.body.stages_0.blocks.0.weight", /it is EdgeTAM/],
    ["spatial_perceiver.latents", /it is EdgeTAM/],
    [
      "detector.backbone.vision_backbone.trunk.blocks.0.norm1.weight",
      /it is SAM 3/,
    ],
    [
      "detector_model.vision_encoder.backbone.layers.0.layer_norm1.weight",
      /it is SAM 3/,
    ],
    [
      "vision_encoder.backbone.embeddings.position_embeddings",
      /it is SAM 3/,
    ],
    ["model.0.conv.weight", /it is a YOLO model/],
    ["model.23.cv2.0.0.conv.weight", /it is a YOLO model/],
    [
      "image_encoder.trunk.blocks.0.attn.qkv.lora_A.weight",
      /it is a set of LoRA adapters/,
    ],
  ];
  for (const [name, message] of found) {
    refused(
      ["a", name],
      new RegExp(`${message.source}.*holds ${name}.*expected SAM 2 or 2\\.1`),
    );
  }
  const plain = names.filter((name) =>
    !/pos_embed_window|blocks\.\d+\.proj\./.test(name)
  );
  refused(plain, /plain vision transformer, as EfficientTAM has/);
  refused(
    ["backbone.layer1.weight", "head.bias"],
    /it is no SAM 2, none of its 2 tensors \(backbone\.layer1\.weight, head\.bias, …\)/,
  );
});

Deno.test("readTensorNames() says that a file for single images cannot track", () => {
  const image = names.filter((name) =>
    !/^(memory_|obj_ptr|maskmem|mask_downsample|no_obj|no_mem_pos)/.test(name)
  );
  const other = image.map((name) => huggingFaceName(name))
    .filter((name) => name !== undefined);
  const message =
    /it is SAM 2 for single images, without memory_attention and memory_encoder/;
  refused(image, message);
  refused(other, message);
});
