// The same frames elsewhere: where a sequence lies now, and whose it is.

import type { HasDb } from "./database.ts";
import { viewText } from "./sequence_view.ts";
import type { Sequence } from "./sequences.ts";

/** Changes where a sequence lies, how its volume is seen there, and its procedure. */
export async function moveSequence(
  { db }: HasDb,
  id: number,
  { source, view, procedureId }: Pick<
    Sequence,
    "source" | "view" | "procedureId"
  >,
): Promise<void> {
  await db.updateTable("sequence")
    .set({ source, procedureId, view: viewText(view) })
    .where("id", "=", id).execute();
}
