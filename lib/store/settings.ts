// Settings: small things that a store remembers by name.

import type { HasDb } from "./database.ts";

/** Finds the text of a setting. */
export async function findSetting(
  { db }: HasDb,
  name: string,
): Promise<string | undefined> {
  const row = await db.selectFrom("setting").select("value")
    .where("name", "=", name).executeTakeFirst();
  return row?.value;
}

/** Remembers the text of a setting. */
export async function saveSetting(
  { db }: HasDb,
  name: string,
  value: string,
): Promise<void> {
  await db.insertInto("setting").values({ name, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
}
