// Everything a person does to a sequence can be undone, not only prompts.
//
// A step is a prompt that came or went, or a change: masks, objects and frame
// tags as they were and as they became. Steps of prompts move over as they are.
// Objects and spans that were deleted stay as inactive rows, so that undo finds
// them. The index serves whoever asks what changed since.

import { type Kysely, sql } from "kysely";

/** Adds the history of changes, and spans: tags of frames. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.createTable("step")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn(
      "sequenceId",
      "integer",
      (c) => c.notNull().references("sequence.id"),
    )
    .addColumn("promptId", "integer", (c) => c.references("prompt.id"))
    .addColumn("action", "text", (c) => c.notNull())
    .addColumn("change", "text", (c) => c.notNull().defaultTo(""))
    .addColumn("isDone", "integer", (c) => c.notNull()).execute();
  await sql`insert into step (id, "sequenceId", "promptId", action, "isDone")
    select id, "sequenceId", "promptId", action, "isDone" from "promptStep"`
    .execute(db);
  await db.schema.dropTable("promptStep").execute();
  for (const column of ["sequenceId", "promptId"]) {
    await db.schema.createIndex(`stepBy_${column}`).on("step").column(column)
      .execute();
  }
  await db.schema.alterTable("object")
    .addColumn("isActive", "integer", (c) => c.notNull().defaultTo(1))
    .execute();
  await db.schema.createTable("span")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn(
      "sequenceId",
      "integer",
      (c) => c.notNull().references("sequence.id"),
    )
    .addColumn("tagId", "integer", (c) => c.notNull().references("tag.id"))
    .addColumn("firstFrame", "integer", (c) => c.notNull())
    .addColumn("lastFrame", "integer", (c) => c.notNull())
    .addColumn("isActive", "integer", (c) => c.notNull()).execute();
  await db.schema.createIndex("spanBy_sequenceId").on("span")
    .column("sequenceId").execute();
  await db.schema.createIndex("maskBy_updatedAt").on("mask")
    .columns(["objectId", "updatedAt"]).execute();
}
