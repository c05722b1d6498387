// A mask as a record of the store, and how masks are found.

import { z } from "zod";
import type { Bitmap } from "../base/image.ts";
import { decodeCounts, rleToBitmap } from "../masks/rle.ts";
import type { HasDb } from "./database.ts";
import { personalRows } from "./personal.ts";

/** A mask as it is kept. */
export const StoredMask = z.object({
  objectId: z.int(),
  frame: z.int().nonnegative(),
  origin: z.enum(["click", "propagated", "drawn", "imported", "detected"]),
  modelSha256: z.string().nullable(),
  /** 0..1, the model's own guess. */
  predictedIou: z.number().nullable(),
  /** 0..1 */
  presenceScore: z.number().nullable(),
  /** 0 (sure) to 1. */
  drift: z.number().nullable(),
  /** Where a propagated mask came from, such as `forward`. */
  source: z.string().nullable(),
  areaPx: z.int().nonnegative(),
  height: z.int().positive(),
  width: z.int().positive(),
  /** COCO's compressed run lengths: the truth. */
  counts: z.string(),
  /** Its PNG, relative to the store's folder. */
  file: z.string(),
  verified: z.int().transform((flag) => flag === 1),
  runId: z.int().nullable(),
  updatedAt: z.iso.datetime(),
  /**
   * Provisional while the other direction of a propagation is still to come,
   * stale when a condition around it changed since.
   */
  state: z.enum(["final", "provisional", "stale"]),
  /** What the drift was made of, as JSON. */
  driftParts: z.string(),
  /** Names the conditions around it that it was tracked from; empty where that is open. */
  basis: z.string(),
}).readonly();
/** A mask as it is kept. */
export type StoredMask = z.infer<typeof StoredMask>;

/** Names a mask. */
export type MaskKey = { readonly objectId: number; readonly frame: number };

/** What a mask is made from. */
export type NewMask =
  & MaskKey
  & Pick<StoredMask, "origin">
  & Partial<
    Pick<
      StoredMask,
      | "modelSha256"
      | "predictedIou"
      | "presenceScore"
      | "drift"
      | "source"
      | "verified"
      | "state"
      | "driftParts"
      | "basis"
    >
  >
  & { readonly bitmap: Bitmap };

/** Finds the mask of an object on a frame. */
export async function findMask(
  { db }: HasDb,
  { objectId, frame }: MaskKey,
): Promise<StoredMask | undefined> {
  const row = await db.selectFrom("mask").selectAll()
    .where("objectId", "=", objectId).where("frame", "=", frame)
    .executeTakeFirst();
  return row && StoredMask.parse(row);
}

/** Lists the masks of a sequence by object and frame; `from` and `to` are included. */
export async function listMasks(
  { db }: HasDb,
  sequenceId: number,
  { objectId, from, to, personal = false }: {
    objectId?: number;
    from?: number;
    to?: number;
    /** Only those that a person stands behind as they are. */
    personal?: boolean;
  } = {},
): Promise<StoredMask[]> {
  const objects = db.selectFrom("object").select("id")
    .where("sequenceId", "=", sequenceId);
  let query = db.selectFrom("mask").selectAll()
    .where("objectId", "in", objects).orderBy("objectId").orderBy("frame");
  if (objectId !== undefined) query = query.where("objectId", "=", objectId);
  if (from !== undefined) query = query.where("frame", ">=", from);
  if (to !== undefined) query = query.where("frame", "<=", to);
  if (personal) query = query.where(personalRows);
  return (await query.execute()).map((row) => StoredMask.parse(row));
}

/** What a plan needs to know of every mask of a sequence. */
export async function listMaskStates(
  { db }: HasDb,
  sequenceId: number,
): Promise<readonly (MaskKey & Pick<StoredMask, "state">)[]> {
  const objects = db.selectFrom("object").select("id")
    .where("sequenceId", "=", sequenceId);
  const rows = await db.selectFrom("mask")
    .select(["objectId", "frame", "state"])
    .where("objectId", "in", objects).execute();
  const State = StoredMask.unwrap().pick({
    objectId: true,
    frame: true,
    state: true,
  });
  return rows.map((row) => State.parse(row));
}

/** Reads the pixels of a mask from its run lengths. */
export function readMaskBitmap(
  { height, width, counts }: Pick<StoredMask, "height" | "width" | "counts">,
): Bitmap {
  return rleToBitmap({ size: [height, width], counts: decodeCounts(counts) });
}

/** Whether propagation may replace a mask: it made it, and nobody verified it. */
export function isReplaceable(
  { origin, verified }: Pick<StoredMask, "origin" | "verified">,
): boolean {
  return origin === "propagated" && !verified;
}

/** Finds the masks with the given keys, in their order. */
export async function findMasks(
  { db }: HasDb,
  keys: readonly MaskKey[],
): Promise<(StoredMask | undefined)[]> {
  const found = new Map<string, StoredMask>();
  for (const [objectId, own] of Map.groupBy(keys, (key) => key.objectId)) {
    for (let i = 0; i < own.length; i += framesInQuery) {
      const frames = own.slice(i, i + framesInQuery).map(({ frame }) => frame);
      const rows = await db.selectFrom("mask").selectAll()
        .where("objectId", "=", objectId).where("frame", "in", frames)
        .execute();
      for (const row of rows) {
        found.set(`${objectId} ${row.frame}`, StoredMask.parse(row));
      }
    }
  }
  return keys.map(({ objectId, frame }) => found.get(`${objectId} ${frame}`));
}

/** How many frames one query names; a query may have 32766 values. */
export const framesInQuery = 1000;
