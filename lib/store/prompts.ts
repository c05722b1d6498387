// Prompts: what a person said about an object, kept in order for undo, redo and
// replay on another model.
//
// Every change of a sequence's prompts is a step of its history (steps.ts). Both
// rows and steps are in the database, so the history survives the program.
// Whatever changes prompts also marks what was propagated from them as stale
// (stale.ts).

import { z } from "zod";
import { decodeCounts, encodeCounts, type Rle } from "../masks/rle.ts";
import { canonicalSha256 } from "./canonical.ts";
import { type HasDb, inTransaction } from "./database.ts";
import { StoredMask } from "./masks.ts";
import { markStale } from "./stale.ts";
import {
  addPromptStep,
  dropUndone,
  findRedoStep,
  findUndoStep,
  setStepDone,
  type Step,
} from "./steps.ts";

/** A point, a box or a mask, in pixels of the frame. */
export type Prompt =
  | {
    readonly kind: "point";
    readonly x: number;
    readonly y: number;
    readonly sign: "+" | "-";
  }
  | {
    readonly kind: "box";
    readonly x0: number;
    readonly y0: number;
    readonly x1: number;
    readonly y1: number;
  }
  | {
    readonly kind: "mask";
    readonly rle: Rle;
    /** Set when this is the mask that the first prompt of a place found there. */
    readonly was?: EarlierMask;
  };

const EarlierMaskJson = StoredMask.unwrap().pick({
  origin: true,
  modelSha256: true,
  predictedIou: true,
  presenceScore: true,
  drift: true,
  source: true,
}).extend({
  verified: z.boolean(),
  driftParts: z.string().optional(),
  basis: z.string().optional(),
}).readonly();
/** What a mask was before prompts changed it, so that undo brings it back. */
export type EarlierMask = z.infer<typeof EarlierMaskJson>;

/** A prompt for an object on a frame. */
export type NewPrompt = {
  readonly objectId: number;
  readonly frame: number;
  readonly prompt: Prompt;
};

/** A prompt as it is kept. */
export type StoredPrompt = NewPrompt & {
  readonly id: number;
  readonly sequenceId: number;
};

/** What a step did to the list of prompts. */
export type PromptChange = {
  readonly kind: "added" | "removed";
  readonly prompt: StoredPrompt;
};

/** Adds a prompt; steps that were undone can then no longer be redone. */
export function addPrompt(
  store: HasDb,
  { objectId, frame, prompt }: NewPrompt,
): Promise<StoredPrompt> {
  return inTransaction(store, async (store) => {
    const object = await store.db.selectFrom("object").select("sequenceId")
      .where("id", "=", objectId).executeTakeFirst();
    if (!object) {
      throw new RangeError(
        `Cannot add a prompt: there is no object ${objectId}`,
      );
    }
    await dropUndone(store, object.sequenceId);
    const row = await store.db.insertInto("prompt").values({
      sequenceId: object.sequenceId,
      objectId,
      frame: z.int().nonnegative().parse(frame),
      prompt: JSON.stringify(toJson(prompt)),
      isActive: 1,
    }).returningAll().executeTakeFirstOrThrow();
    await addPromptStep(store, row, "add");
    await markStale(store, row);
    return fromRow(row);
  });
}

/** Makes the row of a prompt that a change brings into force; returns its id. */
export async function createInactivePrompt(
  { db }: HasDb,
  sequenceId: number,
  { objectId, frame, prompt }: NewPrompt,
): Promise<number> {
  const { id } = await db.insertInto("prompt").values({
    sequenceId,
    objectId,
    frame: z.int().nonnegative().parse(frame),
    prompt: JSON.stringify(toJson(prompt)),
    isActive: 0,
  }).returning("id").executeTakeFirstOrThrow();
  return id;
}

/** Removes a prompt, which undo brings back to its place; throws when it is not there. */
export function removePrompt(
  store: HasDb,
  promptId: number,
): Promise<StoredPrompt> {
  return inTransaction(store, async (store) => {
    const row = await store.db.updateTable("prompt").set({ isActive: 0 })
      .where("id", "=", promptId).where("isActive", "=", 1)
      .returningAll().executeTakeFirst();
    if (!row) {
      throw new RangeError(
        `Cannot remove prompt ${promptId}: it does not exist or is removed`,
      );
    }
    await dropUndone(store, row.sequenceId);
    await addPromptStep(store, row, "remove");
    await markStale(store, row);
    return fromRow(row);
  });
}

