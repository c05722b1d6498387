// Masks: one per object and frame, as run lengths in a row and as a PNG on disk.
//
// Promises: row and file never disagree, whenever the process is killed; all of
// one propagated frame is one transaction; what a person made or verified is
// never overwritten by a model. The order of steps is told in mask_files.ts; the
// lock that makes it safe is in writer.ts.

import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import type { Bitmap } from "../base/image.ts";
import {
  bitmapToRle,
  decodeCounts,
  encodeCounts,
  rleAreaPx,
  rleToBitmap,
} from "../masks/rle.ts";
import { type HasDb, inTransaction } from "./database.ts";
import { maskFileName, removeMaskFiles, writeMaskFile } from "./mask_files.ts";
import { isPersonal, personalRows } from "./personal.ts";
import {
  forgetRunMemories,
  type NewRunMemory,
  type RunMemoryKey,
  saveRunMemories,
} from "./runs.ts";
import type { MaskRow } from "./schema.ts";
import { markStale } from "./stale.ts";
import type { SequenceWriter } from "./writer.ts";

export { isPersonal } from "./personal.ts";

/** A mask as it is kept. */
export const StoredMask = z.object({
  objectId: z.int(),
  frame: z.int().nonnegative(),
  origin: z.enum(["click", "propagated", "drawn", "imported", "detected"]),
  modelSha256: z.string().nullable(),
  /** 0..1, the model's own guess. */
  predictedIou: z.number().nullable(),
  /** 0..1 */
  presenceScore: z.number().nullable(),
  /** 0 (sure) to 1. */
  drift: z.number().nullable(),
  /** Where a propagated mask came from, such as `forward`. */
  source: z.string().nullable(),
  areaPx: z.int().nonnegative(),
  height: z.int().positive(),
  width: z.int().positive(),
  /** COCO's compressed run lengths: the truth. */
  counts: z.string(),
  /** Its PNG, relative to the store's folder. */
  file: z.string(),
  verified: z.int().transform((flag) => flag === 1),
  runId: z.int().nullable(),
  updatedAt: z.iso.datetime(),
  /**
   * Provisional while the other direction of a propagation is still to come,
   * stale when a condition around it changed since.
   */
  state: z.enum(["final", "provisional", "stale"]),
  /** What the drift was made of, as JSON. */
  driftParts: z.string(),
  /** Names the conditions around it that it was tracked from; empty where that is open. */
  basis: z.string(),
}).readonly();
/** A mask as it is kept. */
export type StoredMask = z.infer<typeof StoredMask>;

/** Names a mask. */
export type MaskKey = { readonly objectId: number; readonly frame: number };

/** What a mask is made from. */
export type NewMask =
  & MaskKey
  & Pick<StoredMask, "origin">
  & Partial<
    Pick<
      StoredMask,
      | "modelSha256"
      | "predictedIou"
      | "presenceScore"
      | "drift"
      | "source"
      | "verified"
      | "state"
      | "driftParts"
      | "basis"
    >
  >
  & { readonly bitmap: Bitmap };

/** Everything that one frame of a run changes. */
export type FrameCommit = {
  readonly runId: number;
  readonly masks: readonly NewMask[];
  readonly memories: readonly NewRunMemory[];
  /** Memories that no later frame reads. */
  readonly forget: readonly RunMemoryKey[];
  readonly framesDone: number;
};

