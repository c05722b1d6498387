// Deleting a sequence: its rows in one transaction, then its files.
//
// The same transaction notes that files are to go, so that a deletion killed
// halfway is finished by the next one who opens any sequence for writing.

import { inTransaction, type Store } from "./database.ts";
import { removeFeatures } from "./feature_files.ts";
import { finishRemovals, openForWriting } from "./writer.ts";

/** Deletes a sequence with its frames, objects, prompts, masks, runs, files and features; throws while somebody writes to it. */
export async function deleteSequence(store: Store, id: number): Promise<void> {
  const writer = await openForWriting(store, id);
  try {
    await removeFeatures(store, id); // first: they can be computed again
    await inTransaction(store, async ({ db }) => {
      await db.insertInto("removedSequence").values({ id }).execute();
      const objects = db.selectFrom("object").select("id")
        .where("sequenceId", "=", id);
      for (const table of ["mask", "runMemory"] as const) {
        await db.deleteFrom(table).where("objectId", "in", objects).execute();
      }
      for (
        const table of [
          "step",
          "span",
          "prompt",
          "object",
          "run",
          "frame",
        ] as const
      ) {
        await db.deleteFrom(table).where("sequenceId", "=", id).execute();
      }
      await db.deleteFrom("sequence").where("id", "=", id).execute();
    });
    await finishRemovals(store);
  } finally {
    await writer.close();
  }
}
