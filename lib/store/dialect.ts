// How kysely reaches a database: a file, a libSQL server, or memory.
//
// The npm package libsql has better-sqlite3's interface for all three, so
// kysely's own SQLite dialect does the work. Two things differ from it: every
// transaction takes the write lock when it begins (one that first reads and
// then writes would fail at once when another process wrote in between), and
// tables are created inside transactions, so that a migration is all or nothing.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from "kysely";
import Database from "libsql";

/** Where a database is. */
export type Place =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "remote"; readonly url: string; readonly token?: string }
  | { readonly kind: "memory" };

/** How long a process waits for another one's transaction. */
const BUSY_TIMEOUT_MS = 10_000;

/** Reads a store's URL; throws when it is of a kind that cannot be opened. */
export function parseStoreUrl(url: string): Place {
  const scheme = /^([a-z]+):/.exec(url)?.[1] ?? "";
  if (scheme === "file") {
    const path = url.startsWith("file://")
      ? fileURLToPath(url)
      : url.slice("file:".length);
    if (path !== "") return { kind: "file", path: resolve(path) };
  }
  if (["libsql", "https", "http"].includes(scheme)) {
    const parsed = new URL(url);
    const token = parsed.searchParams.get("authToken") ??
      Deno.env.get("LIBSQL_AUTH_TOKEN");
    parsed.searchParams.delete("authToken"); // a secret, kept out of messages
    return { kind: "remote", url: parsed.href, token };
  }
  if (scheme === "postgres" || scheme === "postgresql") {
    throw new Error(
      "Cannot open a store on PostgreSQL: this comes in a later version. " +
        "Expected file:PATH, libsql://HOST or https://HOST",
    );
  }
  throw new TypeError(
    `Cannot open store ${url}: expected file:PATH, libsql://HOST or https://HOST`,
  );
}

/** Opens the database and makes the dialect that kysely talks to it with. */
export function openDialect(place: Place): Dialect {
  const database = openDatabase(place);
  const reusing = reuseStatements(database);
  const dialect = new SqliteDialect({ database: reusing });
  return {
    createDriver: () => new LockingDriver(database, reusing, place),
    createAdapter: () => new TransactionalAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

function openDatabase(place: Place) {
  if (place.kind === "remote") {
    // The package takes a token that its type does not name.
    const options = { authToken: place.token ?? "" } as Database.Options;
    return new Database(place.url, options);
  }
  const path = place.kind === "file" ? place.path : ":memory:";
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    if (place.kind === "file") {
      database.pragma("journal_mode = WAL");
      database.pragma("synchronous = NORMAL");
    }
    database.pragma("foreign_keys = ON");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const mostStatements = 200;

/**
 * Prepares a statement once for each text. The package frees statements when
 * JavaScript collects them, and JavaScript does not know their size: a long run
 * grew by 14 kB a query.
 */
function reuseStatements(database: Database.Database): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare: (text) => {
      const known = statements.get(text);
      if (known) return known;
      // other tables make other columns; and texts with many values are many
      const isData = /^\s*(select|insert|update|delete|replace)\b/i.test(text);
      if (!isData || statements.size >= mostStatements) statements.clear();
      const statement = database.prepare(text);
      if (isData) statements.set(text, statement);
      return statement;
    },
  };
}

class LockingDriver extends SqliteDriver {
  readonly #database: Database.Database;
  readonly #place: Place;

  constructor(
    database: Database.Database,
    reusing: SqliteDatabase,
    place: Place,
  ) {
    super({ database: reusing });
    this.#database = database;
    this.#place = place;
  }

  override async beginTransaction(connection: DatabaseConnection) {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  override async rollbackTransaction(connection: DatabaseConnection) {
    if (!this.#database.inTransaction) return; // SQLite has, as when a disk is full
    await super.rollbackTransaction(connection);
  }

  override async destroy() {
    if (this.#place.kind === "file") emptyLog(this.#database);
    await super.destroy();
  }
}

/**
 * Moves what the log holds into the database file.
 *
 * The package closes the file when its statements are collected, which may be
 * never, so SQLite's own last step is done here.
 */
function emptyLog(database: Database.Database) {
  try {
    database.pragma("busy_timeout = 0");
    database.pragma("wal_checkpoint(TRUNCATE)");
  } catch {
    // Another process is busy or the disk is full: whoever opens next reads the log.
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl() {
    return true;
  }
}
