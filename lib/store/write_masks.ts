// Writing masks: files and rows that never disagree, whenever the process is killed.
//
// Files come first, then rows and what belongs to them in one transaction, then
// the old files go. The order of steps is told in mask_files.ts; the lock that
// makes it safe is in writer.ts.

import { messageOf } from "../base/errors.ts";
import { bitmapToRle, encodeCounts, rleAreaPx } from "../masks/rle.ts";
import { type HasDb, inTransaction } from "./database.ts";
import { maskFileName, removeMaskFiles, writeMaskFile } from "./mask_files.ts";
import type { MaskRow } from "./schema.ts";
import {
  findMasks,
  framesInQuery,
  isReplaceable,
  type MaskKey,
  type NewMask,
  StoredMask,
} from "./stored_mask.ts";
import type { SequenceWriter } from "./writer.ts";

/** Which masks were written, and which were left because a person made or verified them. */
export type SavedMasks = {
  readonly saved: readonly StoredMask[];
  readonly kept: readonly StoredMask[];
};

/** What a transaction did to masks; `replaced` goes with `saved`, one for one. */
export type ChangedMasks = {
  readonly saved: readonly StoredMask[];
  readonly replaced: readonly (StoredMask | undefined)[];
  readonly removed: readonly StoredMask[];
};

/** Files first, then rows and what belongs to them in one transaction, then the old files. */
export function writeMasks(
  writer: SequenceWriter,
  masks: readonly NewMask[],
  { runId, mayReplace, remove = [], alongside, afterwards }: {
    runId: number | null;
    mayReplace: (old: StoredMask, mask: NewMask) => boolean;
    /** Masks that go in the same transaction. */
    remove?: readonly MaskKey[];
    alongside?: (store: HasDb) => Promise<void>;
    /** Ends the transaction, when all rows are as they will be. */
    afterwards?: (store: HasDb, changed: ChangedMasks) => Promise<void>;
  },
): Promise<SavedMasks> {
  const { store, sequence } = writer;
  return writer.serially(async () => {
    const rows = await toRows(writer, masks, runId);
    const before = await findMasks(store, masks);
    const fresh = rows.flatMap(({ file }, i) =>
      before[i]?.file === file ? [] : [{ file, mask: masks[i] }]
    );
    let outcome: SavedMasks & Pick<ChangedMasks, "removed">;
    try {
      await writeFiles(store.folder, fresh);
      outcome = await inTransaction(store, async (store) => {
        const present = await findMasks(store, masks); // may be verified since
        const isKept = present.map((old, i) =>
          old !== undefined && !mayReplace(old, masks[i])
        );
        // stamped here, so that whoever asks what is new since misses nothing
        const updatedAt = new Date().toISOString();
        const replacing = rows.filter((_, i) => !isKept[i])
          .map((row) => ({ ...row, updatedAt }));
        await alongside?.(store);
        const removed = await deleteRows(store, remove);
        await upsertRows(store, replacing);
        const saved = replacing.map((row) => StoredMask.parse(row));
        const replaced = present.filter((_, i) => !isKept[i]);
        await afterwards?.(store, { saved, replaced, removed });
        return {
          saved,
          kept: present.flatMap((old, i) => old && isKept[i] ? [old] : []),
          removed,
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
    const { saved, kept, removed } = outcome;
    const named = new Set([...saved, ...kept].map(({ file }) => file));
    const touched = [
      ...before.flatMap((old) => old ?? []),
      ...fresh,
      ...removed,
    ];
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
      updatedAt: "", // stamped when it is written
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

export async function getObjectNumbers(
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

/** A model never replaces what a person made; propagation replaces only propagation. */
export function mayReplace(old: StoredMask, { origin }: NewMask): boolean {
  if (origin === "propagated") return isReplaceable(old);
  if (origin === "detected") {
    return !old.verified && ["propagated", "detected"].includes(old.origin);
  }
  return true;
}

async function deleteRows(
  { db }: HasDb,
  keys: readonly MaskKey[],
): Promise<readonly StoredMask[]> {
  const removed: StoredMask[] = [];
  const byObject = Map.groupBy(keys, ({ objectId }) => objectId);
  for (const [objectId, places] of byObject) {
    for (let i = 0; i < places.length; i += framesInQuery) {
      const frames = places.slice(i, i + framesInQuery)
        .map(({ frame }) => frame);
      const rows = await db.deleteFrom("mask").where("objectId", "=", objectId)
        .where("frame", "in", frames).returningAll().execute();
      removed.push(...rows.map((row) => StoredMask.parse(row)));
    }
  }
  return removed;
}

async function upsertRows({ db }: HasDb, rows: readonly MaskRow[]) {
  if (rows.length === 0) return;
  const columns = Object.keys(rows[0]) as (keyof MaskRow)[];
  for (let i = 0; i < rows.length; i += framesInQuery) {
    await db.insertInto("mask").values(rows.slice(i, i + framesInQuery))
      .onConflict((conflict) =>
        conflict.columns(["objectId", "frame"]).doUpdateSet((eb) =>
          Object.fromEntries(
            columns.map((column) => [column, eb.ref(`excluded.${column}`)]),
          )
        )
      ).execute();
  }
}

/**
 * Writes all files, some at once, since each takes its pixels; when one fails
 * those under way have ended before the error is thrown.
 */
async function writeFiles(
  folder: string,
  files: readonly { readonly file: string; readonly mask: NewMask }[],
) {
  for (let i = 0; i < files.length; i += filesAtOnce) {
    const results = await Promise.allSettled(
      files.slice(i, i + filesAtOnce).map(({ file, mask }) =>
        writeMaskFile(folder, file, mask.bitmap)
      ),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }
}

const filesAtOnce = 8;

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
