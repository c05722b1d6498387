// A change as the history keeps it: rows before and after, nothing else, so that
// undo and redo need neither model nor memory.

import { z } from "zod";
import { StoredMask } from "./stored_mask.ts";

/** A mask without its place: all that is needed to bring it back. */
export const KeptMask = StoredMask.unwrap().pick({
  origin: true,
  modelSha256: true,
  predictedIou: true,
  presenceScore: true,
  drift: true,
  source: true,
  counts: true,
  driftParts: true,
  basis: true,
}).extend({ verified: z.boolean() }).readonly();
/** A mask without its place. */
export type KeptMask = z.infer<typeof KeptMask>;

const KeptObject = z.object({
  tagId: z.int().nullable(),
  colour: z.string(),
  name: z.string(),
  isActive: z.boolean(),
}).readonly();
/** What may change of an object. */
export type KeptObject = z.infer<typeof KeptObject>;

const KeptSpan = z.object({
  firstFrame: z.int(),
  lastFrame: z.int(),
  isActive: z.boolean(),
}).readonly();
/** What may change of a span. */
export type KeptSpan = z.infer<typeof KeptSpan>;

/** What one step changed; null where there was, or is, nothing. */
export const HistoryChange = z.object({
  /** What was done, in a word; the page translates it. */
  label: z.string(),
  objectId: z.int().nullable(),
  frame: z.int().nullable(),
  masks: z.array(z.object({
    objectId: z.int(),
    frame: z.int(),
    before: KeptMask.nullable(),
    after: KeptMask.nullable(),
  })).readonly(),
  /** Masks of which nothing changed but whether they are verified. */
  verified: z.array(z.object({
    objectId: z.int(),
    frame: z.int(),
    after: z.boolean(),
  })).readonly(),
  /** Prompts that came into force or went. */
  prompts: z.array(z.object({ id: z.int(), after: z.boolean() })).readonly(),
  objects: z.array(
    z.object({ id: z.int(), before: KeptObject, after: KeptObject }),
  ).readonly(),
  spans: z.array(z.object({ id: z.int(), before: KeptSpan, after: KeptSpan }))
    .readonly(),
}).readonly();
/** What one step changed. */
export type HistoryChange = z.infer<typeof HistoryChange>;
