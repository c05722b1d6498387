// Spans: tags of whole frames, from one to another: a landmark in sight, bubbles
// on the lens. Frames are tagged beside the masks, not through them.

import { z } from "zod";
import type { HasDb } from "./database.ts";

/** A tag of the frames `from` to `to`, both included. */
export type Span = {
  readonly id: number;
  readonly sequenceId: number;
  readonly tagId: number;
  readonly from: number;
  readonly to: number;
};

const Row = z.object({
  id: z.int(),
  sequenceId: z.int(),
  tagId: z.int(),
  firstFrame: z.int().nonnegative(),
  lastFrame: z.int().nonnegative(),
});

/** Lists the spans of a sequence, by their first frame. */
export async function listSpans(
  { db }: HasDb,
  sequenceId: number,
): Promise<Span[]> {
  const rows = await db.selectFrom("span").selectAll()
    .where("sequenceId", "=", sequenceId).where("isActive", "=", 1)
    .orderBy("firstFrame").orderBy("id").execute();
  return rows.map((row) => {
    const { firstFrame: from, lastFrame: to, ...span } = Row.parse(row);
    return { ...span, from, to };
  });
}

/** Makes the row of a span that a change brings into force; returns its id. */
export async function createInactiveSpan(
  { db }: HasDb,
  { from, to, ...span }: Omit<Span, "id">,
): Promise<number> {
  const { id } = await db.insertInto("span")
    .values({ ...span, firstFrame: from, lastFrame: to, isActive: 0 })
    .returning("id").executeTakeFirstOrThrow();
  return id;
}
