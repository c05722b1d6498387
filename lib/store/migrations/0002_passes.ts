// What a mask still waits for.
//
// A mask that was tracked in one of two directions is provisional; one whose
// conditions changed since is stale. Both are computed anew, others are kept. A
// basis names the conditions that a mask was tracked from, so that a change
// which is taken back costs nothing.

import type { Kysely } from "kysely";

/** Adds the columns of version 0.2. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("mask")
    .addColumn("state", "text", (c) => c.notNull().defaultTo("final"))
    .execute();
  await db.schema.alterTable("mask")
    .addColumn("driftParts", "text", (c) => c.notNull().defaultTo("{}"))
    .execute();
  await db.schema.alterTable("mask")
    .addColumn("basis", "text", (c) => c.notNull().defaultTo(""))
    .execute();
}
