// Procedures: one examination or operation, of a patient or of nobody known.

import { z } from "zod";
import { type HasDb, inTransaction } from "./database.ts";

/** A procedure; its name is unique among those of its patient. */
export const Procedure = z.object({
  id: z.int(),
  patientId: z.int().nullable(),
  name: z.string().min(1),
}).readonly();
/** A procedure. */
export type Procedure = z.infer<typeof Procedure>;

/** Lists procedures by id, all or those of one patient (null: of nobody known). */
export async function listProcedures(
  { db }: HasDb,
  { patientId }: { patientId?: number | null } = {},
): Promise<Procedure[]> {
  let query = db.selectFrom("procedure").selectAll().orderBy("id");
  if (patientId === null) query = query.where("patientId", "is", null);
  else if (patientId !== undefined) {
    query = query.where("patientId", "=", patientId);
  }
  return (await query.execute()).map((row) => Procedure.parse(row));
}

/** Gets a patient's procedure by its name, new when there was none. */
export function getOrCreateProcedure(
  store: HasDb,
  { patientId, name }: { patientId: number | null; name: string },
): Promise<Procedure> {
  return inTransaction(store, async (store) => {
    const procedures = await listProcedures(store, { patientId });
    const found = procedures.find((procedure) => procedure.name === name);
    if (found) return found;
    const row = await store.db.insertInto("procedure")
      .values({ patientId, name: z.string().min(1).parse(name) })
      .returningAll().executeTakeFirstOrThrow();
    return Procedure.parse(row);
  });
}
