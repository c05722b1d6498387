// Runs: long work on a sequence that can be killed and goes on where it was.
//
// A run's row says what it was made from, so that going on with other frames,
// prompts, models or options is noticed. Its memories are the arrays the next
// frame reads; they are written with every frame (masks.ts, commitFrame) and
// come back bit for bit.

import { z } from "zod";
import { canonicalSha256 } from "./canonical.ts";
import { type HasDb, inTransaction } from "./database.ts";

/** A run of long work on a sequence. */
export const Run = z.object({
  id: z.int(),
  sequenceId: z.int(),
  kind: z.string().min(1),
  framesSha256: z.string(),
  promptsSha256: z.string(),
  modelSha256: z.string(),
  optionsSha256: z.string(),
  options: z.record(z.string(), z.json()),
  status: z.enum(["running", "done", "cancelled", "failed"]),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  framesDone: z.int().nonnegative(),
  framesTotal: z.int().nonnegative(),
}).readonly();
/** A run of long work on a sequence. */
export type Run = z.infer<typeof Run>;

/** What a run is started with; options are plain JSON. */
export type NewRun = Pick<
  Run,
  | "sequenceId"
  | "kind"
  | "framesSha256"
  | "promptsSha256"
  | "modelSha256"
  | "options"
  | "framesTotal"
>;

/** Names one memory within a run. */
export type RunMemoryKey = {
  readonly objectId: number;
  readonly direction: "forward" | "backward";
  readonly frame: number;
};

/** What one object left on one frame for later frames to read. */
export type RunMemory = RunMemoryKey & {
  readonly isConditioning: boolean;
  readonly objectScore: number;
  readonly predictedIou: number;
  readonly lowRes: Float32Array;
  readonly pointer: Float32Array;
  readonly memory: Float32Array;
};

/** What a commit adds to a run's memories. */
export type NewRunMemory = RunMemory;

/**
 * Starts a run; earlier ones of its kind can then no longer be resumed.
 *
 * @param options.keep memories of the earlier run that this one goes on from
 */
export function startRun(
  store: HasDb,
  run: NewRun,
  { keep = [] }: { keep?: readonly RunMemoryKey[] } = {},
): Promise<Run> {
  const { options } = run;
  const values = Run.unwrap().omit({ id: true }).parse({
    ...run,
    optionsSha256: canonicalSha256(options),
    status: "running",
    startedAt: new Date().toISOString(),
    finishedAt: null,
    framesDone: 0,
  });
  return inTransaction(store, async ({ db }) => {
    const earlier = db.selectFrom("run").select("id")
      .where("sequenceId", "=", run.sequenceId).where("kind", "=", run.kind);
    const row = await db.insertInto("run")
      .values({ ...values, options: JSON.stringify(values.options) })
      .returningAll().executeTakeFirstOrThrow();
    for (const { objectId, direction, frame } of keep) {
      await db.updateTable("runMemory").set({ runId: row.id })
        .where("runId", "in", earlier).where("objectId", "=", objectId)
        .where("direction", "=", direction).where("frame", "=", frame)
        .execute();
    }
    await db.deleteFrom("runMemory").where("runId", "in", earlier)
      .where("runId", "!=", row.id).execute();
    return fromRow(row);
  });
}

/** Finds the newest run of a kind unless it is done: running (then it was killed), cancelled or failed. */
export async function findResumableRun(
  { db }: HasDb,
  sequenceId: number,
  kind: string,
): Promise<Run | undefined> {
  const row = await db.selectFrom("run").selectAll()
    .where("sequenceId", "=", sequenceId).where("kind", "=", kind)
    .orderBy("id", "desc").executeTakeFirst();
  return row && row.status !== "done" ? fromRow(row) : undefined;
}

/** Marks a run as running again; memories other than those to `keep` are forgotten. */
export function resumeRun(
  store: HasDb,
  runId: number,
  { keep }: { keep?: readonly RunMemoryKey[] } = {},
): Promise<Run> {
  return inTransaction(store, async (store) => {
    const row = await store.db.updateTable("run")
      .set({ status: "running", finishedAt: null }).where("id", "=", runId)
      .returningAll().executeTakeFirst();
    if (!row) throw new RangeError(`No run ${runId} in the store`);
    if (keep) {
      const kept = new Set(keep.map(nameOf));
      const memories = await listRunMemoryKeys(store, runId);
      const others = memories.filter((key) => !kept.has(nameOf(key)));
      await forgetRunMemories(store, runId, others);
    }
    return fromRow(row);
  });
}

