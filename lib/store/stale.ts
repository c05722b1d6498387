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
  await markAllStale(store, { objectId, frames: [frame] });
}

/** The same for many frames of an object, when all of them are as they will be. */
export async function markAllStale(
  store: HasDb,
  { objectId, frames }: {
    readonly objectId: number;
    readonly frames: readonly number[];
  },
): Promise<void> {
  const { db } = store;
  const conditions = await listConditionFrames(store, objectId);
  conditions.sort((a, b) => a - b);
  let done = -1; // the last frame that is marked already
  for (const frame of frames.toSorted((a, b) => a - b)) {
    const before = conditions.findLast((other) => other < frame) ?? -1;
    const after = conditions.find((other) => other > frame) ??
      Number.MAX_SAFE_INTEGER;
    const range = { objectId, from: Math.max(before, done) + 1, to: after - 1 };
    if (range.from > range.to) continue;
    done = range.to;
    await propagatedIn(store, range).where("state", "!=", "stale")
      .set({ state: "stale", updatedAt: new Date().toISOString() }).execute();
    await db.deleteFrom("runMemory").where("objectId", "=", objectId)
      .where("frame", ">=", range.from).where("frame", "<=", range.to)
      .execute();
  }
}

/** Frames of one object, both ends included. */
export type FrameRange = {
  readonly objectId: number;
  readonly from: number;
  readonly to: number;
};

/** Marks propagated masks as out of date for good: they are about to be tracked anew. */
export async function discard(store: HasDb, range: FrameRange): Promise<void> {
  const updatedAt = new Date().toISOString();
  await propagatedIn(store, range)
    .set({ state: "stale", basis: "", updatedAt }).execute();
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
  const updatedAt = new Date().toISOString();
  for (const frame of frames) {
    await db.updateTable("mask").set({ state: "final", updatedAt })
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
): Promise<number[]> {
  const prompted = await db.selectFrom("prompt").select("frame").distinct()
    .where("objectId", "=", objectId).where("isActive", "=", 1).execute();
  const personal = await db.selectFrom("mask").select("frame")
    .where("objectId", "=", objectId)
    .where(personalRows).execute();
  return [...prompted, ...personal].map(({ frame }) => frame);
}
