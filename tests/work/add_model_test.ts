import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import {
  addModel,
  checkModels,
  findInstalled,
  findModel,
  listInstalled,
  type ModelPlace,
} from "medannotate";
import { sha256OfFile } from "../../lib/work/model_file.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { writeHuggingFace } from "../sam2/hugging_face.ts";
import { shapesOf, tiny, writeZeros } from "../sam2/official_shapes.ts";
import { listTree } from "./export/made_sequence.ts";

const mini = "tests/golden/sam2/sam2-mini.pt";
const miniJson = "tests/golden/sam2/sam2-mini.json";

/** An empty folder of models that knows one name. */
async function newPlace(folder: string): Promise<ModelPlace> {
  await Deno.mkdir(`${folder}/models`);
  const record = {
    id: "sam2.1-tiny",
    family: "sam2.1",
    size: "tiny",
    imageSize: 1024,
    file: "sam2.1_hiera_tiny.pt",
    licence: "Apache-2.0",
    source: "https://example.org/sam2.1_hiera_tiny.pt",
    sha256: "00",
    bytes: 5,
  } as const;
  return { folder: `${folder}/models`, registry: [record] };
}

Deno.test(
  "addModel() copies a checkpoint with its JSON, and findModel() finds it by name",
  inFolder(async (folder) => {
    const place = await newPlace(folder);
    const { added, record, path, recognised } = await addModel(mini, {}, place);
    ok(added);
    deepEqual([record.id, record.licence], ["sam2-mini", "unknown"]);
    ok(recognised.family !== "yolo");
    const { family, size, imageSize, sideFrom, naming } = recognised;
    deepEqual([family, size, imageSize], ["sam2.1", "custom", 128]);
    deepEqual([sideFrom, naming], ["json beside it", "Meta"]);
    equal(path, `${place.folder}/user/sam2-mini/sam2-mini.pt`);
    equal(await sha256OfFile(path), await sha256OfFile(mini));
    deepEqual(await listTree(`${place.folder}/user`), [
      "sam2-mini/.installed.json",
      "sam2-mini/sam2-mini.json",
      "sam2-mini/sam2-mini.pt",
    ]);
    deepEqual(await findModel("sam2-mini", place), {
      id: "sam2-mini",
      path,
      licence: "unknown",
    });
    const [check] = await checkModels(undefined, {}, place);
    deepEqual([check.id, check.problems], ["sam2-mini", []]);
  }),
);

Deno.test(
  "addModel() keeps a file of Hugging Face under the name of its folder",
  inFolder(async (folder) => {
    const place = await newPlace(folder);
    const source = `${folder}/Mini Polyps (v2)`;
    await Deno.mkdir(source);
    writeHuggingFace(mini, `${source}/model.safetensors`);
    await Deno.writeTextFile(`${source}/config.json`, "{}");
    const { record } = await addModel(
      `${source}/model.safetensors`,
      { licence: "CC BY 4.0" },
      place,
    );
    deepEqual(
      [record.id, record.licence],
      ["mini-polyps-v2", "CC BY 4.0"],
    );
    deepEqual(await listTree(`${place.folder}/user/mini-polyps-v2`), [
      ".installed.json",
      "config.json",
      "model.safetensors",
    ]);
    const [check] = await checkModels("mini-polyps-v2", {}, place);
    deepEqual(check.problems, []);
  }),
);

Deno.test(
  "addModel() keeps that MedSAM2 works at 512, under another name too",
  inFolder(async (folder) => {
    const place = await newPlace(folder);
    const file = `${folder}/MedSAM2_latest.safetensors`;
    writeZeros(file, shapesOf(tiny));
    const { record } = await addModel(file, { id: "polyps" }, place);
    deepEqual(
      [record.id, record.size, record.imageSize],
      ["polyps", "tiny", 512],
    );
    match(record.licence, /^see wanglab\/MedSAM2/);
    const [check] = await checkModels("polyps", {}, place);
    deepEqual(check.problems, []);
  }),
);

