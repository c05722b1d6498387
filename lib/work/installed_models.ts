// The models folder: what ships in it, and what a person added or fetched.
//
// An added model has a folder of its own, `user/ID`, with the checkpoint under
// the name it came with, the JSON that belongs to it and a record, which says
// what it is. The folder appears by one rename, so it is whole or absent.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { type ModelRecord, modelRegistry } from "../runtime/registry.ts";

/** Where the shipped and fetched models lie. */
export const modelsFolder: string = fileURLToPath(
  new URL("../../models/", import.meta.url),
);

/** A folder of models and the names that are known. */
export type ModelPlace = {
  readonly folder: string;
  readonly registry: readonly ModelRecord[];
};

/** MedAnnotate's own folder and registry. */
export const ownModels: ModelPlace = {
  folder: modelsFolder,
  registry: modelRegistry,
};

/** Says what an added model is; no checkpoint of that stem can be beside it. */
const recordFile = ".installed.json";

const common = {
  id: z.string(),
  size: z.string(),
  imageSize: z.int().positive(),
  file: z.string().regex(/^[^/\\]+$/),
  licence: z.string(),
  source: z.string(),
  sha256: z.string(),
  bytes: z.int().positive(),
  /** Of a model that was tuned here: what it was before, and what it learnt from. */
  tunedFrom: z.object({
    parentSha256: z.string(),
    /** The path of the data's certificate. */
    certificate: z.string(),
  }).optional(),
};

/** What that file says. */
const UserRecord = z.discriminatedUnion("family", [
  z.object({
    ...common,
    family: z.enum(["sam2.1", "sam2.0"]),
    sideFrom: z.string(),
    parameters: z.int().positive(),
    naming: z.enum(["Meta", "Hugging Face"]),
  }),
  z.object({
    ...common,
    family: z.literal("yolo"),
    task: z.enum(["detect", "segment"]),
    classes: z.array(z.string()).min(1).readonly(),
    format: z.enum(["pt", "safetensors", "onnx"]),
    parameters: z.int().positive().optional(),
  }),
]);

/** A model that a person added or fetched. */
export type UserModel = Readonly<z.infer<typeof UserRecord>>;

/** A model whose file is there. */
export type InstalledModel = {
  readonly record: ModelRecord | UserModel;
  readonly path: string;
};

/** The folder of added models. */
export function userFolder({ folder }: ModelPlace): string {
  return join(folder, "user");
}

/** Whether a word can name a model: it becomes the name of a folder. */
export function isModelId(id: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(id);
}

/** Lists the models that a person added or fetched, by id. */
export async function listUserModels(
  place: ModelPlace,
): Promise<readonly InstalledModel[]> {
  const entries = await Array.fromAsync(Deno.readDir(userFolder(place)))
    .catch((error) => {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    });
  const ids = entries
    .filter(({ name, isDirectory }) => isDirectory && isModelId(name))
    .map(({ name }) => name).sort();
  return await Promise.all(ids.map((id) => readUserModel(id, place)));
}

async function readUserModel(
  id: string,
  place: ModelPlace,
): Promise<InstalledModel> {
  const folder = join(userFolder(place), id);
  try {
    const text = await Deno.readTextFile(join(folder, recordFile));
    const record = UserRecord.parse(JSON.parse(text));
    return { record: { ...record, id }, path: join(folder, record.file) };
  } catch (error) {
    const why = error instanceof z.ZodError
      ? z.prettifyError(error)
      : messageOf(error);
    throw new Error(
      `Cannot read ${
        join(folder, recordFile)
      }, which says what model ${id} is: ${why}. Expected what models add wrote; delete ${folder} to be rid of it`,
      { cause: error },
    );
  }
}

/** Finds an installed model by id: an added one, or a file of the registry put into the folder. */
export async function findInstalled(
  id: string,
  place: ModelPlace = ownModels,
): Promise<InstalledModel | undefined> {
  if (isModelId(id) && await isThere(join(userFolder(place), id))) {
    return await readUserModel(id, place);
  }
  const record = place.registry.find((known) => known.id === id);
  if (!record) return undefined;
  const path = join(place.folder, record.file);
  return await isThere(path) ? { record, path } : undefined;
}

/** Lists every installed model: those of the registry in its order, then added ones. */
export async function listInstalled(
  place: ModelPlace = ownModels,
): Promise<readonly InstalledModel[]> {
  const added = await listUserModels(place);
  const known = await Promise.all(
    place.registry.map(({ id }) => findInstalled(id, place)),
  );
  const ids = new Set(place.registry.map(({ id }) => id));
  return [
    ...known.filter((model) => model !== undefined),
    ...added.filter(({ record }) => !ids.has(record.id)),
  ];
}

function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

/**
 * Installs a model: `fill` puts its files into a new folder and tells what they
 * are; then the folder takes its place. Nothing is left when anything fails.
 */
export async function installModel(
  place: ModelPlace,
  fill: (folder: string) => Promise<UserModel>,
): Promise<InstalledModel> {
  const staged = join(userFolder(place), `.${crypto.randomUUID()}.tmp`);
  await Deno.mkdir(staged, { recursive: true }).catch((error) => {
    throw new Error(
      `Cannot install a model into ${place.folder}: ${messageOf(error)}`,
      { cause: error },
    );
  });
  try {
    const record = await fill(staged);
    await Deno.writeTextFile(
      join(staged, recordFile),
      JSON.stringify(record, null, 2) + "\n",
    );
    const folder = join(userFolder(place), record.id);
    if (await isThere(folder)) {
      throw new RangeError(
        `Cannot install ${record.id}: there is already a model of that name in ${folder}`,
      );
    }
    await Deno.rename(staged, folder);
    return { record, path: join(folder, record.file) };
  } catch (error) {
    await Deno.remove(staged, { recursive: true });
    throw error;
  }
}
