// Undo and redo: whatever a person did to a sequence, taken back in order.
//
// A step that changed masks, objects or spans is turned by the store alone. One
// that added or removed a prompt is shown by what the prompts left lead to, or by
// the mask that was there before the first of them.

import { rleToBitmap } from "../masks/rle.ts";
import { turnChange } from "../store/changes.ts";
import type { HistoryChange } from "../store/history_change.ts";
import {
  deleteMask,
  findMask,
  isPersonal,
  isReplaceable,
  saveMask,
} from "../store/masks.ts";
import {
  listPrompts,
  type Prompt,
  type PromptChange,
  redoPrompt,
  undoPrompt,
} from "../store/prompts.ts";
import { listRuns } from "../store/runs.ts";
import { findRedoStep, findUndoStep, type Step } from "../store/steps.ts";
import type { SequenceWriter } from "../store/writer.ts";
import { type Annotator, showPrompts } from "./annotate.ts";
import { originsBetween, readConditions } from "./conditions.ts";
import { reviveMasks } from "./plan_sequence.ts";
import { propagationRun } from "./run_identity.ts";

/** What undo or redo did. */
export type Turned = PromptChange | {
  readonly kind: "changed";
  readonly change: HistoryChange;
};

/** Takes back the last step of the sequence; undefined when there is none. */
export async function undo(
  annotator: Annotator,
): Promise<Turned | undefined> {
  const { writer, writer: { store, sequence } } = annotator;
  const step = await findUndoStep(store, sequence.id);
  if (!step) return undefined;
  const turned = step.action === "change"
    ? await turnStepOf(writer, step, { isDone: false })
    : await undoPromptStep(annotator);
  await reviveAll(annotator);
  return turned;
}

/** Does the step that was taken back last again; undefined when there is none. */
export async function redo(
  annotator: Annotator,
): Promise<Turned | undefined> {
  const { writer, writer: { store, sequence } } = annotator;
  const step = await findRedoStep(store, sequence.id);
  if (!step) return undefined;
  const turned = step.action === "change"
    ? await turnStepOf(writer, step, { isDone: true })
    : await redoPromptStep(annotator);
  await reviveAll(annotator);
  return turned;
}

async function turnStepOf(
  writer: SequenceWriter,
  step: Step & { readonly action: "change" },
  { isDone }: { readonly isDone: boolean },
): Promise<Turned> {
  await turnChange(writer, step, { isDone });
  return { kind: "changed", change: step.change };
}

async function undoPromptStep(
  annotator: Annotator,
): Promise<PromptChange | undefined> {
  const { writer, writer: { store, sequence } } = annotator;
  const change = await undoPrompt(store, sequence.id);
  if (!change) return undefined;
  const { objectId, frame } = change.prompt;
  const last = (await listPrompts(store, sequence.id, { objectId, frame }))
    .at(-1);
  const was = change.kind === "removed" &&
      last && last.id + 1 === change.prompt.id // both came with one click
    ? earlierMask(last.prompt)
    : undefined;
  if (was) await undoPrompt(store, sequence.id);
  const found = await findMask(store, { objectId, frame });
  if (found && isPersonal(found)) return change; // drawn or verified since
  if (!was) {
    await showPrompts(annotator, change.prompt);
    return change;
  }
  await deleteMask(writer, { objectId, frame });
  // propagation finds by its basis that it is not out of date
  const state = isReplaceable(was) ? "stale" : "final";
  await saveMask(writer, { objectId, frame, ...was, state });
  return change;
}

async function redoPromptStep(
  annotator: Annotator,
): Promise<PromptChange | undefined> {
  const { store, sequence } = annotator.writer;
  const change = await redoPrompt(store, sequence.id);
  if (!change) return undefined;
  const isStart = change.kind === "added" && earlierMask(change.prompt.prompt);
  const next = isStart ? await redoPrompt(store, sequence.id) : undefined;
  const found = await findMask(store, change.prompt);
  const isKept = !isStart && found && isPersonal(found); // drawn or verified since
  if (!isKept) await showPrompts(annotator, change.prompt);
  return next ?? change;
}

/** The mask that the first prompt of a place found there. */
export function earlierMask(prompt: Prompt) {
  if (prompt.kind !== "mask" || !prompt.was) return undefined;
  return { ...prompt.was, bitmap: rleToBitmap(prompt.rle) };
}

/** Takes back that masks are stale where they rest on what is there again. */
async function reviveAll(
  { writer: { store, sequence } }: Annotator,
): Promise<void> {
  const runs = await listRuns(store, sequence.id);
  const run = runs.filter(({ kind }) => kind === propagationRun).at(-1);
  if (!run) return;
  const conditions = await readConditions(store, sequence.id);
  await reviveMasks(store, sequence.id, conditions, {
    originsOf: originsBetween(conditions, run),
    from: 0,
    to: sequence.frameCount - 1,
  });
}
