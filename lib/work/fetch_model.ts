// Fetching a model of the registry from its official source.

import { join } from "node:path";
import { messageOf, throwIfCancelled } from "../base/errors.ts";
import type { ModelRecord } from "../runtime/registry.ts";
import { download, type DownloadOptions } from "./download.ts";
import {
  findInstalled,
  type InstalledModel,
  installModel,
  type ModelPlace,
  ownModels,
  userFolder,
} from "./installed_models.ts";
import { sha256OfFile } from "./model_file.ts";
import { recogniseModel } from "./recognise_model.ts";

/** A model, and whether it had to be fetched. */
export type FetchedModel = InstalledModel & { readonly fetched: boolean };

/**
 * Downloads a model of the registry, checks it and installs it.
 *
 * An interrupted download goes on where it stopped. Without a known checksum the
 * file must be the network that its record names, and its checksum is kept.
 *
 * @throws RangeError for an id that is not known or ships already; Error in one
 *   sentence when there is no connection or the file is not the expected one
 */
export async function fetchModel(
  id: string,
  options: Omit<DownloadOptions, "bytes"> = {},
  place: ModelPlace = ownModels,
): Promise<FetchedModel> {
  const installed = await findInstalled(id, place);
  if (installed) return { ...installed, fetched: false };
  const record = getFetchable(id, place);
  const part = join(userFolder(place), `${record.file}.part`);
  await download(record.source, part, { ...options, bytes: record.bytes });
  throwIfCancelled(options.signal, `fetch ${id}`);

  const sha256 = await sha256OfFile(part);
  if (record.sha256 !== undefined && sha256 !== record.sha256) {
    await Deno.remove(part); // going on from it could only fail again
    throw new Error(
      `Cannot use ${record.source}: what came has sha256 ${sha256}, expected ${record.sha256}; it was removed`,
    );
  }
  const done = await installModel(place, async (folder) => {
    const path = join(folder, record.file);
    await Deno.rename(part, path);
    const { id, file, licence, source } = record;
    const { licenceInside: _, ...found } = {
      licenceInside: "",
      ...await recognise(path, record),
    };
    return { id, file, licence, source, ...found };
  });
  return { ...done, fetched: true };
}

function getFetchable(id: string, { registry, folder }: ModelPlace) {
  const record = registry.find((known) => known.id === id);
  const fetchable = registry.filter(({ source }) => URL.canParse(source));
  if (!record) {
    throw new RangeError(
      `There is no model ${id} to fetch, expected one of ${
        fetchable.map(({ id }) => id).join(", ")
      }`,
    );
  }
  if (fetchable.includes(record)) return record;
  throw new RangeError(
    `Model ${id} cannot be fetched: it ${record.source}, expected ${record.file} in ${folder}`,
  );
}

/** Recognises what came; it must be what the record names. */
async function recognise(path: string, record: ModelRecord) {
  const refuse = (why: string, cause?: unknown) =>
    new Error(
      `Cannot use ${record.source}: ${why}; what came was removed`,
      { cause },
    );
  const found = await recogniseModel(path).catch((error) => {
    throw refuse(messageOf(error).replaceAll(path, record.file), error);
  });
  for (const key of ["family", "size", "imageSize"] as const) {
    if (found[key] === record[key]) continue;
    throw refuse(`its ${key} is ${found[key]}, expected ${record[key]}`);
  }
  return found;
}
