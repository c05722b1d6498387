// What changed since somebody last looked: tabs, cells and runs write to one
// store, and each of them wants to see the others' work without reading it all.
//
// Masks carry the time at which they were written; the rest of a sequence is
// small and known by a checksum.

import { z } from "zod";
import { canonicalSha256 } from "./canonical.ts";
import type { HasDb } from "./database.ts";
import { StoredMask } from "./stored_mask.ts";

/** A mask without its pixels. */
export const MaskMark = StoredMask.unwrap().pick({
  objectId: true,
  frame: true,
  origin: true,
  verified: true,
  state: true,
  areaPx: true,
  drift: true,
  file: true,
  updatedAt: true,
}).readonly();
/** A mask without its pixels. */
export type MaskMark = z.infer<typeof MaskMark>;

/** Lists the masks of a sequence without their pixels, those written after a time. */
export async function listMaskMarks(
  { db }: HasDb,
  sequenceId: number,
  { since }: { readonly since?: string } = {},
): Promise<readonly MaskMark[]> {
  const objects = db.selectFrom("object").select("id")
    .where("sequenceId", "=", sequenceId);
  let query = db.selectFrom("mask").select([
    "objectId",
    "frame",
    "origin",
    "verified",
    "state",
    "areaPx",
    "drift",
    "file",
    "updatedAt",
  ]).where("objectId", "in", objects);
  if (since !== undefined) query = query.where("updatedAt", ">", since);
  return (await query.execute()).map((row) => MaskMark.parse(row));
}

/** Counts the masks of a sequence; one that is missing was deleted. */
export async function countMasks(
  { db }: HasDb,
  sequenceId: number,
): Promise<number> {
  const objects = db.selectFrom("object").select("id")
    .where("sequenceId", "=", sequenceId);
  const row = await db.selectFrom("mask")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("objectId", "in", objects).executeTakeFirstOrThrow();
  return z.coerce.number().parse(row.count);
}

/** A checksum of all of a sequence but its masks: objects, spans, prompts, history. */
export async function sequenceRevision(
  { db }: HasDb,
  sequenceId: number,
): Promise<string> {
  const [objects, spans, prompts, steps] = await Promise.all([
    db.selectFrom("object").selectAll().where("sequenceId", "=", sequenceId)
      .orderBy("id").execute(),
    db.selectFrom("span").selectAll().where("sequenceId", "=", sequenceId)
      .orderBy("id").execute(),
    db.selectFrom("prompt").select(["id", "isActive"])
      .where("sequenceId", "=", sequenceId).orderBy("id").execute(),
    db.selectFrom("step").select(["id", "isDone"])
      .where("sequenceId", "=", sequenceId).orderBy("id", "desc").limit(50)
      .execute(),
  ]);
  return canonicalSha256({ objects, spans, prompts, steps }).slice(0, 16);
}
