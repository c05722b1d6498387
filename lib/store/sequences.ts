// Sequences: the frames of one folder, video or volume, each known by its
// checksum.
//
// Two inputs with the same frames are one sequence, wherever they lie; that is
// what framesSha256 decides. Frames are counted from 0 in decode order.

import { z } from "zod";
import { sha256Of } from "./canonical.ts";
import { type HasDb, inTransaction } from "./database.ts";
import { SequenceView, viewText } from "./sequence_view.ts";

/** A sequence of frames of one size. */
export const Sequence = z.object({
  id: z.int(),
  procedureId: z.int().nullable(),
  name: z.string().min(1),
  kind: z.enum(["folder", "video", "volume"]),
  /** Absolute path of the folder or the file. */
  source: z.string(),
  width: z.int().positive(),
  height: z.int().positive(),
  frameCount: z.int().nonnegative(),
  fps: z.number().positive().nullable(),
  framesSha256: z.string(),
  createdAt: z.iso.datetime(),
  /** Of a volume only. */
  view: SequenceView.nullable(),
}).readonly();
/** A sequence of frames of one size. */
export type Sequence = z.infer<typeof Sequence>;

/** A frame of a sequence. */
export const SequenceFrame = z.object({
  sequenceId: z.int(),
  index: z.int().nonnegative(),
  timeMs: z.number(),
  /** The file name in a folder; empty in a video or a volume. */
  name: z.string(),
  /** Of its decoded pixels. */
  sha256: z.string(),
}).readonly();
/** A frame of a sequence. */
export type SequenceFrame = z.infer<typeof SequenceFrame>;

/** What a sequence is made from; the place of a frame in the list is its index. */
export type NewSequence =
  & Pick<Sequence, "name" | "kind" | "source" | "width" | "height">
  & {
    readonly procedureId?: number | null;
    readonly fps?: number | null;
    readonly view?: SequenceView | null;
    readonly frames: readonly Pick<
      SequenceFrame,
      "timeMs" | "name" | "sha256"
    >[];
  };

/** Computes the identity of a sequence from the checksums of its frames, in order. */
export function sequenceSha256(
  frames: readonly { readonly sha256: string }[],
): string {
  return sha256Of(frames.map(({ sha256 }) => `${sha256}\n`).join(""));
}

/** Creates a sequence with all its frames, in one transaction. */
export function createSequence(
  store: HasDb,
  { frames, ...given }: NewSequence,
): Promise<Sequence> {
  const values = Sequence.unwrap().omit({ id: true }).parse({
    ...given,
    procedureId: given.procedureId ?? null,
    fps: given.fps ?? null,
    view: given.view ?? null,
    frameCount: frames.length,
    framesSha256: sequenceSha256(frames),
    createdAt: new Date().toISOString(),
  });
  return inTransaction(store, async ({ db }) => {
    const row = await db.insertInto("sequence")
      .values({ ...values, view: viewText(values.view) }).returningAll()
      .executeTakeFirstOrThrow();
    const rows = frames.map(({ timeMs, name, sha256 }, index) =>
      SequenceFrame.parse({ sequenceId: row.id, index, timeMs, name, sha256 })
    );
    for (let i = 0; i < rows.length; i += 1000) { // 5 values each, 32766 allowed
      await db.insertInto("frame").values(rows.slice(i, i + 1000)).execute();
    }
    return fromRow(row);
  });
}

/** Gets the sequence that has these frames, new when there was none. */
export function getOrCreateSequence(
  store: HasDb,
  sequence: NewSequence,
): Promise<Sequence> {
  return inTransaction(store, async (store) => {
    const framesSha256 = sequenceSha256(sequence.frames);
    return await findSequenceByFrames(store, framesSha256) ??
      await createSequence(store, sequence);
  });
}

/** Finds the first sequence with these frames. */
export async function findSequenceByFrames(
  { db }: HasDb,
  framesSha256: string,
): Promise<Sequence | undefined> {
  const row = await db.selectFrom("sequence").selectAll()
    .where("framesSha256", "=", framesSha256).orderBy("id").executeTakeFirst();
  return row && fromRow(row);
}

/** Finds the sequence that was imported last from a path; its frames may have changed since. */
export async function findSequenceBySource(
  { db }: HasDb,
  source: string,
): Promise<Sequence | undefined> {
  const row = await db.selectFrom("sequence").selectAll()
    .where("source", "=", source).orderBy("id", "desc").executeTakeFirst();
  return row && fromRow(row);
}

/** Gets a sequence; throws an error that lists the existing ones. */
export async function getSequence(store: HasDb, id: number): Promise<Sequence> {
  const row = await store.db.selectFrom("sequence").selectAll()
    .where("id", "=", id).executeTakeFirst();
  if (row) return fromRow(row);
  const known = (await listSequences(store)).map(({ id, name }) =>
    `${id} (${name})`
  );
  throw new RangeError(
    `No sequence ${id} in the store: there ${
      known.length === 0 ? "is none yet" : `are ${known.join(", ")}`
    }`,
  );
}

/** Lists all sequences, by id. */
export async function listSequences({ db }: HasDb): Promise<Sequence[]> {
  const rows = await db.selectFrom("sequence").selectAll().orderBy("id")
    .execute();
  return rows.map((row) => fromRow(row));
}

/** Lists the frames of a sequence, in order; `from` and `to` are included. */
export async function listFrames(
  { db }: HasDb,
  sequenceId: number,
  { from, to }: { from?: number; to?: number } = {},
): Promise<SequenceFrame[]> {
  let query = db.selectFrom("frame").selectAll()
    .where("sequenceId", "=", sequenceId).orderBy("index");
  if (from !== undefined) query = query.where("index", ">=", from);
  if (to !== undefined) query = query.where("index", "<=", to);
  const rows = await query.execute();
  return rows.map((row) => SequenceFrame.parse(row));
}

function fromRow(
  row: Omit<Sequence, "kind" | "view"> & {
    readonly kind: string;
    readonly view: string | null;
  },
): Sequence {
  const view = row.view === null ? null : JSON.parse(row.view);
  return Sequence.parse({ ...row, view });
}
