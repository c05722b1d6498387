// Actions of the page as verbs of the work: one table, one line each.
//
// A mask that a person made and that the page has not seen as it is now is not
// overwritten: the page is told, and shows it.

import { z } from "zod";
import { decodeCounts, rleToBitmap } from "../masks/rle.ts";
import { findMask } from "../store/masks.ts";
import type { HasDb } from "../store/database.ts";
import { findSetting, saveSetting } from "../store/settings.ts";
import { listPrompts } from "../store/prompts.ts";
import { addAnnotation } from "../work/annotate.ts";
import {
  cleanMask,
  copyMask,
  deleteRange,
  drawMaskAt,
  removePrompts,
  subtractFromOthers,
  verifyRange,
} from "../work/edit_masks.ts";
import {
  changeObject,
  changeSpan,
  createObject,
  createSpan,
  deleteSpan,
  removeObject,
  requireFrames,
} from "../work/edit_objects.ts";
import { redo, undo } from "../work/history.ts";
import type { Action, ActionResult } from "./contract.ts";
import type { Desk } from "./desk.ts";
import { versionOf, viewFrame, viewSmallParts } from "./views.ts";

/** Thrown where a person's mask is not the one that the page has seen. */
export class ConflictError extends Error {
  override name = "ConflictError";
}

/** What an action touched. */
type Touched = {
  readonly objectId: number | null;
  readonly frame: number | null;
  readonly changed: number;
};

/**
 * Does an action and tells what it led to. A page that got no answer sends its
 * action again: under a key that is known it is not done twice.
 *
 * @throws RangeError for a place that does not exist
 * @throws ConflictError when somebody else changed the mask meanwhile
 */
export function doAction(
  desk: Desk,
  action: Action,
  { key }: { readonly key?: string } = {},
): Promise<ActionResult> {
  return desk.inTurn(async () => {
    const startMs = performance.now();
    const { store, sequence } = desk.annotator.writer;
    const done = key === undefined
      ? undefined
      : (await listDone(store, sequence.id)).find((done) => done.key === key);
    if (!done && "seen" in action) await requireSeen(desk, action);
    const { objectId, frame, changed } = done ?? await perform(desk, action);
    if (key !== undefined && !done) {
      await noteDone(store, sequence.id, { key, objectId, frame, changed });
    }
    const view = frame === null ? null : await viewFrame(desk, frame);
    const small = await viewSmallParts(store, sequence.id);
    return {
      frame: view,
      objectId,
      ...small,
      changed,
      msTaken: performance.now() - startMs,
    };
  });
}

const Done = z.object({
  key: z.string(),
  objectId: z.int().nullable(),
  frame: z.int().nullable(),
  changed: z.int(),
}).readonly();
type Done = z.infer<typeof Done>;

const mostKeys = 100;

async function listDone(
  store: HasDb,
  sequenceId: number,
): Promise<readonly Done[]> {
  const text = await findSetting(store, keysName(sequenceId));
  return z.array(Done).parse(JSON.parse(text ?? "[]"));
}

async function noteDone(store: HasDb, sequenceId: number, done: Done) {
  const before = await listDone(store, sequenceId);
  const kept = [...before, done].slice(-mostKeys);
  await saveSetting(store, keysName(sequenceId), JSON.stringify(kept));
}

function keysName(sequenceId: number): string {
  return `page.actions.${sequenceId}`;
}

