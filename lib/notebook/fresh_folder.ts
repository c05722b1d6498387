// A folder of its own for each notebook, empty whenever the notebook starts.

import { join } from "node:path";
import { defaultDataFolder } from "../work/open_store.ts";

/**
 * Empties `data/user/notebooks/NAME` and gives its path.
 *
 * @throws RangeError for a name that could lead elsewhere
 */
export async function freshFolder(name: string): Promise<string> {
  if (!/^\w[\w-]*$/.test(name)) {
    throw new RangeError(
      `Cannot make a folder named ${name}: expected letters, digits, _ and -`,
    );
  }
  const folder = join(defaultDataFolder, "notebooks", name);
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}
