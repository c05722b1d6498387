// What there is to work on: sequences with how far they are.

import type { HasDb } from "../store/database.ts";
import { listPatients } from "../store/patients.ts";
import { listProcedures } from "../store/procedures.ts";
import { listSequences, type Sequence } from "../store/sequences.ts";
import type { SequenceSummary } from "./contract.ts";

/** Lists all sequences; `troubleOf` tells why one cannot be opened. */
export async function listSummaries(
  store: HasDb,
  troubleOf: (sequenceId: number) => string | null,
): Promise<SequenceSummary[]> {
  const summaries: SequenceSummary[] = [];
  for (const sequence of await listSequences(store)) {
    const trouble = troubleOf(sequence.id);
    summaries.push({ ...await summaryOf(store, sequence), trouble });
  }
  return summaries;
}

/** One sequence with how far it is. */
export async function summaryOf(
  store: HasDb,
  { id, name, procedureId, frameCount, width, height, fps }: Sequence,
): Promise<SequenceSummary> {
  const { db } = store;
  const procedure = (await listProcedures(store))
    .find((procedure) => procedure.id === procedureId);
  const patient = (await listPatients(store))
    .find((patient) => patient.id === procedure?.patientId);
  const objects = db.selectFrom("object").select("id")
    .where("sequenceId", "=", id).where("isActive", "=", 1);
  const { masks, verified } = await db.selectFrom("mask")
    .select((eb) => [
      eb.fn.countAll().as("masks"),
      eb.fn.sum("verified").as("verified"),
    ]).where("objectId", "in", objects).executeTakeFirstOrThrow();
  return {
    id,
    name,
    procedure: procedure?.name ?? null,
    patient: patient?.code ?? null,
    frameCount,
    width,
    height,
    fps,
    objects: (await objects.execute()).length,
    masks: Number(masks),
    verified: Number(verified ?? 0),
    trouble: null,
  };
}