async function perform(desk: Desk, action: Action): Promise<Touched> {
  const { annotator, annotator: { writer } } = desk;
  switch (action.kind) {
    case "point":
    case "box": {
      const { objectId, frame, seen: _, ...prompt } = action;
      await addAnnotation(annotator, { objectId, frame }, prompt);
      return { objectId, frame, changed: 1 };
    }
    case "removePrompt":
      return await removeOne(desk, action.promptId);
    case "clearPrompts":
      return await clearPlace(desk, action);
    case "draw":
      return touched(
        await drawMaskAt(writer, action, drawnBitmap(desk, action.counts)),
      );
    case "fillHoles":
    case "keepLargest":
    case "subtractOthers":
      return touched(await cleanMask(writer, action, action.kind));
    case "subtractFromOthers":
      return touched(await subtractFromOthers(writer, action.objectId));
    case "copyMask":
      return touched(await copyMask(writer, action));
    case "deleteMasks":
      requireFrames(writer, action);
      return touched(await deleteRange(writer, action));
    case "verify":
      requireFrames(writer, action);
      return touched(await verifyRange(writer, action));
    case "createObject":
      return touched(await createObject(writer, action));
    case "changeObject": {
      const { kind: _, objectId, ...wanted } = action;
      return touched(await changeObject(writer, objectId, wanted));
    }
    case "deleteObject":
      return touched(await removeObject(writer, action.objectId));
    case "createSpan":
      return touched(await createSpan(writer, action));
    case "changeSpan":
      return touched(await changeSpan(writer, action.spanId, action));
    case "deleteSpan":
      return touched(await deleteSpan(writer, action.spanId));
    case "undo":
    case "redo": {
      const turned = await (action.kind === "undo" ? undo : redo)(annotator);
      if (!turned) return { objectId: null, frame: null, changed: 0 };
      if (turned.kind === "changed") return touched(turned.change);
      const { objectId, frame } = turned.prompt;
      return { objectId, frame, changed: 1 };
    }
  }
}

function touched(
  { objectId, frame, masks, verified }: {
    readonly objectId: number | null;
    readonly frame: number | null;
    readonly masks: readonly unknown[];
    readonly verified: readonly unknown[];
  },
): Touched {
  return { objectId, frame, changed: masks.length + verified.length };
}

async function removeOne(desk: Desk, promptId: number): Promise<Touched> {
  const { annotator, annotator: { writer: { store, sequence } } } = desk;
  const prompts = await listPrompts(store, sequence.id);
  const prompt = prompts.find(({ id }) => id === promptId);
  if (!prompt) throw new RangeError(`There is no prompt ${promptId}`);
  return touched(await removePrompts(annotator, prompt, [promptId]));
}

async function clearPlace(
  { annotator, annotator: { writer: { store, sequence } } }: Desk,
  { objectId, frame }: { readonly objectId: number; readonly frame: number },
): Promise<Touched> {
  const place = { objectId, frame };
  const prompts = await listPrompts(store, sequence.id, place);
  const ids = prompts.map(({ id }) => id);
  const label = "clearPrompts";
  return touched(await removePrompts(annotator, place, ids, { label }));
}

/** Decodes what was drawn; throws RangeError unless it fits the frame. */
function drawnBitmap(
  { annotator: { writer: { sequence: { width, height } } } }: Desk,
  text: string,
) {
  const counts = decodeCounts(text);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const isSound = counts.every((count) =>
    Number.isInteger(count) && count >= 0
  );
  if (!isSound || total !== width * height) {
    throw new RangeError(
      `The drawn mask has ${total} pixels, expected ${width}x${height} = ${
        width * height
      }`,
    );
  }
  return rleToBitmap({ size: [height, width], counts });
}

async function requireSeen(
  { annotator: { writer: { store } } }: Desk,
  { objectId, frame, seen }: {
    readonly objectId: number;
    readonly frame: number;
    readonly seen: string | null;
  },
) {
  const now = await findMask(store, { objectId, frame });
  if (!now) {
    if (seen === null) return;
    throw new ConflictError(
      `The mask of frame ${frame} was deleted elsewhere meanwhile`,
    );
  }
  const isModels = !now.verified &&
    (now.origin === "propagated" || now.origin === "detected");
  if (isModels || versionOf(now) === seen) return;
  throw new ConflictError(
    `The mask of frame ${frame} was changed elsewhere meanwhile`,
  );
}
