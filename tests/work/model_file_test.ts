import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { Tensor } from "../../lib/base/tensor.ts";
import { openCheckpoint } from "../../lib/weights/open_checkpoint.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { huggingFaceName } from "../sam2/hugging_face.ts";
import { shapesOf, tiny, writeZeros } from "../sam2/official_shapes.ts";
import { sharedTest, sharedUrl } from "../shared.ts";

const mini = "tests/golden/sam2/sam2-mini.pt";

/** Opens a file, closes it and tells what it is. */
function look(path: string) {
  const { weights, sideFrom, parameters, close } = openSam2File(path);
  close();
  const { family, name, imageSize } = weights.config;
  return { family, name, imageSize, sideFrom, parameters };
}

const official = {
  family: "sam2.1",
  name: "tiny",
  imageSize: 1024,
  sideFrom: "the default of SAM 2",
  parameters: 38_962_498, // MODELS 1.1, counted in the official code
};

Deno.test(
  "openSam2File() knows the side by the file name, the JSON, the metadata or the default",
  inFolder(async (folder) => {
    const shapes = shapesOf(tiny);
    const open = (name: string, metadata = {}) => {
      writeZeros(`${folder}/${name}`, shapes, { metadata });
      return look(`${folder}/${name}`);
    };
    deepEqual(open("sam2.1_hiera_tiny.safetensors"), official);
    const at512 = { ...official, imageSize: 512 };
    const byName = { ...at512, sideFrom: "its file name" };
    deepEqual(open("MedSAM2_latest.safetensors"), byName);
    deepEqual(open("medsam2-mine.safetensors"), byName);
    deepEqual(
      open("MedSAM2_US_Heart.safetensors", { sam2: '{"imageSize": 256}' }),
      { ...official, imageSize: 256, sideFrom: "its metadata" },
    );
    await Deno.writeTextFile(`${folder}/mine.json`, '{"imageSize": 512}');
    deepEqual(open("mine.safetensors"), {
      ...at512,
      sideFrom: "json beside it",
    });
  }),
);

Deno.test(
  "openSam2File() takes the side of a file of Hugging Face from config.json",
  inFolder(async (folder) => {
    const shapes = new Map<string, readonly number[]>();
    for (const [name, dims] of shapesOf(tiny)) {
      shapes.set(huggingFaceName(name) ?? "prompt_encoder.point_embed.weight", [
        ...(name.includes("point_embeddings") ? [4, 256] : dims),
      ]);
    }
    const path = `${folder}/model.safetensors`;
    writeZeros(path, shapes);
    deepEqual(look(path), official);
    await Deno.writeTextFile(
      `${folder}/config.json`,
      '{"prompt_encoder_config": {"image_size": 512}}',
    );
    deepEqual(look(path), {
      ...official,
      imageSize: 512,
      sideFrom: "config.json beside it",
    });
  }),
);

Deno.test(
  "openSam2File() wants the parts of a trunk together, and the side of the input",
  inFolder(async (folder) => {
    const path = `${folder}/mini.pt`;
    await Deno.copyFile(mini, path);
    const told: readonly (readonly [string, RegExp])[] = [
      ["{}", /imageSize: /],
      ['{"imageSize": 100}', /imageSize: /],
      ['{"imageSize": 128, "firstHeads": 1}', /belong together/],
      ['{"imageSize": 128}', /heads and windows of a trunk of 1,2,3,1 blocks/],
    ];
    for (const [json, message] of told) {
      await Deno.writeTextFile(`${folder}/mini.json`, json);
      throws(() => look(path), message);
    }
  }),
);

/** Cuts float32 to bfloat16: the upper half of the bits. */
function toBfloat16(data: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  return Uint16Array.from(bits, (value) => value >>> 16);
}

