// Patients: a code, given by whoever brings the images, and nothing else.

import { z } from "zod";
import { type HasDb, inTransaction } from "./database.ts";

/** A patient. */
export const Patient = z.object({ id: z.int(), code: z.string().min(1) })
  .readonly();
/** A patient. */
export type Patient = z.infer<typeof Patient>;

/** Lists all patients, by code. */
export async function listPatients({ db }: HasDb): Promise<Patient[]> {
  const rows = await db.selectFrom("patient").selectAll().orderBy("code")
    .execute();
  return rows.map((row) => Patient.parse(row));
}

/** Finds a patient by its code. */
export async function findPatientByCode(
  { db }: HasDb,
  code: string,
): Promise<Patient | undefined> {
  const row = await db.selectFrom("patient").selectAll()
    .where("code", "=", code).executeTakeFirst();
  return row && Patient.parse(row);
}

/** Gets the patient with a code, new when there was none. */
export function getOrCreatePatient(
  store: HasDb,
  code: string,
): Promise<Patient> {
  return inTransaction(store, async (store) => {
    const found = await findPatientByCode(store, code);
    if (found) return found;
    const { code: checked } = Patient.unwrap().omit({ id: true })
      .parse({ code });
    const row = await store.db.insertInto("patient").values({ code: checked })
      .returningAll().executeTakeFirstOrThrow();
    return Patient.parse(row);
  });
}
