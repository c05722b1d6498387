// The one who may change the masks of a sequence.
//
// A lock file held through the operating system keeps every other process (and
// every other part of this one) out; it ends with the process, however that
// ends. Whoever gets it first clears up after the one before: files that no row
// names are removed, and pictures that a row misses are written from the row.

import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import { decodeCounts, rleToBitmap } from "../masks/rle.ts";
import type { Store } from "./database.ts";
import {
  listMaskFiles,
  maskFolder,
  removeMaskFiles,
  removeMaskFolder,
  writeMaskFile,
} from "./mask_files.ts";
import { getSequence, type Sequence } from "./sequences.ts";

/** The right to change the masks of one sequence, until it is closed. */
export type SequenceWriter = {
  readonly store: Store;
  readonly sequence: Sequence;
  /** Files of a killed writer that were removed. */
  readonly swept: readonly string[];
  /** Files that were missing and were written again. */
  readonly repaired: readonly string[];
  /** Runs work after all work given before has ended. */
  serially<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Waits for the work given and lets others write. */
  close(): Promise<void>;
};

/** Takes the right to change a sequence's masks; throws when somebody else has it. */
export async function openForWriting(
  store: Store,
  sequenceId: number,
): Promise<SequenceWriter> {
  await getSequence(store, sequenceId); // no lock file for what does not exist
  const lock = await takeLock(store, sequenceId);
  try {
    const sequence = await getSequence(store, sequenceId); // may have gone meanwhile
    await finishRemovals(store);
    const { swept, repaired } = await sweep(store, sequenceId);
    return { store, sequence, swept, repaired, ...createQueue(lock, sequence) };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Removes the files of deleted sequences, also of those whose deletion was killed halfway. */
export async function finishRemovals({ db, folder }: Store): Promise<void> {
  const removed = await db.selectFrom("removedSequence").select("id").execute();
  for (const { id } of removed) {
    await removeMaskFolder(folder, id);
    await Deno.remove(join(folder, lockName(id))).catch(() => {});
    await db.deleteFrom("removedSequence").where("id", "=", id).execute();
  }
}

function lockName(sequenceId: number): string {
  return `${maskFolder(sequenceId)}.lock`;
}

async function takeLock(
  { folder }: Store,
  sequenceId: number,
): Promise<Deno.FsFile> {
  const path = join(folder, lockName(sequenceId));
  const what = `Cannot write to sequence ${sequenceId}`;
  let lock: Deno.FsFile;
  try {
    lock = await Deno.open(path, { create: true, read: true, write: true });
  } catch (cause) {
    throw new Error(`${what}: opened ${path}, found: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (!await lock.tryLock(true)) {
    lock.close();
    // Where locks are mandatory (Windows) its number cannot be read.
    const holder = (await Deno.readTextFile(path).catch(() => "")).trim();
    throw new Error(
      `${what}: ${
        holder === String(Deno.pid)
          ? "another part of this process"
          : `another process (pid ${holder || "unknown"})`
      } is writing to it. Expected that it ends or closes the sequence first`,
    );
  }
  await lock.truncate(0);
  await lock.write(new TextEncoder().encode(String(Deno.pid)));
  return lock;
}

/** Makes files and rows agree again; the row is the truth. */
async function sweep({ db, folder }: Store, sequenceId: number) {
  const files = await listMaskFiles(folder, sequenceId);
  const rows = await db.selectFrom("mask")
    .innerJoin("object", "object.id", "mask.objectId")
    .where("sequenceId", "=", sequenceId).select("mask.file").execute();
  const named = new Set(rows.map(({ file }) => file));

  const swept = [...files.keys()].filter((file) => !named.has(file));
  await removeMaskFiles(folder, swept);
  // Empty files are what a power cut leaves of a picture not yet on the disk.
  const repaired = [...named].filter((file) => !files.get(file));
  for (const file of repaired) {
    const { width, height, counts } = await db.selectFrom("mask")
      .select(["width", "height", "counts"]).where("file", "=", file)
      .executeTakeFirstOrThrow();
    const rle = {
      size: [height, width],
      counts: decodeCounts(counts),
    } as const;
    await writeMaskFile(folder, file, rleToBitmap(rle));
  }
  return { swept, repaired };
}

/** One piece of work after the other, until the lock is given back. */
function createQueue(
  lock: Deno.FsFile,
  { id }: Sequence,
): Pick<SequenceWriter, "serially" | "close"> {
  let last: Promise<unknown> = Promise.resolve();
  let isOpen = true;
  const enqueue = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work);
    last = result.catch(() => {}); // the caller gets the error, the next one its turn
    return result;
  };
  return {
    serially: (work) =>
      enqueue(() => {
        if (isOpen) return work();
        throw new Error(`Cannot write to sequence ${id}: its writer is closed`);
      }),
    close: () =>
      enqueue(() => {
        if (isOpen) lock.close();
        isOpen = false;
        return Promise.resolve();
      }),
  };
}
