// Objects: the things that masks belong to. Two polyps with one tag are two
// objects; each has its number within the sequence and its colour.

import { z } from "zod";
import { objectColour } from "../masks/overlay.ts";
import { hexOf } from "./colour.ts";
import { type HasDb, inTransaction } from "./database.ts";
import { removeMaskFiles } from "./mask_files.ts";
import { deleteMasks } from "./masks.ts";
import type { SequenceWriter } from "./writer.ts";

/** An object of a sequence. */
export const SequenceObject = z.object({
  id: z.int(),
  sequenceId: z.int(),
  /** From 1, unique within the sequence; also the name of its folder. */
  number: z.int().positive(),
  tagId: z.int().nullable(),
  colour: z.string().regex(/^#[0-9a-f]{6}$/),
  name: z.string(),
}).readonly();
/** An object of a sequence. */
export type SequenceObject = z.infer<typeof SequenceObject>;

/** Gets an object by its number, new when there was none; an object without a tag takes the one given. */
export function getOrCreateObject(
  store: HasDb,
  sequenceId: number,
  number: number,
  { tagId = null, name = `object ${number}` }: {
    tagId?: number | null;
    name?: string;
  } = {},
): Promise<SequenceObject> {
  return inTransaction(store, async (store) => {
    const { db } = store;
    const found = await findObject(store, sequenceId, number);
    if (found && (found.tagId !== null || tagId === null)) return found;
    if (found) return await setObjectTag(store, found.id, tagId);
    const colour = hexOf(objectColour(number));
    const values = SequenceObject.unwrap().omit({ id: true })
      .parse({ sequenceId, number, tagId, colour, name });
    await freeNumber(store, sequenceId, number);
    const row = await db.insertInto("object").values({ ...values, isActive: 1 })
      .returningAll().executeTakeFirstOrThrow();
    return SequenceObject.parse(row);
  });
}

/** Makes the row of an object that a change brings into force; returns its id. */
export async function createInactiveObject(
  store: HasDb,
  object: Omit<SequenceObject, "id">,
): Promise<number> {
  const values = SequenceObject.unwrap().omit({ id: true }).parse(object);
  await freeNumber(store, object.sequenceId, object.number);
  const { id } = await store.db.insertInto("object")
    .values({ ...values, isActive: 0 }).returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

/** The number that a new object of a sequence gets: one more than the highest. */
export async function nextObjectNumber(
  store: HasDb,
  sequenceId: number,
): Promise<number> {
  const objects = await listObjects(store, sequenceId);
  return Math.max(0, ...objects.map(({ number }) => number)) + 1;
}

/** An object that was removed, and may come back, gives its number up. */
async function freeNumber(
  { db }: HasDb,
  sequenceId: number,
  number: number,
) {
  const { highest } = await db.selectFrom("object")
    .select((eb) => eb.fn.max("number").as("highest"))
    .where("sequenceId", "=", sequenceId).executeTakeFirstOrThrow();
  await db.updateTable("object").set({ number: Number(highest ?? 0) + 1 })
    .where("sequenceId", "=", sequenceId).where("number", "=", number)
    .where("isActive", "=", 0).execute();
}

/** Finds an object of a sequence by its number. */
export async function findObject(
  { db }: HasDb,
  sequenceId: number,
  number: number,
): Promise<SequenceObject | undefined> {
  const row = await db.selectFrom("object").selectAll()
    .where("sequenceId", "=", sequenceId).where("number", "=", number)
    .where("isActive", "=", 1).executeTakeFirst();
  return row && SequenceObject.parse(row);
}

/** Lists the objects of a sequence, by number. */
export async function listObjects(
  { db }: HasDb,
  sequenceId: number,
): Promise<SequenceObject[]> {
  const rows = await db.selectFrom("object").selectAll()
    .where("sequenceId", "=", sequenceId).where("isActive", "=", 1)
    .orderBy("number").execute();
  return rows.map((row) => SequenceObject.parse(row));
}

/** Gives an object another tag, or none; throws when there is no such object. */
export async function setObjectTag(
  { db }: HasDb,
  objectId: number,
  tagId: number | null,
): Promise<SequenceObject> {
  const row = await db.updateTable("object").set({ tagId })
    .where("id", "=", objectId).returningAll().executeTakeFirst();
  if (!row) throw new RangeError(`No object ${objectId} in the store`);
  return SequenceObject.parse(row);
}

/** Deletes an object with its prompts, masks and files; throws when the sequence has no such object. */
export function deleteObject(
  { store, sequence, serially }: SequenceWriter,
  objectId: number,
): Promise<void> {
  return serially(async () => {
    const files = await inTransaction(store, async ({ db }) => {
      const rows = await db.deleteFrom("mask").where("objectId", "=", objectId)
        .returning("file").execute();
      await db.deleteFrom("runMemory").where("objectId", "=", objectId)
        .execute();
      const prompts = db.selectFrom("prompt").select("id")
        .where("objectId", "=", objectId);
      await db.deleteFrom("step").where("promptId", "in", prompts)
        .execute();
      await db.deleteFrom("prompt").where("objectId", "=", objectId).execute();
      const { numDeletedRows } = await db.deleteFrom("object")
        .where("id", "=", objectId).where("sequenceId", "=", sequence.id)
        .executeTakeFirst();
      if (numDeletedRows !== 1n) {
        throw new RangeError(
          `Sequence ${sequence.id} has no object ${objectId}`,
        );
      }
      return rows.map(({ file }) => file);
    });
    await removeMaskFiles(store.folder, files);
  });
}

/** Deletes the masks of all objects with a tag, from one frame to another, both included; returns how many. */
export async function deleteMasksByTag(
  writer: SequenceWriter,
  tagId: number,
  range: { from?: number; to?: number } = {},
): Promise<number> {
  const objects = await listObjects(writer.store, writer.sequence.id);
  let count = 0;
  for (const object of objects) {
    if (object.tagId !== tagId) continue;
    count += await deleteMasks(writer, { objectId: object.id, ...range });
  }
  return count;
}
