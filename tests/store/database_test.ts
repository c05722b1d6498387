import { deepEqual, equal, match, rejects } from "node:assert/strict";
import {
  getOrCreatePatient,
  listPatients,
  openMemoryStore,
  openStore,
} from "medannotate";
import { migrate, migrations } from "../../lib/store/migrations/migrate.ts";
import { openDialect, parseStoreUrl } from "../../lib/store/dialect.ts";
import { inFolder, listFiles } from "./fresh_store.ts";
import { Kysely, sql } from "kysely";

const urlOf = (folder: string) => `file:${folder}/store.db`;

Deno.test(
  "openStore() keeps what was written before",
  inFolder(async (folder) => {
    const first = await openStore({ url: urlOf(folder), folder });
    await getOrCreatePatient(first, "P1");
    await first.close();

    const second = await openStore({ url: urlOf(folder), folder });
    deepEqual((await listPatients(second)).map(({ code }) => code), ["P1"]);
    await second.close();
  }),
);

Deno.test(
  "openStore() sets a file database up for several processes",
  inFolder(async (folder) => {
    const { db, close } = await openStore({ url: urlOf(folder), folder });
    const pragma = async (name: string) =>
      Object.values(
        (await sql.raw(`pragma ${name}`).execute(db)).rows[0] ?? {},
      );
    deepEqual(await pragma("journal_mode"), ["wal"]);
    deepEqual(await pragma("synchronous"), [1]); // NORMAL
    deepEqual(await pragma("foreign_keys"), [1]);
    deepEqual(await pragma("busy_timeout"), [10_000]);
    await close();
  }),
);

Deno.test(
  "openStore() lets several open a new store at once",
  inFolder(async (folder) => {
    const code = `
      import { getOrCreatePatient, openStore } from "medannotate";
      const folder = ${JSON.stringify(folder)};
      const store = await openStore({ url: "file:" + folder + "/store.db", folder });
      await getOrCreatePatient(store, "P" + Deno.args[0]);
      await getOrCreatePatient(store, "shared");
      await store.close();`;
    const file = `${folder}/open.ts`;
    await Deno.writeTextFile(file, code);
    const outputs = await Promise.all(
      [1, 2, 3].map((n) =>
        new Deno.Command(Deno.execPath(), {
          args: [
            "run",
            "-A",
            "--no-check",
            "--config",
            configPath,
            file,
            `${n}`,
          ],
        }).output()
      ),
    );
    for (const { success, stderr } of outputs) {
      equal(success, true, new TextDecoder().decode(stderr));
    }
    const store = await openStore({ url: urlOf(folder), folder });
    const codes = (await listPatients(store)).map(({ code }) => code);
    deepEqual(codes, ["P1", "P2", "P3", "shared"]);
    await store.close();
  }),
);

Deno.test(
  "openStore() runs transactions one after the other and undoes a failed one",
  inFolder(async (folder) => {
    const { db, close } = await openStore({ url: urlOf(folder), folder });
    const results = await Promise.allSettled(
      [1, 2, 3].map((n) =>
        db.transaction().execute(async (trx) => {
          await getOrCreatePatient({ db: trx }, `P${n}`);
          if (n === 2) throw new Error("stop");
        })
      ),
    );
    deepEqual(results.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    const codes = (await listPatients({ db })).map(({ code }) => code);
    deepEqual(codes, ["P1", "P3"]);
    await close();
  }),
);

Deno.test(
  "openStore() refuses a folder with masks of another database",
  inFolder(async (folder) => {
    await (await openStore({ url: urlOf(folder), folder })).close();
    const other = `file:${folder}/other.db`;
    await rejects(
      openStore({ url: other, folder }),
      /holds masks of another database/,
    );
  }),
);

Deno.test(
  "openStore() says what is wrong with a URL",
  inFolder(async (folder) => {
    const open = (url: string) => openStore({ url, folder });
    await rejects(open("postgres://db/x"), /PostgreSQL: this comes in a later/);
    await rejects(open("store.db"), /store store\.db: expected file:PATH/);
    await Deno.writeTextFile(`${folder}/text.db`, "not a database ".repeat(99));
    await rejects(open(`file:${folder}/text.db`), /file is not a database/);
  }),
);

Deno.test(
  "openStore() keeps the token of a remote store out of its error",
  inFolder(async (folder) => {
    const url = "http://127.0.0.1:9/?authToken=secret"; // nobody listens on port 9
    const error = await openStore({ url, folder }).catch(String);
    match(
      String(error),
      /Cannot open store http:\/\/127\.0\.0\.1:9\/ with folder/,
    );
    equal(String(error).includes("secret"), false);
  }),
);

Deno.test("parseStoreUrl() reads files and servers", () => {
  deepEqual(parseStoreUrl("file:///a/b.db"), { kind: "file", path: "/a/b.db" });
  const relative = { kind: "file", path: `${Deno.cwd()}/a.db` };
  deepEqual(parseStoreUrl("file:a.db"), relative);
  deepEqual(parseStoreUrl("libsql://db.example.org?authToken=t"), {
    kind: "remote",
    url: "libsql://db.example.org",
    token: "t",
  });
});

Deno.test("migrate() twice changes nothing the second time", async () => {
  const db = new Kysely<unknown>({ dialect: openDialect({ kind: "memory" }) });
  const tables = async () =>
    (await db.introspection.getTables()).map(({ name }) => name);
  await migrate(db);
  const first = await tables();
  await migrate(db);
  deepEqual(await tables(), first);
  equal(first.includes("mask"), true);
  await db.destroy();
});

Deno.test("migrate() undoes a migration that fails halfway", async () => {
  const db = new Kysely<unknown>({ dialect: openDialect({ kind: "memory" }) });
  const failing = {
    up: async (db: Kysely<unknown>) => {
      await db.schema.createTable("half").addColumn("id", "integer").execute();
      throw new Error("power cut");
    },
  };
  await rejects(migrate(db, { ...migrations, "9999_half": failing }), /power/);
  deepEqual(await db.introspection.getTables(), []);
  await db.destroy();
});

Deno.test(
  "openStore() refuses a database of a newer version",
  inFolder(async (folder) => {
    const store = await openStore({ url: urlOf(folder), folder });
    const next = { up: () => Promise.resolve() };
    await migrate(store.db, { ...migrations, "9999_next": next });
    await store.close();
    await rejects(
      openStore({ url: urlOf(folder), folder }),
      /newer version of MedAnnotate: found 9999_next, this version ends at/,
    );
  }),
);

Deno.test(
  "openMemoryStore() leaves nothing but its mask folder",
  inFolder(async (folder) => {
    const store = await openMemoryStore(folder);
    await getOrCreatePatient(store, "P1");
    await store.close();
    deepEqual(await listFiles(folder), ["masks/.store"]);
  }),
);

const configPath = new URL("../../deno.json", import.meta.url).pathname;