function nameOf({ objectId, direction, frame }: RunMemoryKey): string {
  return `${objectId} ${direction} ${frame}`;
}

/** Ends a run; only one that is done forgets its memories. */
export function finishRun(
  store: HasDb,
  runId: number,
  status: "done" | "cancelled" | "failed",
): Promise<Run> {
  return inTransaction(store, async (store) => {
    const finishedAt = new Date().toISOString();
    const row = await store.db.updateTable("run").set({ status, finishedAt })
      .where("id", "=", runId).returningAll().executeTakeFirst();
    if (!row) throw new RangeError(`No run ${runId} in the store`);
    if (status === "done") await deleteRunMemories(store, runId);
    return fromRow(row);
  });
}

/** Lists the runs of a sequence, oldest first. */
export async function listRuns(
  { db }: HasDb,
  sequenceId: number,
): Promise<Run[]> {
  const rows = await db.selectFrom("run").selectAll()
    .where("sequenceId", "=", sequenceId).orderBy("id").execute();
  return rows.map(fromRow);
}

/** Lists which memories a run has. */
export async function listRunMemoryKeys(
  { db }: HasDb,
  runId: number,
): Promise<RunMemoryKey[]> {
  const rows = await db.selectFrom("runMemory")
    .select(["objectId", "direction", "frame"]).where("runId", "=", runId)
    .execute();
  const Key = RunMemoryRow.pick({
    objectId: true,
    direction: true,
    frame: true,
  });
  return rows.map((row) => Key.parse(row));
}

/** Lists what a run remembers, by object, direction and frame. */
export async function listRunMemories(
  { db }: HasDb,
  runId: number,
): Promise<RunMemory[]> {
  const rows = await db.selectFrom("runMemory").selectAll()
    .where("runId", "=", runId).orderBy("objectId").orderBy("direction")
    .orderBy("frame").execute();
  return rows.map((row) => RunMemoryRow.parse(row));
}

/** Adds memories to a run, replacing those of the same key. */
export async function saveRunMemories(
  { db }: HasDb,
  runId: number,
  memories: readonly NewRunMemory[],
): Promise<void> {
  if (memories.length === 0) return;
  const rows = memories.map((memory) => ({
    runId,
    objectId: memory.objectId,
    direction: memory.direction,
    frame: memory.frame,
    isConditioning: memory.isConditioning ? 1 : 0,
    objectScore: memory.objectScore,
    predictedIou: memory.predictedIou,
    lowRes: toBytes(memory.lowRes),
    pointer: toBytes(memory.pointer),
    memory: toBytes(memory.memory),
  }));
  await db.replaceInto("runMemory").values(rows).execute();
}

/** Deletes single memories of a run. */
export async function forgetRunMemories(
  { db }: HasDb,
  runId: number,
  keys: readonly RunMemoryKey[],
): Promise<void> {
  for (const { objectId, direction, frame } of keys) {
    await db.deleteFrom("runMemory").where("runId", "=", runId)
      .where("objectId", "=", objectId).where("direction", "=", direction)
      .where("frame", "=", frame).execute();
  }
}

/** Deletes all memories of a run. */
export async function deleteRunMemories(
  { db }: HasDb,
  runId: number,
): Promise<void> {
  await db.deleteFrom("runMemory").where("runId", "=", runId).execute();
}

/** Little-endian as on every machine that Deno runs on. */
function toBytes({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const Floats = z.union([z.instanceof(ArrayBuffer), z.instanceof(Uint8Array)])
  .transform((blob) => new Float32Array(new Uint8Array(blob).buffer)); // a copy, so it is aligned

const RunMemoryRow = z.object({
  objectId: z.int(),
  direction: z.enum(["forward", "backward"]),
  frame: z.int(),
  isConditioning: z.int().transform((flag) => flag === 1),
  objectScore: z.number(),
  predictedIou: z.number(),
  lowRes: Floats,
  pointer: Floats,
  memory: Floats,
});

function fromRow(row: { options: string }): Run {
  return Run.parse({ ...row, options: JSON.parse(row.options) });
}
