// Clearing what a model propagated, before it is propagated anew.

import { inTransaction } from "./database.ts";
import { removeMaskFiles } from "./mask_files.ts";
import type { SequenceWriter } from "./writer.ts";

/** Deletes the propagated masks of a sequence that nobody verified; returns how many. */
export function deletePropagated(
  { store, sequence, serially }: SequenceWriter,
): Promise<number> {
  return serially(async () => {
    const files = await inTransaction(store, async ({ db }) => {
      const objects = db.selectFrom("object").select("id")
        .where("sequenceId", "=", sequence.id);
      const rows = await db.deleteFrom("mask")
        .where("objectId", "in", objects).where("origin", "=", "propagated")
        .where("verified", "=", 0).returning("file").execute();
      return rows.map(({ file }) => file);
    });
    await removeMaskFiles(store.folder, files);
    return files.length;
  });
}
