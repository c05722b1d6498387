// Steps: the history of a sequence, so that everything a person did can be
// taken back, in order and without limit, also after the program was ended.
//
// A step adds or removes a prompt (prompts.ts), or is a change: rows as they
// were and as they became (changes.ts). Undo takes back the last step that is
// done, redo does the first that is not; a new step drops those that are not.

import type { HasDb } from "./database.ts";
import { HistoryChange } from "./history_change.ts";

/** One step of a sequence's history. */
export type Step =
  & { readonly id: number; readonly sequenceId: number }
  & (
    | { readonly action: "add" | "remove"; readonly promptId: number }
    | { readonly action: "change"; readonly change: HistoryChange }
  );

/** Finds the step that undo would take back. */
export async function findUndoStep(
  { db }: HasDb,
  sequenceId: number,
): Promise<Step | undefined> {
  const row = await db.selectFrom("step").selectAll()
    .where("sequenceId", "=", sequenceId).where("isDone", "=", 1)
    .orderBy("id", "desc").executeTakeFirst();
  return row && fromRow(row);
}

/** Finds the step that redo would do again. */
export async function findRedoStep(
  { db }: HasDb,
  sequenceId: number,
): Promise<Step | undefined> {
  const row = await db.selectFrom("step").selectAll()
    .where("sequenceId", "=", sequenceId).where("isDone", "=", 0)
    .orderBy("id").executeTakeFirst();
  return row && fromRow(row);
}

/** Notes that a prompt came or went; steps that were undone are dropped. */
export async function addPromptStep(
  { db }: HasDb,
  { id, sequenceId }: { readonly id: number; readonly sequenceId: number },
  action: "add" | "remove",
): Promise<void> {
  await db.insertInto("step")
    .values({ sequenceId, promptId: id, action, change: "", isDone: 1 })
    .execute();
}

/** Notes a change; steps that were undone are dropped. */
export async function addChangeStep(
  store: HasDb,
  sequenceId: number,
  change: HistoryChange,
): Promise<void> {
  await dropUndone(store, sequenceId);
  await store.db.insertInto("step").values({
    sequenceId,
    promptId: null,
    action: "change",
    change: JSON.stringify(change),
    isDone: 1,
  }).execute();
}

/** Marks a step as done or taken back. */
export async function setStepDone(
  { db }: HasDb,
  { id }: Pick<Step, "id">,
  isDone: boolean,
): Promise<void> {
  await db.updateTable("step").set({ isDone: isDone ? 1 : 0 })
    .where("id", "=", id).execute();
}

/** Forgets the undone steps, and with them the prompts that they had added. */
export async function dropUndone(
  { db }: HasDb,
  sequenceId: number,
): Promise<void> {
  const undone = await db.deleteFrom("step").where("isDone", "=", 0)
    .where("sequenceId", "=", sequenceId)
    .returning(["promptId", "action"]).execute();
  for (const { promptId, action } of undone) {
    if (action !== "add") continue; // the prompt that it removed is there again
    await db.deleteFrom("prompt").where("id", "=", promptId).execute();
  }
}

function fromRow(
  { id, sequenceId, promptId, action, change }: {
    readonly id: number;
    readonly sequenceId: number;
    readonly promptId: number | null;
    readonly action: string;
    readonly change: string;
  },
): Step {
  if (action === "change") {
    const parsed = HistoryChange.parse(JSON.parse(change));
    return { id, sequenceId, action, change: parsed };
  }
  if ((action === "add" || action === "remove") && promptId !== null) {
    return { id, sequenceId, action, promptId };
  }
  throw new Error(
    `Cannot read step ${id} of sequence ${sequenceId}: action ${action}, prompt ${promptId}`,
  );
}
