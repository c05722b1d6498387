// The options that say where data lives.

import type { Store } from "../store/database.ts";
import { openDataStore } from "../work/open_store.ts";
import { type Call, type CommandOption, UsageError } from "./command.ts";

/** `--store`, `--data`. */
export const storeOptions = {
  store: {
    type: "string",
    help: "file:… or libsql:… (default a file in the data folder)",
  },
  data: { type: "string", help: "the data folder (default data/user)" },
} as const satisfies Record<string, CommandOption>;

/** Opens the store that a call names. */
export function openStoreOf(call: Call): Promise<Store> {
  return openDataStore({ url: call.text("store"), folder: call.text("data") });
}

/** Reads the sequence numbers of a repeatable `--sequence`. */
export function sequenceIdsOf(call: Call): readonly number[] {
  return call.texts("sequence").map((text) => {
    const id = Number(text);
    if (!Number.isInteger(id) || id < 1) {
      throw new UsageError(`--sequence is ${text}, expected the number of one`);
    }
    return id;
  });
}
