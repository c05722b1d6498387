// Adding a checkpoint file to the models folder.

import { basename, dirname, extname, join, resolve } from "node:path";
import { messageOf, throwIfCancelled } from "../base/errors.ts";
import { medSam2Licence, type ModelRecord } from "../runtime/registry.ts";
import {
  type InstalledModel,
  installModel,
  isModelId,
  listInstalled,
  type ModelPlace,
  ownModels,
  type UserModel,
} from "./installed_models.ts";
import { isMedSam2, jsonBeside, sha256OfFile } from "./model_file.ts";
import { type RecognisedModel, recogniseModel } from "./recognise_model.ts";

/** What a person may say about a model that they add. */
export type AddModelOptions = {
  /** The name it is used by; default from the file. */
  readonly id?: string;
  /** Its terms, where they know better. */
  readonly licence?: string;
  /** Where a model that was tuned here comes from. */
  readonly tunedFrom?: UserModel["tunedFrom"];
  readonly signal?: AbortSignal;
};

/** A model, and whether it was there before. */
export type AddedModel = InstalledModel & {
  readonly added: boolean;
  readonly recognised: RecognisedModel;
};

/**
 * Recognises a checkpoint and copies it, with the JSON beside it, into the models folder.
 *
 * A file that is installed already, whatever its name, is only reported.
 *
 * @throws SyntaxError or RangeError saying why the file is no model that works here
 */
export async function addModel(
  file: string,
  { id, licence, tunedFrom, signal }: AddModelOptions = {},
  place: ModelPlace = ownModels,
): Promise<AddedModel> {
  const path = resolve(file);
  if (id !== undefined) requireModelId(id);
  const recognised = await recogniseModel(path);
  throwIfCancelled(signal, `add ${file}`);
  const twin = await findTwin(recognised, place);
  if (twin) return { ...twin, added: false, recognised };

  const { registry } = place;
  const same = registry.find(({ sha256 }) => sha256 === recognised.sha256);
  const named = registry.find(({ file, sha256 }) =>
    file === basename(path) && sha256 === undefined
  );
  const known = same ?? named;
  const name = id ?? known?.id ?? idOf(path);
  requireModelId(name);
  await requireFree(name, { file: path, known, place });
  const { sha256 } = recognised;
  const { licenceInside, ...told } = { licenceInside: "", ...recognised };
  const record: UserModel = {
    ...told,
    id: name,
    file: basename(path),
    licence: licence || licenceInside ||
      licenceOf(basename(path), same, registry),
    source: same?.source ?? path,
    ...(tunedFrom ? { tunedFrom } : {}),
  };
  const beside = recognised.family === "yolo"
    ? []
    : [jsonBeside(path), configOf(path)];
  const installed = await installModel(place, async (folder) => {
    await copyInto(folder, [path, ...beside]);
    throwIfCancelled(signal, `add ${file}`);
    const copied = await sha256OfFile(join(folder, record.file));
    if (copied !== sha256) {
      throw new Error(
        `Cannot add ${file}: the copy has sha256 ${copied}, expected ${sha256}; the file changed, or the disk is failing`,
      );
    }
    return record;
  });
  return { ...installed, added: true, recognised };
}

function requireModelId(id: string) {
  if (isModelId(id)) return;
  throw new RangeError(
    `Cannot name a model ${
      JSON.stringify(id)
    }: expected small letters, digits, ".", "_" and "-", at most 64, a letter or digit first`,
  );
}

/** A name for a file: its own, or that of its folder where files all have one name. */
function idOf(path: string): string {
  const stem = basename(path, extname(path));
  const word = stem === "model" ? basename(dirname(path)) : stem;
  const tidy = word.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-")
    .replaceAll(/^[^a-z0-9]+|-+$/g, "").slice(0, 64);
  return tidy || "model";
}

/** Finds an installed model of the same bytes. */
async function findTwin(
  { bytes, sha256 }: RecognisedModel,
  place: ModelPlace,
): Promise<InstalledModel | undefined> {
  for (const model of await listInstalled(place)) {
    const { size } = await Deno.stat(model.path);
    if (size === bytes && await sha256OfFile(model.path) === sha256) {
      return model;
    }
  }
}

async function requireFree(
  id: string,
  { file, known, place }: {
    readonly file: string;
    readonly known: ModelRecord | undefined;
    readonly place: ModelPlace;
  },
) {
  const installed = await listInstalled(place);
  const isTaken = installed.some(({ record }) => record.id === id);
  const isReserved = known?.id !== id &&
    place.registry.some((record) => record.id === id);
  if (!isTaken && !isReserved) return;
  throw new RangeError(
    `Cannot add ${file} as ${id}: ${
      isTaken
        ? "another file is installed under that name"
        : "that is the name of a model of the registry, and this is another file"
    }, expected another --name`,
  );
}

/** What is known of the terms of a file, by its checksum or else its name. */
function licenceOf(
  name: string,
  same: ModelRecord | undefined,
  registry: readonly ModelRecord[],
): string {
  if (same) return same.licence;
  if (isMedSam2(name)) return medSam2Licence;
  const namesake = registry.find(({ file }) => file === name);
  if (!namesake) return "unknown";
  return namesake.sha256 === undefined
    ? namesake.licence
    : `unknown (named like ${namesake.source}, but its sha256 is another)`;
}

function configOf(path: string): string {
  return join(dirname(path), "config.json");
}

/** Copies files that are there; the first must be. */
async function copyInto(folder: string, paths: readonly string[]) {
  const [checkpoint] = paths;
  for (const path of new Set(paths)) {
    try {
      await Deno.copyFile(path, join(folder, basename(path)));
    } catch (error) {
      const isAbsent = error instanceof Deno.errors.NotFound;
      if (isAbsent && path !== checkpoint) continue;
      throw new Error(
        `Cannot copy ${path} into ${folder}: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
}