Deno.test(
  "openSam2File() widens weights of 16 bits, as fine-tuned files often have them",
  inFolder(async (folder) => {
    const file = openCheckpoint(mini);
    const tensors = new Map<string, Tensor>(
      [...file.tensors.keys()].map((name) => [name, file.read(name)]),
    );
    file.close();
    const shapes = new Map(
      [...tensors].map(([name, { dims }]) => [name, dims]),
    );
    const sam2 = await Deno.readTextFile(mini.replace("pt", "json"));
    for (const type of ["F16", "BF16"] as const) {
      const path = `${folder}/${type}.safetensors`;
      writeZeros(path, shapes, { type, metadata: { sam2 } });
      const out = await Deno.open(path, { append: true });
      const bytes = [...tensors.values()].reduce(
        (n, { data }) => n + data.length * 2,
        0,
      );
      await out.truncate((await out.stat()).size - bytes);
      for (const { data } of tensors.values()) {
        const half = type === "BF16"
          ? toBfloat16(data)
          : Float16Array.from(data);
        await out.write(new Uint8Array(half.buffer));
      }
      out.close();
      const { weights, close } = openSam2File(path);
      for (const [name, { data }] of tensors) {
        const read = weights.read(name).data;
        const step = type === "BF16" ? 2 ** -7 : 2 ** -10; // of the value
        ok(
          read.every((v, i) =>
            Math.abs(v - data[i]) <= Math.abs(data[i]) * step + 1e-7
          ),
          `${type} ${name}`,
        );
      }
      close();
    }
  }),
);

Deno.test(
  "openSam2File() says what is wrong with what is no checkpoint",
  inFolder(async (folder) => {
    const files: Record<string, readonly [string | Uint8Array, RegExp]> = {
      "empty.pt": ["", /it is empty/],
      "empty.safetensors": ["", /it is empty/],
      "pointer.pt": [
        "version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
        /pointer of Git LFS/,
      ],
      "page.pt": ["<!DOCTYPE html><html></html>", /it is a web page/],
      "old.pt": [Uint8Array.of(0x80, 2, 0x8a), /torch\.save wrote before 1\.6/],
      "text.pt": ["hello", /starts with bytes 104,101,108,108/],
    };
    for (const [name, [content, message]] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      if (typeof content === "string") await Deno.writeTextFile(path, content);
      else await Deno.writeFile(path, content);
      throws(() => look(path), message);
      throws(() => look(path), new RegExp(name));
    }
    throws(() => look(folder), /it is no file/);
    throws(
      () => look(`${folder}/absent.pt`),
      /absent\.pt: there is no such file/,
    );
  }),
);

Deno.test(
  "openSam2File() notices a damaged byte by the checksum of the zip",
  inFolder(async (folder) => {
    const bytes = await Deno.readFile(mini);
    await Deno.copyFile(mini.replace("pt", "json"), `${folder}/mini.json`);
    bytes[bytes.length >> 1] ^= 1; // the lowest bit of some weight
    await Deno.writeFile(`${folder}/mini.pt`, bytes);
    const { weights, shapes, close } = openSam2File(`${folder}/mini.pt`);
    throws(
      () => [...shapes.keys()].forEach((name) => weights.read(name)),
      /mini\.pt: zip entry \S+ is damaged, its checksum is [0-9a-f]{8}, expected [0-9a-f]{8}/,
    );
    close();
  }),
);

sharedTest("openSam2File() says that a YOLO checkpoint is one", () => {
  const yolo = new URL("golden/yolo/pt/yolo11n-shapes-det.pt", sharedUrl);
  throws(() => look(yolo.pathname), /it is a YOLO model/);
});

sharedTest(
  "openSam2File() counts the parameters of every official size",
  async () => {
    const url = new URL("golden/sam2/full-size.json", sharedUrl);
    const sizes: Record<string, { keys: [string, number[]][] }> = JSON.parse(
      await Deno.readTextFile(url),
    );
    const folder = await Deno.makeTempDir();
    const counts: Record<string, number> = {};
    for (const [size, { keys }] of Object.entries(sizes)) {
      const path = `${folder}/${size}.safetensors`;
      writeZeros(path, new Map(keys.map(([name, dims]) => [name, dims])));
      counts[size] = look(path).parameters;
    }
    await Deno.remove(folder, { recursive: true });
    deepEqual(counts, {
      tiny: 38_962_498,
      "tiny2.0": 38_962_498 - 16_448 - 64, // no obj_ptr_tpos_proj, no_obj_embed_spatial
      small: 46_060_354,
      base_plus: 80_850_178,
      large: 224_446_642,
    });
    equal(counts.tiny, official.parameters);
  },
);
