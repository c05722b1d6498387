// Where features of frames are kept, and removing those of a sequence.
//
// They show what the frames show, so they go with them. What they hold and how
// they are read is the business of whoever computes them (work/feature_cache.ts).

import { join } from "node:path";
import type { Store } from "./database.ts";

/** The folder of features below a data folder; one folder in it for each model. */
export function featureFolder(dataFolder: string): string {
  return join(dataFolder, "features");
}

/** The file of a frame's features in a model's folder, named by the frame's pixels. */
export function featureFileName(frameSha256: string): string {
  return `${frameSha256}.half`;
}

/** Removes the features of a sequence's frames that no other sequence has. */
export async function removeFeatures(
  { db, folder }: Store,
  sequenceId: number,
): Promise<void> {
  const others = db.selectFrom("frame").select("sha256")
    .where("sequenceId", "!=", sequenceId);
  const rows = await db.selectFrom("frame").select("sha256").distinct()
    .where("sequenceId", "=", sequenceId).where("sha256", "not in", others)
    .execute();
  const own = new Set(rows.map(({ sha256 }) => featureFileName(sha256)));
  for (const model of await listNames(featureFolder(folder))) {
    const place = join(featureFolder(folder), model);
    for (const name of await listNames(place)) {
      if (own.has(name)) await Deno.remove(join(place, name));
    }
  }
}

async function listNames(folder: string): Promise<readonly string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  });
  return entries.map(({ name }) => name);
}
