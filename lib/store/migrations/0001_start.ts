// The first tables. A migration that has been published is never edited; the
// next change is a new file.
//
// Keys of things that name files or that logs refer to are never given twice
// (autoIncrement), even when the newest row is deleted. Nothing cascades: not
// every server enforces foreign keys, so deleting is spelled out where it is done.

import { type ColumnDefinitionBuilder, type Kysely, sql } from "kysely";

/** Creates the tables of version 0.1. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createPlaces(db);
  await createTagsAndObjects(db);
  await createPrompts(db);
  await createRunsAndMasks(db);
}

/** Where frames come from: patient, procedure, sequence, frame. */
async function createPlaces(db: Kysely<unknown>) {
  await db.schema.createTable("setting")
    .addColumn("name", "text", (c) => c.primaryKey())
    .addColumn("value", "text", (c) => c.notNull()).execute();
  await db.schema.createTable("patient")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn("code", "text", (c) => c.notNull().unique()).execute();
  await db.schema.createTable("procedure")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn("patientId", "integer", (c) => c.references("patient.id"))
    .addColumn("name", "text", (c) => c.notNull()).execute();
  await db.schema.createIndex("procedurePerPatient").unique().on("procedure")
    .expression(sql`coalesce("patientId", 0), name`).execute();
  await db.schema.createTable("sequence")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn("procedureId", "integer", (c) => c.references("procedure.id"))
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("kind", "text", (c) => c.notNull())
    .addColumn("source", "text", (c) => c.notNull())
    .addColumn("width", "integer", (c) => c.notNull())
    .addColumn("height", "integer", (c) => c.notNull())
    .addColumn("frameCount", "integer", (c) => c.notNull())
    .addColumn("fps", "real")
    .addColumn("framesSha256", "text", (c) => c.notNull())
    .addColumn("createdAt", "text", (c) => c.notNull()).execute();
  await db.schema.createIndex("sequenceFrames").on("sequence")
    .column("framesSha256").execute();
  await db.schema.createTable("removedSequence")
    .addColumn("id", "integer", (c) => c.primaryKey()).execute();
  await db.schema.createTable("frame")
    .addColumn("sequenceId", "integer", owned("sequence.id"))
    .addColumn("index", "integer", (c) => c.notNull())
    .addColumn("timeMs", "real", (c) => c.notNull())
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("sha256", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("frameKey", ["sequenceId", "index"]).execute();
}

async function createTagsAndObjects(db: Kysely<unknown>) {
  await db.schema.createTable("tag")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn("code", "text", (c) => c.notNull().unique())
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("category", "text", (c) => c.notNull())
    .addColumn("colour", "text", (c) => c.notNull())
    .addColumn("classNumber", "integer", (c) => c.notNull().unique())
    .addColumn("procedures", "text", (c) => c.notNull())
    .addColumn("description", "text", (c) => c.notNull()).execute();
  await db.schema.createTable("object")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn("sequenceId", "integer", owned("sequence.id"))
    .addColumn("number", "integer", (c) => c.notNull())
    .addColumn(
      "tagId",
      "integer",
      (c) => c.references("tag.id"),
    )
    .addColumn("colour", "text", (c) => c.notNull())
    .addColumn("name", "text", (c) => c.notNull())
    .addUniqueConstraint("objectNumber", ["sequenceId", "number"]).execute();
}

async function createPrompts(db: Kysely<unknown>) {
  await db.schema.createTable("prompt")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn("sequenceId", "integer", owned("sequence.id"))
    .addColumn("objectId", "integer", owned("object.id"))
    .addColumn("frame", "integer", (c) => c.notNull())
    .addColumn("prompt", "text", (c) => c.notNull())
    .addColumn("isActive", "integer", (c) => c.notNull()).execute();
  await db.schema.createTable("promptStep")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn("sequenceId", "integer", owned("sequence.id"))
    .addColumn("promptId", "integer", owned("prompt.id"))
    .addColumn("action", "text", (c) => c.notNull())
    .addColumn("isDone", "integer", (c) => c.notNull()).execute();
  await indexOf(db, "prompt", "sequenceId");
  await indexOf(db, "prompt", "objectId");
  await indexOf(db, "promptStep", "sequenceId");
  await indexOf(db, "promptStep", "promptId");
}

async function createRunsAndMasks(db: Kysely<unknown>) {
  await db.schema.createTable("run")
    .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
    .addColumn("sequenceId", "integer", owned("sequence.id"))
    .addColumn("kind", "text", (c) => c.notNull())
    .addColumn("framesSha256", "text", (c) => c.notNull())
    .addColumn("promptsSha256", "text", (c) => c.notNull())
    .addColumn("modelSha256", "text", (c) => c.notNull())
    .addColumn("optionsSha256", "text", (c) => c.notNull())
    .addColumn("options", "text", (c) => c.notNull())
    .addColumn("status", "text", (c) => c.notNull())
    .addColumn("startedAt", "text", (c) => c.notNull())
    .addColumn("finishedAt", "text")
    .addColumn("framesDone", "integer", (c) => c.notNull())
    .addColumn("framesTotal", "integer", (c) => c.notNull()).execute();
  await db.schema.createTable("runMemory")
    .addColumn("runId", "integer", owned("run.id"))
    .addColumn("objectId", "integer", owned("object.id"))
    .addColumn("direction", "text", (c) => c.notNull())
    .addColumn("frame", "integer", (c) => c.notNull())
    .addColumn("isConditioning", "integer", (c) => c.notNull())
    .addColumn("objectScore", "real", (c) => c.notNull())
    .addColumn("predictedIou", "real", (c) => c.notNull())
    .addColumn("lowRes", "blob", (c) => c.notNull())
    .addColumn("pointer", "blob", (c) => c.notNull())
    .addColumn("memory", "blob", (c) => c.notNull())
    .addPrimaryKeyConstraint(
      "runMemoryKey",
      ["runId", "objectId", "direction", "frame"],
    ).execute();
  await db.schema.createTable("mask")
    .addColumn("objectId", "integer", owned("object.id"))
    .addColumn("frame", "integer", (c) => c.notNull())
    .addColumn("origin", "text", (c) => c.notNull())
    .addColumn("modelSha256", "text")
    .addColumn("predictedIou", "real")
    .addColumn("presenceScore", "real")
    .addColumn("drift", "real")
    .addColumn("source", "text")
    .addColumn("areaPx", "integer", (c) => c.notNull())
    .addColumn("height", "integer", (c) => c.notNull())
    .addColumn("width", "integer", (c) => c.notNull())
    .addColumn("counts", "text", (c) => c.notNull())
    .addColumn("file", "text", (c) => c.notNull())
    .addColumn("verified", "integer", (c) => c.notNull())
    .addColumn(
      "runId",
      "integer",
      (c) => c.references("run.id"),
    )
    .addColumn("updatedAt", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("maskKey", ["objectId", "frame"]).execute();
  await indexOf(db, "run", "sequenceId");
  await indexOf(db, "runMemory", "objectId");
  await indexOf(db, "mask", "runId");
}

/** A column that names the row it belongs to. */
function owned(owner: string) {
  return (column: ColumnDefinitionBuilder) =>
    column.notNull().references(owner);
}

async function indexOf(db: Kysely<unknown>, table: string, column: string) {
  await db.schema.createIndex(`${table}By_${column}`).on(table)
    .column(column).execute();
}