Deno.test(
  "addModel() says that a file is there already, under whatever name",
  inFolder(async (folder) => {
    const place = await newPlace(folder);
    await addModel(mini, {}, place);
    const before = await listTree(place.folder);
    await Deno.copyFile(mini, `${folder}/other.pt`);
    await Deno.copyFile(miniJson, `${folder}/other.json`);
    for (const file of [mini, `${folder}/other.pt`]) {
      const again = await addModel(file, { id: "new" }, place);
      deepEqual([again.added, again.record.id], [false, "sam2-mini"]);
    }
    deepEqual(await listTree(place.folder), before);
  }),
);

Deno.test(
  "addModel() refuses names that are taken, reserved or no name, and changes nothing",
  inFolder(async (folder) => {
    const place = await newPlace(folder);
    await addModel(mini, {}, place);
    const before = await listTree(place.folder);
    const other = `${folder}/other.safetensors`;
    writeHuggingFace(mini, other);
    const refused = (id: string, message: RegExp) =>
      rejects(addModel(other, { id }, place), message);
    await refused("sam2-mini", /another file is installed under that name/);
    await refused("sam2.1-tiny", /the name of a model of the registry/);
    for (
      const id of ["", "../x", "a/b", "a\\b", "..", ".a", "A", "x".repeat(65)]
    ) {
      await refused(id, /Cannot name a model ".*": expected small letters/);
    }
    deepEqual(await listTree(place.folder), before);
  }),
);

Deno.test(
  "addModel() refuses what is no model, by what it is, and changes nothing",
  inFolder(async (folder) => {
    const place = await newPlace(folder);
    const bytes = await Deno.readFile(mini);
    const files: Record<string, readonly [Uint8Array, RegExp]> = {
      "empty.pt": [new Uint8Array(), /empty\.pt: it is empty/],
      "text.pt": [
        new TextEncoder().encode("hello\n"),
        /expected a zip archive/,
      ],
      "half.pt": [bytes.slice(0, bytes.length >> 1), /the file is cut off/],
      "nameless.pt": [bytes, /no JSON file beside the checkpoint tells/],
    };
    for (const [name, [content, message]] of Object.entries(files)) {
      await Deno.writeFile(`${folder}/${name}`, content);
      await rejects(addModel(`${folder}/${name}`, {}, place), message);
    }
    await rejects(addModel(folder, {}, place), /it is no file/);
    await rejects(
      addModel(`${folder}/no.pt`, {}, place),
      /there is no such file/,
    );
    const signal = AbortSignal.abort();
    await rejects(addModel(mini, { signal }, place), /^CancelledError/);
    deepEqual(await listTree(place.folder), []);
    deepEqual(await listInstalled(place), []);
  }),
);

Deno.test(
  "checkModels() names what changed since a model was added",
  inFolder(async (folder) => {
    const place = await newPlace(folder);
    const { path } = await addModel(mini, {}, place);
    const bytes = await Deno.readFile(path);
    bytes[bytes.length >> 1] ^= 4;
    await Deno.writeFile(path, bytes);
    const [{ problems: [first, second, ...more] }] = await checkModels(
      undefined,
      {},
      place,
    );
    match(first, /has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}/);
    match(second, /is damaged, its checksum/);
    deepEqual(more, []);
    await Deno.remove(path);
    const [{ problems: [gone] }] = await checkModels("sam2-mini", {}, place);
    match(gone, /cannot be read/);
    await rejects(
      checkModels("sam2.1-tiny", {}, place),
      /sam2\.1-tiny is not installed, expected one of sam2-mini/,
    );
  }),
);

Deno.test(
  "findInstalled() says how to be rid of a folder without its record",
  inFolder(async (folder) => {
    const place = await newPlace(folder);
    await Deno.mkdir(`${place.folder}/user/stray`, { recursive: true });
    await rejects(
      findInstalled("stray", place),
      /Cannot read .*stray.*what models add wrote; delete .*stray to be rid of it/,
    );
  }),
);