/** Which masks were written, and which were left because a person made or verified them. */
export type SavedMasks = {
  readonly saved: readonly StoredMask[];
  readonly kept: readonly StoredMask[];
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
): Promise<StoredMask> {
  const { saved, kept } = await writeMasks(writer, [mask], {
    runId: null,
    mayReplace,
    alongside: async (store) => {
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

/** Finds the mask of an object on a frame. */
export async function findMask(
  { db }: HasDb,
  { objectId, frame }: MaskKey,
): Promise<StoredMask | undefined> {
  const row = await db.selectFrom("mask").selectAll()
    .where("objectId", "=", objectId).where("frame", "=", frame)
    .executeTakeFirst();
  return row && StoredMask.parse(row);
}

/** Lists the masks of a sequence by object and frame; `from` and `to` are included. */
export async function listMasks(
  { db }: HasDb,
  sequenceId: number,
  { objectId, from, to, personal = false }: {
    objectId?: number;
    from?: number;
    to?: number;
    /** Only those that a person stands behind as they are. */
    personal?: boolean;
  } = {},
): Promise<StoredMask[]> {
  const objects = db.selectFrom("object").select("id")
    .where("sequenceId", "=", sequenceId);
  let query = db.selectFrom("mask").selectAll()
    .where("objectId", "in", objects).orderBy("objectId").orderBy("frame");
  if (objectId !== undefined) query = query.where("objectId", "=", objectId);
  if (from !== undefined) query = query.where("frame", ">=", from);
  if (to !== undefined) query = query.where("frame", "<=", to);
  if (personal) query = query.where(personalRows);
  return (await query.execute()).map((row) => StoredMask.parse(row));
}

/** What a plan needs to know of every mask of a sequence. */
export async function listMaskStates(
  { db }: HasDb,
  sequenceId: number,
): Promise<readonly (MaskKey & Pick<StoredMask, "state">)[]> {
  const objects = db.selectFrom("object").select("id")
    .where("sequenceId", "=", sequenceId);
  const rows = await db.selectFrom("mask")
    .select(["objectId", "frame", "state"])
    .where("objectId", "in", objects).execute();
  const State = StoredMask.unwrap().pick({
    objectId: true,
    frame: true,
    state: true,
  });
  return rows.map((row) => State.parse(row));
}

/** Reads the pixels of a mask from its run lengths. */
export function readMaskBitmap(
  { height, width, counts }: Pick<StoredMask, "height" | "width" | "counts">,
): Bitmap {
  return rleToBitmap({ size: [height, width], counts: decodeCounts(counts) });
}

/** Whether propagation may replace a mask: it made it, and nobody verified it. */
export function isReplaceable(
  { origin, verified }: Pick<StoredMask, "origin" | "verified">,
): boolean {
  return origin === "propagated" && !verified;
}

/** A model never replaces what a person made; propagation replaces only propagation. */
function mayReplace(old: StoredMask, { origin }: NewMask): boolean {
  if (origin === "propagated") return isReplaceable(old);
  if (origin === "detected") {
    return !old.verified && ["propagated", "detected"].includes(old.origin);
  }
  return true;
}

/** Files first, then rows and what belongs to them in one transaction, then the old files. */
function writeMasks(
  writer: SequenceWriter,
  masks: readonly NewMask[],
  { runId, mayReplace, alongside }: {
    runId: number | null;
    mayReplace: (old: StoredMask, mask: NewMask) => boolean;
    alongside?: (store: HasDb) => Promise<void>;
  },
): Promise<SavedMasks> {
  const { store, sequence } = writer;
  return writer.serially(async () => {
    const rows = await toRows(writer, masks, runId);
    const before = await findMasks(store, masks);
    const fresh = rows.flatMap(({ file }, i) =>
      before[i]?.file === file ? [] : [{ file, bitmap: masks[i].bitmap }]
    );
    let outcome: SavedMasks;
    try {
      await writeFiles(store.folder, fresh);
      outcome = await inTransaction(store, async (store) => {
        const present = await findMasks(store, masks); // may be verified since
        const isKept = present.map((old, i) =>
          old !== undefined && !mayReplace(old, masks[i])
        );
        const replacing = rows.filter((_, i) => !isKept[i]);
        await alongside?.(store);
        await upsertRows(store, replacing);
        return {
          saved: replacing.map((row) => StoredMask.parse(row)),
          kept: present.flatMap((old, i) => old && isKept[i] ? [old] : []),
        };
      });
    } catch (cause) {
      await removeUnnamedFiles(writer, fresh.map(({ file }) => file));
      throw new Error(
        `Cannot save masks of sequence ${sequence.id} (${sequence.name}) in ${store.folder}: ${
          messageOf(cause)
        }. Nothing was changed`,
        { cause },
      );
    }
    const { saved, kept } = outcome;
    const named = new Set([...saved, ...kept].map(({ file }) => file));
    const touched = [...before.flatMap((old) => old ?? []), ...fresh];
    const obsolete = touched.map(({ file }) => file);
    await removeMaskFiles(
      store.folder,
      obsolete.filter((file) => !named.has(file)),
    );
    return outcome;
  });
}

/** Makes rows; throws when a mask does not fit the sequence. */
async function toRows(
  writer: SequenceWriter,
  masks: readonly NewMask[],
  runId: number | null,
): Promise<MaskRow[]> {
  const { sequence } = writer;
  const numbers = await getObjectNumbers(
    writer,
    masks.map(({ objectId }) => objectId),
  );
  const keys = new Set<string>();
  return masks.map(({ objectId, frame, bitmap, ...mask }, i) => {
    requireFits(writer, masks[i]);
    if (keys.has(`${objectId}/${frame}`)) {
      throw new RangeError(
        `Cannot save two masks of object ${objectId} on frame ${frame} at once`,
      );
    }
    keys.add(`${objectId}/${frame}`);

    const rle = bitmapToRle(bitmap);
    const [height, width] = rle.size;
    const counts = encodeCounts(rle.counts);
    const place = {
      sequenceId: sequence.id,
      objectNumber: numbers.get(objectId)!, // getObjectNumbers() has them all
      frame,
    };
    return {
      objectId,
      frame,
      origin: mask.origin,
      modelSha256: mask.modelSha256 ?? null,
      predictedIou: mask.predictedIou ?? null,
      presenceScore: mask.presenceScore ?? null,
      drift: mask.drift ?? null,
      source: mask.source ?? null,
      areaPx: rleAreaPx(rle),
      height,
      width,
      counts,
      file: maskFileName(place, { width, height, counts }),
      verified: mask.verified ? 1 : 0,
      runId,
      updatedAt: new Date().toISOString(),
      state: mask.state ?? "final",
      driftParts: mask.driftParts ?? "{}",
      basis: mask.basis ?? "",
    };
  });
}

function requireFits(
  { sequence }: SequenceWriter,
  { frame, bitmap: { width, height } }: NewMask,
) {
  if (!Number.isInteger(frame) || frame < 0 || frame >= sequence.frameCount) {
    throw new RangeError(
      `Cannot save a mask on frame ${frame}: sequence ${sequence.id} has frames 0 to ${
        sequence.frameCount - 1
      }`,
    );
  }
  if (width !== sequence.width || height !== sequence.height) {
    throw new RangeError(
      `Cannot save a mask of ${width}x${height}: the frames of sequence ${sequence.id} are ${sequence.width}x${sequence.height}`,
    );
  }
}

async function getObjectNumbers(
  { store: { db }, sequence }: SequenceWriter,
  objectIds: readonly number[],
): Promise<Map<number, number>> {
  if (objectIds.length === 0) return new Map();
  const rows = await db.selectFrom("object").select(["id", "number"])
    .where("sequenceId", "=", sequence.id).where("id", "in", objectIds)
    .execute();
  const numbers = new Map(rows.map(({ id, number }) => [id, number]));
  const missing = objectIds.find((id) => !numbers.has(id));
  if (missing === undefined) return numbers;
  throw new RangeError(`Sequence ${sequence.id} has no object ${missing}`);
}

/** Finds the masks with the given keys, in their order. */
async function findMasks(
  { db }: HasDb,
  keys: readonly MaskKey[],
): Promise<(StoredMask | undefined)[]> {
  if (keys.length === 0) return [];
  const rows = await db.selectFrom("mask").selectAll()
    .where("objectId", "in", keys.map(({ objectId }) => objectId))
    .where("frame", "in", [...new Set(keys.map(({ frame }) => frame))])
    .execute();
  const masks = rows.map((row) => StoredMask.parse(row));
  return keys.map(({ objectId, frame }) =>
    masks.find((mask) => mask.objectId === objectId && mask.frame === frame)
  );
}

async function upsertRows({ db }: HasDb, rows: readonly MaskRow[]) {
  if (rows.length === 0) return;
  const columns = Object.keys(rows[0]) as (keyof MaskRow)[];
  await db.insertInto("mask").values(rows)
    .onConflict((conflict) =>
      conflict.columns(["objectId", "frame"]).doUpdateSet((eb) =>
        Object.fromEntries(
          columns.map((column) => [column, eb.ref(`excluded.${column}`)]),
        )
      )
    ).execute();
}

/** Writes all files; when one fails the others have ended before the error is thrown. */
async function writeFiles(
  folder: string,
  files: readonly { file: string; bitmap: Bitmap }[],
) {
  const results = await Promise.allSettled(
    files.map(({ file, bitmap }) => writeMaskFile(folder, file, bitmap)),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

/** Removes files after an error, unless rows name them: a commit may have come through all the same. */
async function removeUnnamedFiles(
  { store: { db, folder } }: SequenceWriter,
  files: readonly string[],
) {
  if (files.length === 0) return;
  try {
    const rows = await db.selectFrom("mask").select("file")
      .where("file", "in", files).execute();
    const named = new Set(rows.map(({ file }) => file));
    await removeMaskFiles(folder, files.filter((file) => !named.has(file)));
  } catch {
    // The database does not answer: the next writer sweeps.
  }
}
