// Brings a database to the tables this version knows.
//
// Migrations are listed here, in order of their names, and recorded by kysely's
// Migrator. Everything happens in one transaction that holds the write lock
// from its start: of two processes that open at once, the second waits and then
// finds nothing to do, and a migration that fails leaves nothing behind.

import type { Kysely } from "kysely";
import {
  DEFAULT_MIGRATION_TABLE,
  type Migration,
  Migrator,
} from "kysely/migration";
import * as start from "./0001_start.ts";
import * as passes from "./0002_passes.ts";
import * as history from "./0003_history.ts";
import * as volumes from "./0004_volumes.ts";

/** All migrations, oldest first; a name is never changed. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001_start": start,
  "0002_passes": passes,
  "0003_history": history,
  "0004_volumes": volumes,
};

/** Applies the migrations that are missing; throws when the database is newer than this version. */
export async function migrate<Tables>(
  db: Kysely<Tables>,
  known: Readonly<Record<string, Migration>> = migrations,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const unknown = (await listApplied(trx)).filter((name) => !known[name]);
    if (unknown.length > 0) {
      throw new Error(
        `it was written by a newer version of MedAnnotate: found ${
          unknown.join(", ")
        }, this version ends at ${Object.keys(known).at(-1)}. ` +
          "Expected the newer version to open it",
      );
    }
    const provider = { getMigrations: () => Promise.resolve({ ...known }) };
    const { error } = await new Migrator({ db: trx, provider })
      .migrateToLatest();
    if (error) throw error;
  });
}

async function listApplied<Tables>(db: Kysely<Tables>): Promise<string[]> {
  const tables = await db.introspection.getTables({
    withInternalKyselyTables: true,
  });
  if (!tables.some(({ name }) => name === DEFAULT_MIGRATION_TABLE)) return [];
  const rows = await (db as unknown as Kysely<MigrationTables>)
    .selectFrom(DEFAULT_MIGRATION_TABLE).select("name").execute();
  return rows.map(({ name }) => name);
}

type MigrationTables = { [DEFAULT_MIGRATION_TABLE]: { name: string } };
