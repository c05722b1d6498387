// What a changed condition makes out of date.
//
// A condition is a frame with prompts, or with a mask that a person drew,
// imported or verified. When one comes, changes or goes, the propagated masks
// of its object up to the neighbouring conditions are stale: they stay to be
// looked at, and the next propagation computes them anew. Verifying a mask as
// it is changes nothing around it.

import type { HasDb } from "./database.ts";
import { personalRows } from "./personal.ts";

/** Marks what lies between the conditions around a frame, the frame included. */
export async function markStale(
  store: HasDb,
  { objectId, frame }: { readonly objectId: number; readonly frame: number },
): Promise<void> {
  const { db } = store;
  const conditions = await listConditionFrames(store, objectId);
  const before = Math.max(-1, ...conditions.filter((other) => other < frame));
  const after = Math.min(
    Number.MAX_SAFE_INTEGER,
    ...conditions.filter((other) => other > frame),
  );
  const range = { from: before + 1, to: after - 1 };
  await propagatedIn(store, { objectId, ...range })
    .set({ state: "stale" }).execute();
  await db.deleteFrom("runMemory").where("objectId", "=", objectId)
    .where("frame", ">", before).where("frame", "<", after).execute();
}

/** Frames of one object, both ends included. */
export type FrameRange = {
  readonly objectId: number;
  readonly from: number;
  readonly to: number;
};

/** Marks propagated masks as out of date for good: they are about to be tracked anew. */
export async function discard(store: HasDb, range: FrameRange): Promise<void> {
  await propagatedIn(store, range).set({ state: "stale", basis: "" }).execute();
}

/** Lists the masks of a sequence that are out of date, and what they were tracked from. */
export async function listStale(
  { db }: HasDb,
  sequenceId: number,
): Promise<
  readonly {
    readonly objectId: number;
    readonly frame: number;
    readonly basis: string;
  }[]
> {
  const objects = db.selectFrom("object").select("id")
    .where("sequenceId", "=", sequenceId);
  return await db.selectFrom("mask").select(["objectId", "frame", "basis"])
    .where("objectId", "in", objects).where("state", "=", "stale").execute();
}

/** Takes back that masks are stale. */
export async function revive(
  { db }: HasDb,
  { objectId, frames }: {
    readonly objectId: number;
    readonly frames: readonly number[];
  },
): Promise<void> {
  for (const frame of frames) {
    await db.updateTable("mask").set({ state: "final" })
      .where("objectId", "=", objectId).where("frame", "=", frame).execute();
  }
}

function propagatedIn({ db }: HasDb, { objectId, from, to }: FrameRange) {
  return db.updateTable("mask")
    .where("objectId", "=", objectId).where("origin", "=", "propagated")
    .where("verified", "=", 0)
    .where("frame", ">=", from).where("frame", "<=", to);
}

/** The frames of an object that a person stands behind, in no order. */
async function listConditionFrames(
  { db }: HasDb,
  objectId: number,
): Promise<readonly number[]> {
  const prompted = await db.selectFrom("prompt").select("frame").distinct()
    .where("objectId", "=", objectId).where("isActive", "=", 1).execute();
  const personal = await db.selectFrom("mask").select("frame")
    .where("objectId", "=", objectId)
    .where(personalRows).execute();
  return [...prompted, ...personal].map(({ frame }) => frame);
}
