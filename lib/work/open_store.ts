// Where data lives: the data folder and the store in it.

import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openStore, type Store } from "../store/database.ts";

/** The data folder of a person who named none; not in git. */
export const defaultDataFolder = fileURLToPath(
  new URL("../../data/user/", import.meta.url),
);

/** Where the store is; what is left out lies in the data folder. */
export type StoreChoice = {
  /** `file:…`, `libsql:…` */
  readonly url?: string;
  readonly folder?: string;
};

/** Opens the store of a data folder, new when there is none. */
export function openDataStore(
  { url, folder = defaultDataFolder }: StoreChoice = {},
): Promise<Store> {
  const place = resolve(folder);
  const database = pathToFileURL(join(place, "medannotate.db")).href;
  return openStore({ url: url ?? database, folder: place });
}
