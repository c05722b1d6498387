// What the page sees of a sequence: rows of the store as the contract names them.

import {
  countMasks,
  listMaskMarks,
  type MaskMark,
  sequenceRevision,
} from "../store/mask_changes.ts";
import { listMasks, type StoredMask } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listPrompts, type StoredPrompt } from "../store/prompts.ts";
import { listFrames } from "../store/sequences.ts";
import { listSpans } from "../store/spans.ts";
import { findRedoStep, findUndoStep, type Step } from "../store/steps.ts";
import type { HasDb } from "../store/database.ts";
import type { Tag } from "../store/tags.ts";
import type {
  Changes,
  FrameView,
  HistoryStep,
  HistoryView,
  Lane,
  LaneChange,
  LaneLetter,
  MaskView,
  PromptView,
  PropagationView,
  SequenceView,
  TagView,
} from "./contract.ts";
import type { Desk } from "./desk.ts";
import { summaryOf } from "./summary.ts";

/** From this drift on a mask is more likely wrong than right: IoU below 0.75. */
const doubtful = 0.5;

/** Rows written in the last moment are told twice, so that none is missed. */
const overlapMs = 100;

/** Everything of a sequence but the pixels. */
export async function viewSequence(
  { annotator: { writer: { store, sequence } }, propagation }: Desk,
): Promise<SequenceView> {
  // what is written while this is read is told again by the first changes
  const now = propagation.view();
  const since = `${watermark()}${mark}${stepOf(now)}`;
  const [revision, summary, frames, small, marks] = await Promise.all([
    sequenceRevision(store, sequence.id),
    summaryOf(store, sequence),
    listFrames(store, sequence.id),
    viewSmallParts(store, sequence.id),
    listMaskMarks(store, sequence.id),
  ]);
  return {
    summary,
    timesMs: frames.map(({ timeMs }) => Math.round(timeMs * 10) / 10),
    ...small,
    lanes: lanesOf(
      small.objects.map(({ id }) => id),
      marks,
      sequence.frameCount,
    ),
    propagation: now,
    revision,
    since,
    maskCount: marks.length,
  };
}

/** What changed since the page last asked; undefined when nothing did. */
export async function viewChanges(
  { annotator: { writer: { store, sequence } }, propagation }: Desk,
  known: Known,
): Promise<Changes | undefined> {
  const [time, step] = known.since.split(mark);
  const now = propagation.view();
  const newest = watermark();
  const marks = await listMaskMarks(store, sequence.id, { since: time });
  const revision = await sequenceRevision(store, sequence.id);
  const isSame = revision === known.revision;
  if (marks.length === 0 && isSame && step === stepOf(now)) return undefined;
  const last = marks.reduce(
    (a, { updatedAt }) => updatedAt > a ? updatedAt : a,
    time,
  );
  return {
    revision,
    since: `${last < newest ? last : newest}${mark}${stepOf(now)}`,
    maskCount: await countMasks(store, sequence.id),
    cells: marks.map(cellOf),
    sequence: isSame ? null : await viewSmallParts(store, sequence.id),
    propagation: now,
  };
}

/** Up to where the page knows everything. */
export type Known = { readonly since: string; readonly revision: string };

/** Nothing new. */
export async function viewNoChanges(
  { annotator: { writer: { store, sequence } }, propagation }: Desk,
  known: Known,
): Promise<Changes> {
  return {
    ...known,
    maskCount: await countMasks(store, sequence.id),
    cells: [],
    sequence: null,
    propagation: propagation.view(),
  };
}

/** Between the time of the masks and the step of the propagation that a page knows. */
const mark = "|";

function stepOf({ status, progress }: PropagationView): string {
  return `${status} ${progress?.stage ?? ""} ${progress?.done ?? 0}`;
}

function watermark(): string {
  return new Date(Date.now() - overlapMs).toISOString();
}

/** A frame with its masks and prompts. */
export async function viewFrame(
  { annotator: { writer: { store, sequence }, held } }: Desk,
  frame: number,
): Promise<FrameView> {
  if (frame >= sequence.frameCount) {
    throw new RangeError(
      `No frame ${frame}: sequence ${sequence.id} has frames 0 to ${
        sequence.frameCount - 1
      }`,
    );
  }
  const [masks, prompts, isReady] = await Promise.all([
    listMasks(store, sequence.id, { from: frame, to: frame }),
    listPrompts(store, sequence.id, { frame }),
    held.isReady(frame),
  ]);
  return {
    frame,
    masks: masks.map(viewMask),
    prompts: prompts.map(viewPrompt),
    isReady,
  };
}

