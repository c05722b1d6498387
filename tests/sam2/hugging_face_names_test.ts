import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  officialName,
  withOfficialNames,
} from "../../lib/sam2/hugging_face_names.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import { openCheckpoint } from "../../lib/weights/open_checkpoint.ts";
import { writeSafetensors } from "../../lib/weights/safetensors.ts";
import { sharedTest, sharedUrl } from "../shared.ts";
import {
  asHuggingFace,
  huggingFaceName,
  writeHuggingFace,
} from "./hugging_face.ts";
import { shapesOf, tiny } from "./official_shapes.ts";

const mini = "tests/golden/sam2/sam2-mini.pt";

Deno.test("officialName() turns the names that the conversion makes into Meta's", () => {
  const pairs = {
    "vision_encoder.backbone.blocks.3.mlp.proj_out.bias":
      "image_encoder.trunk.blocks.3.mlp.layers.1.bias",
    "vision_encoder.backbone.patch_embed.projection.weight":
      "image_encoder.trunk.patch_embed.proj.weight",
    "vision_encoder.neck.convs.2.weight":
      "image_encoder.neck.convs.2.conv.weight",
    "memory_attention.layers.0.cross_attn_image.o_proj.weight":
      "memory_attention.layers.0.cross_attn_image.out_proj.weight",
    "memory_attention.layer_norm.bias": "memory_attention.norm.bias",
    "memory_encoder.projection.weight": "memory_encoder.out_proj.weight",
    "memory_encoder.mask_downsampler.layers.3.layer_norm.weight":
      "memory_encoder.mask_downsampler.encoder.10.weight",
    "memory_encoder.mask_downsampler.final_conv.bias":
      "memory_encoder.mask_downsampler.encoder.12.bias",
    "memory_encoder.memory_fuser.layers.1.scale":
      "memory_encoder.fuser.layers.1.gamma",
    "mask_decoder.output_hypernetworks_mlps.2.layers.0.weight":
      "sam_mask_decoder.output_hypernetworks_mlps.2.layers.1.weight",
    "mask_decoder.transformer.layers.0.mlp.proj_in.weight":
      "sam_mask_decoder.transformer.layers.0.mlp.layers.0.weight",
    "mask_decoder.transformer.layer_norm_final_attn.weight":
      "sam_mask_decoder.transformer.norm_final_attn.weight",
    "object_pointer_proj.proj_out.weight": "obj_ptr_proj.layers.2.weight",
    "no_object_pointer": "no_obj_ptr",
    "mask_downsample.weight": "mask_downsample.weight",
  };
  for (const [from, to] of Object.entries(pairs)) equal(officialName(from), to);
});

Deno.test("officialName() undoes the conversion for every tensor of SAM 2.1 tiny", () => {
  const seen = new Set<string>();
  for (const name of shapesOf(tiny).keys()) {
    const other = huggingFaceName(name);
    if (other === undefined) continue;
    ok(!seen.has(other), `two tensors are called ${other}`);
    seen.add(other);
    equal(officialName(other), name);
  }
  equal(seen.size, 471 - 4); // the rows of the point embedding are one tensor
});

for (const shared of ["both", "image"] as const) {
  Deno.test(`openSam2File() reads what Hugging Face writes (position code under ${shared}) equal to Meta's file`, async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/model.safetensors`;
    writeHuggingFace(mini, path, { shared });
    compareFiles(mini, path);
    await Deno.remove(folder, { recursive: true });
  });
}

/** Both files give the same bytes for every tensor that the network reads. */
function compareFiles(meta: string, other: string) {
  const a = openSam2File(meta);
  const b = openSam2File(other);
  deepEqual([a.naming, b.naming], ["Meta", "Hugging Face"]);
  deepEqual(b.weights.config, a.weights.config);
  equal(b.parameters, a.parameters);
  deepEqual([...b.shapes], [...a.shapes]);
  for (const name of a.shapes.keys()) {
    deepEqual(b.weights.read(name), a.weights.read(name), name);
  }
  a.close();
  b.close();
}

sharedTest(
  "openSam2File() reads SAM 2.0 of Hugging Face equal to Meta's file",
  async () => {
    const folder = await Deno.makeTempDir();
    const old = new URL("golden/sam2/sam2-mini2.0.pt", sharedUrl).pathname;
    const path = `${folder}/model.safetensors`;
    writeHuggingFace(old, path);
    compareFiles(old, path);
    const file = openSam2File(path);
    equal(file.weights.config.family, "sam2.0");
    file.close();
    await Deno.remove(folder, { recursive: true });
  },
);

sharedTest(
  "officialName() undoes the conversion for every tensor of all official sizes",
  async () => {
    const url = new URL("golden/sam2/full-size.json", sharedUrl);
    const sizes: Record<string, { keys: [string, number[]][] }> = JSON.parse(
      await Deno.readTextFile(url),
    );
    for (const [size, { keys }] of Object.entries(sizes)) {
      const there = new Map<string, string>();
      for (const [name] of keys) {
        const other = huggingFaceName(name);
        if (other === undefined) continue;
        ok(!there.has(other), `${size}: two tensors are called ${other}`);
        there.set(other, name);
        equal(officialName(other), name, size);
      }
      equal(there.size, keys.length - 4, size);
    }
    deepEqual(
      new Map(sizes.tiny.keys.map(([name, dims]) => [name, dims])),
      new Map([...shapesOf(tiny)].sort(byPlace(sizes.tiny.keys))),
    );
  },
);

function byPlace(keys: readonly (readonly [string, unknown])[]) {
  const place = new Map(keys.map(([name], i) => [name, i]));
  return ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) =>
    place.get(a)! - place.get(b)!;
}

Deno.test("withOfficialNames() refuses point embeddings that are not four rows", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/model.safetensors`;
  const tensors = asHuggingFace(mini);
  const name = "prompt_encoder.point_embed.weight";
  tensors.set(name, { dims: [3, 2], data: new Float32Array(6) });
  writeSafetensors(path, tensors);
  const file = openCheckpoint(path);
  throws(
    () => withOfficialNames(file),
    /model\.safetensors: tensor prompt_encoder\.point_embed\.weight has shape \[3,2\], expected 4 rows/,
  );
  file.close();
  await Deno.remove(folder, { recursive: true });
});
