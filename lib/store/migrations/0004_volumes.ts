// Volumes as sequences: the axis and the window that made their frames.
//
// Without them the same file would give other frames when it is opened again.

import type { Kysely } from "kysely";

/** Adds how the slices of a volume are seen; null for folders and videos. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("sequence").addColumn("view", "text").execute();
}