function viewMask(mask: StoredMask): MaskView {
  const { objectId, origin, verified, state, areaPx, counts } = mask;
  const { predictedIou, presenceScore, drift } = mask;
  const version = versionOf(mask);
  return {
    objectId,
    origin,
    verified,
    state,
    areaPx,
    counts,
    predictedIou,
    presenceScore,
    drift,
    version,
  };
}

/** Changes whenever a mask does: its file is named by its pixels. */
export function versionOf(
  { file, origin, verified, state }: Pick<
    MaskMark,
    "file" | "origin" | "verified" | "state"
  >,
): string {
  const pixels = file.slice(file.lastIndexOf("-") + 1, -".png".length);
  return `${pixels}-${origin}-${verified ? "verified" : "open"}-${state}`;
}

function viewPrompt(
  { id, objectId, frame, prompt }: StoredPrompt,
): PromptView {
  const place = { id, objectId, frame };
  if (prompt.kind === "mask") return { ...place, kind: "mask" };
  return { ...place, ...prompt };
}

/** All of a sequence that is not per frame. */
export async function viewSmallParts(
  store: HasDb,
  sequenceId: number,
): Promise<
  Pick<SequenceView, "objects" | "spans" | "prompts" | "history">
> {
  const [objects, spans, prompts, history] = await Promise.all([
    listObjects(store, sequenceId),
    listSpans(store, sequenceId),
    listPrompts(store, sequenceId),
    viewHistory(store, sequenceId),
  ]);
  return {
    objects: objects.map(({ id, number, name, tagId, colour }) => (
      { id, number, name, tagId, colour }
    )),
    spans: spans.map(({ id, tagId, from, to }) => ({ id, tagId, from, to })),
    prompts: prompts.map(viewPrompt),
    history,
  };
}

/** What undo and redo would do. */
export async function viewHistory(
  store: HasDb,
  sequenceId: number,
): Promise<HistoryView> {
  const undo = await findUndoStep(store, sequenceId);
  const redo = await findRedoStep(store, sequenceId);
  return {
    undo: undo ? await viewStep(store, undo) : null,
    redo: redo ? await viewStep(store, redo) : null,
  };
}

async function viewStep({ db }: HasDb, step: Step): Promise<HistoryStep> {
  if (step.action === "change") {
    const { label, objectId, frame } = step.change;
    return { label, objectId, frame };
  }
  const { objectId, frame, prompt } = await db.selectFrom("prompt")
    .select(["objectId", "frame", "prompt"]).where("id", "=", step.promptId)
    .executeTakeFirstOrThrow();
  const isBox = /"kind":"box"/.test(prompt);
  const added = isBox ? "box" : "point";
  return {
    label: step.action === "add" ? added : "removePrompt",
    objectId,
    frame,
  };
}

function lanesOf(
  objectIds: readonly number[],
  marks: readonly MaskMark[],
  frameCount: number,
): Lane[] {
  const letters = new Map(
    objectIds.map((id) => [id, new Array<LaneLetter>(frameCount).fill(".")]),
  );
  for (const mark of marks) {
    const lane = letters.get(mark.objectId);
    if (lane) lane[mark.frame] = letterOf(mark);
  }
  return [...letters].map(([objectId, lane]) => ({
    objectId,
    letters: lane.join(""),
  }));
}

function cellOf(mark: MaskMark): LaneChange {
  const { objectId, frame } = mark;
  const letter = letterOf(mark);
  return { objectId, frame, letter, version: versionOf(mark) };
}

function letterOf(
  { origin, verified, state, areaPx, drift }: MaskMark,
): LaneLetter {
  if (verified) return "v";
  if (origin === "click") return "c";
  if (origin === "drawn" || origin === "imported") return "h";
  if (origin === "detected") return "b";
  if (state === "stale") return "s";
  if (areaPx === 0) return "a";
  return (drift ?? 0) >= doubtful ? "d" : "p";
}

/** A tag as the page sees it. */
export function viewTag({ id, code, name, category, colour }: Tag): TagView {
  return { id, code, name, category, colour };
}
