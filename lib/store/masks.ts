// Masks: one per object and frame, as run lengths in a row and as a PNG on disk.
//
// Promises: row and file never disagree, whenever the process is killed; all of
// one propagated frame is one transaction; what a person made or verified is
// never overwritten by a model. The order of steps is told in mask_files.ts; the
// lock that makes it safe is in writer.ts.

import { type HasDb, inTransaction } from "./database.ts";
import { removeMaskFiles } from "./mask_files.ts";
import { isPersonal } from "./personal.ts";
import {
  forgetRunMemories,
  type NewRunMemory,
  type RunMemoryKey,
  saveRunMemories,
} from "./runs.ts";
import { markStale } from "./stale.ts";
import {
  findMask,
  type MaskKey,
  type NewMask,
  StoredMask,
} from "./stored_mask.ts";
import {
  getObjectNumbers,
  mayReplace,
  type SavedMasks,
  writeMasks,
} from "./write_masks.ts";
import type { SequenceWriter } from "./writer.ts";

export { isPersonal } from "./personal.ts";
export * from "./stored_mask.ts";
export type { SavedMasks } from "./write_masks.ts";

/** Everything that one frame of a run changes. */
export type FrameCommit = {
  readonly runId: number;
  readonly masks: readonly NewMask[];
  readonly memories: readonly NewRunMemory[];
  /** Memories that no later frame reads. */
  readonly forget: readonly RunMemoryKey[];
  readonly framesDone: number;
};

/** Writes all of one frame of a run in one transaction: masks, memories, progress. */
export function commitFrame(
  writer: SequenceWriter,
  { runId, masks, memories, forget, framesDone }: FrameCommit,
): Promise<SavedMasks> {
  return writeMasks(writer, masks, {
    runId,
    mayReplace: (old, mask) => !old.verified && mayReplace(old, mask),
    alongside: async (store) => {
      const run = await store.db.updateTable("run").set({ framesDone })
        .where("id", "=", runId)
        .where("sequenceId", "=", writer.sequence.id).executeTakeFirst();
      if (run.numUpdatedRows !== 1n) {
        throw new RangeError(
          `sequence ${writer.sequence.id} has no run ${runId}`,
        );
      }
      await saveRunMemories(store, runId, memories);
      await forgetRunMemories(store, runId, forget);
    },
  });
}

/** Saves one mask and returns what is there now: a model's mask does not replace a person's. */
export async function saveMask(
  writer: SequenceWriter,
  mask: NewMask,
  { alongside }: {
    /** Joins the transaction. */
    readonly alongside?: (store: HasDb) => Promise<void>;
  } = {},
): Promise<StoredMask> {
  const { saved, kept } = await writeMasks(writer, [mask], {
    runId: null,
    mayReplace,
    alongside: async (store) => {
      await alongside?.(store);
      const old = await findMask(store, mask);
      const isOwn = isPersonal(mask) || (old && isPersonal(old));
      if (isOwn) await markStale(store, mask);
    },
  });
  return [...saved, ...kept][0];
}

/** Marks a mask as checked by a person, or not; throws when there is none. */
export function setVerified(
  store: HasDb,
  { objectId, frame }: MaskKey,
  verified: boolean,
): Promise<StoredMask> {
  return inTransaction(store, async (store) => {
    const old = await findMask(store, { objectId, frame });
    if (!old) {
      throw new RangeError(`No mask of object ${objectId} on frame ${frame}`);
    }
    const mask = { ...old, verified };
    await store.db.updateTable("mask").set({
      verified: verified ? 1 : 0,
      updatedAt: new Date().toISOString(),
      ...(verified ? { state: "final" } : {}), // whoever verifies it settles it
    }).where("objectId", "=", objectId).where("frame", "=", frame).execute();
    const isGone = isPersonal(old) && !isPersonal(mask);
    if (isGone) await markStale(store, mask);
    return (await findMask(store, mask))!;
  });
}

/** Deletes the mask of an object on a frame; says whether there was one. */
export async function deleteMask(
  writer: SequenceWriter,
  { objectId, frame }: MaskKey,
): Promise<boolean> {
  const range = { objectId, from: frame, to: frame };
  return await deleteMasks(writer, range) > 0;
}

/** Deletes an object's masks from one frame to another, both included; returns how many. */
export function deleteMasks(
  writer: SequenceWriter,
  { objectId, from = 0, to = Infinity }: {
    objectId: number;
    from?: number;
    to?: number;
  },
): Promise<number> {
  const { store, sequence } = writer;
  return writer.serially(async () => {
    const last = Math.min(to, sequence.frameCount - 1);
    await getObjectNumbers(writer, [objectId]); // throws when it is another sequence's
    const masks = await inTransaction(store, async (store) => {
      const rows = await store.db.deleteFrom("mask")
        .where("objectId", "=", objectId)
        .where("frame", ">=", from).where("frame", "<=", last)
        .returningAll().execute();
      const masks = rows.map((row) => StoredMask.parse(row));
      for (const mask of masks.filter(isPersonal)) await markStale(store, mask);
      return masks;
    });
    await removeMaskFiles(store.folder, masks.map(({ file }) => file));
    return masks.length;
  });
}
