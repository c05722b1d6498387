// Scans of videos, kept in the data folder.

import { join } from "node:path";
import type { ScanShelf } from "../media/scan_file.ts";
import type { Store } from "../store/database.ts";
import { writeFileWhole } from "./write_file.ts";

/** The shelf of a store; keys are hexadecimal. */
export function openScanShelf({ folder }: Pick<Store, "folder">): ScanShelf {
  const pathOf = (key: string) => join(folder, "scans", `${key}.json`);
  return {
    find: (key) => Deno.readTextFile(pathOf(key)).catch(() => undefined),
    keep: (key, text) => writeFileWhole(pathOf(key), text).catch(() => {}),
  };
}