/** Takes back the last step of a sequence, which must be a prompt's; undefined when there is none. */
export function undoPrompt(
  store: HasDb,
  sequenceId: number,
): Promise<PromptChange | undefined> {
  return inTransaction(store, async (store) => {
    const step = await findUndoStep(store, sequenceId);
    return step && await turnStep(store, step, { isDone: false });
  });
}

/** Gives the last prompt that was taken back again, unless there is none. */
export function redoPrompt(
  store: HasDb,
  sequenceId: number,
): Promise<PromptChange | undefined> {
  return inTransaction(store, async (store) => {
    const step = await findRedoStep(store, sequenceId);
    return step && await turnStep(store, step, { isDone: true });
  });
}

/** Lists the prompts in force, in the order they were given. */
export async function listPrompts(
  { db }: HasDb,
  sequenceId: number,
  { objectId, frame }: { objectId?: number; frame?: number } = {},
): Promise<StoredPrompt[]> {
  let query = db.selectFrom("prompt").selectAll()
    .where("sequenceId", "=", sequenceId).where("isActive", "=", 1)
    .orderBy("id");
  if (objectId !== undefined) query = query.where("objectId", "=", objectId);
  if (frame !== undefined) query = query.where("frame", "=", frame);
  return (await query.execute()).map(fromRow);
}

/** Computes one checksum of prompts in their order, whatever their ids. */
export function promptsSha256(prompts: readonly NewPrompt[]): string {
  return canonicalSha256(
    prompts.map(({ objectId, frame, prompt }) => ({
      objectId,
      frame,
      prompt: toJson(withoutHistory(prompt)),
    })),
  );
}

/** What a mask was before does not change what it leads to. */
function withoutHistory(prompt: Prompt): Prompt {
  return prompt.kind === "mask" ? { kind: "mask", rle: prompt.rle } : prompt;
}

/** Undoes or redoes a step: adding while undoing is removing, and so on. */
async function turnStep(
  store: HasDb,
  step: Step,
  { isDone }: { readonly isDone: boolean },
): Promise<PromptChange> {
  if (step.action === "change") {
    throw new Error(`Step ${step.id} (${step.change.label}) is no prompt's`);
  }
  await setStepDone(store, step, isDone);
  return await setPromptActive(
    store,
    step.promptId,
    (step.action === "add") === isDone,
  );
}

/** Brings a prompt into force or takes it out; what was tracked from it is stale. */
export async function setPromptActive(
  store: HasDb,
  promptId: number,
  isActive: boolean,
): Promise<PromptChange> {
  const row = await store.db.updateTable("prompt")
    .set({ isActive: isActive ? 1 : 0 })
    .where("id", "=", promptId).returningAll().executeTakeFirstOrThrow();
  await markStale(store, row);
  return { kind: isActive ? "added" : "removed", prompt: fromRow(row) };
}

const PromptJson = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("point"),
    x: z.number(),
    y: z.number(),
    sign: z.enum(["+", "-"]),
  }),
  z.object({
    kind: z.literal("box"),
    x0: z.number(),
    y0: z.number(),
    x1: z.number(),
    y1: z.number(),
  }),
  z.object({
    kind: z.literal("mask"),
    size: z.tuple([z.int().positive(), z.int().positive()]),
    counts: z.string(),
    was: EarlierMaskJson.optional(),
  }),
]);

function toJson(prompt: Prompt): z.infer<typeof PromptJson> {
  if (prompt.kind !== "mask") return PromptJson.parse(prompt);
  const { rle: { size: [height, width], counts }, was } = prompt;
  return PromptJson.parse({
    kind: "mask",
    size: [height, width],
    counts: encodeCounts(counts),
    ...(was ? { was } : {}),
  });
}

function fromRow(
  { id, sequenceId, objectId, frame, prompt: text }: {
    id: number;
    sequenceId: number;
    objectId: number;
    frame: number;
    prompt: string;
  },
): StoredPrompt {
  const json = PromptJson.parse(JSON.parse(text));
  const prompt: Prompt = json.kind === "mask"
    ? {
      kind: "mask",
      rle: { size: json.size, counts: decodeCounts(json.counts) },
      ...(json.was ? { was: json.was } : {}),
    }
    : json;
  return { id, sequenceId, objectId, frame, prompt };
}
