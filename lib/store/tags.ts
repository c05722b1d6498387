// Tags: what an object is. A code never changes its meaning and a class number
// is given once: it counts up in a row of its own, so a deleted tag takes its
// number with it and trained detectors keep reading right.

import { z } from "zod";
import { tagCategories, type TagRow } from "../formats/tag_list.ts";
import { objectColour } from "../masks/overlay.ts";
import { hexOf } from "./colour.ts";
import { type HasDb, inTransaction } from "./database.ts";

/** A tag. */
export const Tag = z.object({
  id: z.int(),
  code: z.string().min(1),
  name: z.string().min(1),
  category: z.enum(tagCategories),
  colour: z.string().regex(/^#[0-9a-f]{6}$/),
  /** From 0, given once and never again. */
  classNumber: z.int().nonnegative(),
  /** The procedures it applies to; none means all. */
  procedures: z.array(z.string()).readonly(),
  description: z.string(),
}).readonly();
/** A tag. */
export type Tag = z.infer<typeof Tag>;

/** What a tag is made from: a row of a tag list, the code alone is enough. */
export type NewTag = Pick<TagRow, "code"> & Partial<TagRow>;

/**
 * Adds tags in their order; a code that exists is reported and stays as it is.
 *
 * @example The second list repeats a code
 * ```ts
 * import { addTags, openMemoryStore } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const store = await openMemoryStore(folder);
 * await addTags(store, [{ code: "polyp" }]);
 * const { added, duplicates } = await addTags(store, [
 *   { code: "polyp", name: "Another" },
 *   { code: "forceps" },
 * ]);
 * deepEqual(added.map((tag) => [tag.code, tag.classNumber]), [["forceps", 1]]);
 * deepEqual(duplicates.map((tag) => tag.name), ["polyp"]);
 * await store.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function addTags(
  store: HasDb,
  tags: readonly NewTag[],
): Promise<{ added: Tag[]; duplicates: Tag[] }> {
  return inTransaction(store, async (store) => {
    const added: Tag[] = [];
    const duplicates: Tag[] = [];
    for (const tag of tags) {
      const existing = await findTagByCode(store, tag.code);
      if (existing) duplicates.push(existing);
      else added.push(await createTag(store, tag));
    }
    return { added, duplicates };
  });
}

/** Lists all tags, by class number. */
export async function listTags({ db }: HasDb): Promise<Tag[]> {
  const rows = await db.selectFrom("tag").selectAll().orderBy("classNumber")
    .execute();
  return rows.map(fromRow);
}

/** Finds a tag by its code. */
export async function findTagByCode(
  { db }: HasDb,
  code: string,
): Promise<Tag | undefined> {
  const row = await db.selectFrom("tag").selectAll().where("code", "=", code)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** Gets the tag with a code; a new one is a finding with the code as its name. */
export function getOrCreateTag(store: HasDb, code: string): Promise<Tag> {
  return inTransaction(store, async (store) => {
    return await findTagByCode(store, code) ?? await createTag(store, { code });
  });
}

/** Deletes a tag with its spans; its objects stay without one, its class number is never given again. */
export function deleteTag(store: HasDb, id: number): Promise<void> {
  return inTransaction(store, async ({ db }) => {
    await db.updateTable("object").set({ tagId: null }).where("tagId", "=", id)
      .execute();
    await db.deleteFrom("span").where("tagId", "=", id).execute();
    await db.deleteFrom("tag").where("id", "=", id).execute();
  });
}

async function createTag(store: HasDb, tag: NewTag): Promise<Tag> {
  const classNumber = await takeClassNumber(store);
  const values = Tag.unwrap().omit({ id: true }).parse({
    code: tag.code,
    name: tag.name ?? tag.code,
    category: tag.category ?? "finding",
    colour: hexOf(tag.colour ?? objectColour(classNumber + 1)),
    classNumber,
    procedures: tag.procedures ?? [],
    description: tag.description ?? "",
  });
  const row = await store.db.insertInto("tag")
    .values({ ...values, procedures: JSON.stringify(values.procedures) })
    .returningAll().executeTakeFirstOrThrow();
  return fromRow(row);
}

async function takeClassNumber({ db }: HasDb): Promise<number> {
  const name = "nextClassNumber";
  const row = await db.selectFrom("setting").select("value")
    .where("name", "=", name).executeTakeFirst();
  const classNumber = z.coerce.number<string>().int().parse(row?.value ?? "0");
  const value = String(classNumber + 1);
  await db.insertInto("setting").values({ name, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
  return classNumber;
}

function fromRow(row: { procedures: string }): Tag {
  return Tag.parse({ ...row, procedures: JSON.parse(row.procedures) });
}
