// Opening the store: one database and one folder of mask files that belong together.
//
// The database is the truth; the folder `masks/` below the store's folder holds
// a picture of every mask. Both carry the same id, so that one database never
// clears away the files of another. Whoever opens a store must be able to write.

import { dirname, join, resolve } from "node:path";
import { Kysely } from "kysely";
import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { openDialect, parseStoreUrl, type Place } from "./dialect.ts";
import { migrate } from "./migrations/migrate.ts";
import type { Schema } from "./schema.ts";

/** The database, or a transaction in it. */
export type Db = Kysely<Schema>;

/** Anything that reaches the database: a store, or `{ db: trx }` to join a transaction. */
export type HasDb = { readonly db: Db };

/** An open store. */
export type Store = HasDb & {
  /** As it was given, without its token. */
  readonly url: string;
  /** Absolute; mask files are named relative to it. */
  readonly folder: string;
  close(): Promise<void>;
};

/**
 * Opens a store, creates what is missing and brings its tables up to date.
 *
 * @param options.url `file:PATH`, `libsql://HOST` or `https://HOST`
 * @param options.folder where mask files live
 *
 * @example A store in a new folder
 * ```ts
 * import { addTags, listTags, openStore } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const store = await openStore({ url: `file:${folder}/store.db`, folder });
 * equal((await listTags(store)).length, 0);
 * await store.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openStore(
  { url, folder }: { url: string; folder: string },
): Promise<Store> {
  const place = parseStoreUrl(url);
  const shown = place.kind === "remote" ? place.url : url;
  try {
    return await openAt(place, { url: shown, folder });
  } catch (cause) {
    throw new Error(
      `Cannot open store ${shown} with folder ${folder}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Opens a store whose database ends with it, for tests; mask files are real. */
export function openMemoryStore(folder: string): Promise<Store> {
  return openAt({ kind: "memory" }, { url: "memory:", folder });
}

/** Runs work in a transaction, or in the one that is already open. */
export function inTransaction<Result>(
  { db }: HasDb,
  work: (store: HasDb) => Promise<Result>,
): Promise<Result> {
  if (db.isTransaction) return work({ db });
  return db.transaction().execute((trx) => work({ db: trx }));
}

async function openAt(
  place: Place,
  { url, folder: given }: { url: string; folder: string },
): Promise<Store> {
  const folder = resolve(given);
  await requireWritable(join(folder, "masks"), { needBytes: 4096 });
  if (place.kind === "file") {
    const needBytes = await exists(place.path) ? 4096 : NEW_DATABASE_BYTES;
    await requireWritable(dirname(place.path), { needBytes });
  }
  const db: Db = new Kysely<Schema>({ dialect: openDialect(place) });
  try {
    await migrate(db);
    await requireSameStore(db, folder);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return { url, folder, db, close: () => db.destroy() };
}

/** Tables, log and index of a new database take 0.3 MB. */
const NEW_DATABASE_BYTES = 1 << 20;

/** Writes a file and removes it: the only sure way to learn about rights, mounts and space. */
async function requireWritable(
  folder: string,
  { needBytes }: { needBytes: number },
) {
  const probe = join(folder, `.probe-${crypto.randomUUID()}`);
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeFile(probe, new Uint8Array(needBytes));
  } catch (cause) {
    throw new Error(
      `wrote ${needBytes} bytes into ${folder} to try it, found: ${
        messageOf(cause)
      }. Expected a folder with space that can be written`,
      { cause },
    );
  } finally {
    await Deno.remove(probe).catch(() => {}); // it may not have come to be
  }
}

/** The id in the folder must be the database's; an unclaimed folder is claimed. */
async function requireSameStore(db: Db, folder: string) {
  const id = await getOrCreateStoreId(db);
  const file = join(folder, "masks", ".store");
  try {
    await Deno.writeTextFile(file, id, { createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    // Empty while another process that opens the same new store is writing it.
    const found = (await Deno.readTextFile(file)).trim();
    if (found === "") return await Deno.writeTextFile(file, id);
    if (found !== id) {
      throw new Error(
        `the folder holds masks of another database: ${file} names store ${found}, ` +
          `the database is ${id}. Expected a new folder, or the one it was used with`,
      );
    }
  }
}

async function getOrCreateStoreId(db: Db): Promise<string> {
  const name = "storeId";
  await db.insertInto("setting").values({ name, value: crypto.randomUUID() })
    .onConflict((conflict) => conflict.doNothing()).execute();
  const row = await db.selectFrom("setting").select("value")
    .where("name", "=", name).executeTakeFirstOrThrow();
  return z.uuid().parse(row.value);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
