// Editing masks by hand and in bulk: drawing, cleaning, copying, deleting,
// accepting. Every verb is one step of the history, all or nothing.
//
// A mask that a person changed counts as drawn: a condition like any other, never
// overwritten by propagation.

import type { Bitmap } from "../base/image.ts";
import { areaPx, createBitmap, subtract, unionOf } from "../masks/bitmap.ts";
import { fillHoles, keepLargest } from "../masks/morphology.ts";
import { applyEdit } from "../store/changes.ts";
import type { HistoryChange } from "../store/history_change.ts";
import {
  findMask,
  isReplaceable,
  listMasks,
  type MaskKey,
  type NewMask,
  readMaskBitmap,
  type StoredMask,
} from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listPrompts, type StoredPrompt } from "../store/prompts.ts";
import type { SequenceWriter } from "../store/writer.ts";
import { type Annotator, answerPrompts } from "./annotate.ts";
import { earlierMask } from "./history.ts";

/** Frames, both ends included. */
export type FrameRange = { readonly from: number; readonly to: number };

/** Saves a mask that a person drew. */
export function drawMaskAt(
  writer: SequenceWriter,
  place: MaskKey,
  bitmap: Bitmap,
): Promise<HistoryChange> {
  return saveDrawn(writer, "draw", [{ ...place, bitmap }]);
}

/** What may be done to the mask of a place. */
export type Cleaning = "fillHoles" | "keepLargest" | "subtractOthers";

/** Cleans the mask of a place; throws when there is none. */
export async function cleanMask(
  writer: SequenceWriter,
  place: MaskKey,
  cleaning: Cleaning,
): Promise<HistoryChange> {
  const mask = await getMask(writer, place);
  const before = readMaskBitmap(mask);
  const bitmap = cleaning === "fillHoles"
    ? fillHoles(before)
    : cleaning === "keepLargest"
    ? keepLargest(before)
    : subtract(before, await othersOn(writer, place, before));
  return await saveDrawn(writer, cleaning, [{ ...place, bitmap }]);
}

/** Copies the mask of another frame; throws when there is none. */
export async function copyMask(
  writer: SequenceWriter,
  { objectId, frame, from }: MaskKey & { readonly from: number },
): Promise<HistoryChange> {
  const mask = await getMask(writer, { objectId, frame: from });
  const bitmap = readMaskBitmap(mask);
  return await saveDrawn(writer, "copyMask", [{ objectId, frame, bitmap }]);
}

/** Takes an object's masks out of those of all other objects, on every frame. */
export async function subtractFromOthers(
  writer: SequenceWriter,
  objectId: number,
): Promise<HistoryChange> {
  const { store, sequence } = writer;
  const changed: NewMask[] = [];
  for (const own of await listMasks(store, sequence.id, { objectId })) {
    const { frame } = own;
    const bitmap = () => readMaskBitmap(own);
    const others = await listMasks(store, sequence.id, {
      from: frame,
      to: frame,
    });
    for (const other of others) {
      if (other.objectId === objectId) continue;
      const cut = () => subtract(readMaskBitmap(other), bitmap());
      if (areaPx(cut()) === other.areaPx) continue;
      // what a model made stays a model's mask; a person's stays a person's
      const origin = isReplaceable(other) ? other.origin : "drawn";
      changed.push({
        ...other,
        origin,
        get bitmap() {
          return cut(); // made when looked at: there may be thousands
        },
      });
    }
  }
  return await applyEdit(writer, {
    label: "subtractFromOthers",
    objectId,
    save: changed,
  });
}

/** Deletes masks and the prompts on the same frames, of one object, of a tag, or of all. */
export async function deleteRange(
  writer: SequenceWriter,
  { objectId, tagId, from, to }: FrameRange & {
    readonly objectId?: number;
    readonly tagId?: number;
  },
): Promise<HistoryChange> {
  const { store, sequence } = writer;
  const objects = (await listObjects(store, sequence.id)).filter((object) =>
    (objectId === undefined || object.id === objectId) &&
    (tagId === undefined || object.tagId === tagId)
  );
  const ids = new Set(objects.map(({ id }) => id));
  const masks = (await listMasks(store, sequence.id, { objectId, from, to }))
    .filter((mask) => ids.has(mask.objectId));
  const prompts = (await listPrompts(store, sequence.id)).filter((prompt) =>
    ids.has(prompt.objectId) && prompt.frame >= from && prompt.frame <= to
  );
  return await applyEdit(writer, {
    label: "deleteMasks",
    objectId: ids.size === 1 ? objects[0].id : undefined,
    frame: from,
    remove: masks,
    prompts: prompts.map(({ id }) => ({ id, isActive: false })),
  });
}

/** Accepts the masks of an object, or takes that back; propagation keeps what is accepted. */
export async function verifyRange(
  writer: SequenceWriter,
  { objectId, from, to, verified }: FrameRange & {
    readonly objectId: number;
    readonly verified: boolean;
  },
): Promise<HistoryChange> {
  const { store, sequence } = writer;
  const masks = await listMasks(store, sequence.id, { objectId, from, to });
  return await applyEdit(writer, {
    label: verified ? "verify" : "unverify",
    objectId,
    frame: from,
    verify: { masks, verified },
  });
}

/**
 * Takes prompts of one place out of force and shows what the others lead to:
 * without any left, the mask that was there before the first of them.
 */
export async function removePrompts(
  annotator: Annotator,
  { objectId, frame }: MaskKey,
  promptIds: readonly number[],
  { label = "removePrompt" }: { readonly label?: string } = {},
): Promise<HistoryChange> {
  const { writer, writer: { store, sequence } } = annotator;
  const place = { objectId, frame };
  const prompts = await listPrompts(store, sequence.id, place);
  const missing = promptIds.find((id) => !prompts.some((p) => p.id === id));
  if (missing !== undefined) {
    throw new RangeError(
      `Cannot remove prompt ${missing}: it is not in force on frame ${frame}`,
    );
  }
  const left = prompts.filter(({ id }) => !promptIds.includes(id));
  const isOver = left.every(({ prompt }) => prompt.kind === "mask");
  const gone = isOver ? prompts : prompts.filter((p) => !left.includes(p));
  const found = await findMask(store, place);
  const isOwn = found && found.origin !== "click"; // drawn since: it stays
  return await applyEdit(writer, {
    label,
    ...place,
    ...(isOwn ? {} : await maskWithout(annotator, place, { left, isOver })),
    prompts: gone.map(({ id }) => ({ id, isActive: false })),
  });
}

async function maskWithout(
  annotator: Annotator,
  place: MaskKey,
  { left, isOver }: {
    readonly left: readonly StoredPrompt[];
    readonly isOver: boolean;
  },
): Promise<{ save?: readonly NewMask[]; remove?: readonly MaskKey[] }> {
  if (!isOver) {
    const given = left.map(({ prompt }) => prompt);
    return { save: [await answerPrompts(annotator, place, given)] };
  }
  const was = left[0] && earlierMask(left[0].prompt);
  if (!was) return { remove: [place] };
  const state = isReplaceable(was) ? "stale" : "final";
  return { save: [{ ...place, ...was, state }] };
}

function saveDrawn(
  writer: SequenceWriter,
  label: string,
  masks: readonly (MaskKey & { readonly bitmap: Bitmap })[],
): Promise<HistoryChange> {
  const [{ objectId, frame }] = masks;
  return applyEdit(writer, {
    label,
    objectId,
    frame,
    save: masks.map((mask) => ({ ...mask, origin: "drawn" })),
  });
}

async function getMask(
  { store, sequence }: SequenceWriter,
  place: MaskKey,
): Promise<StoredMask> {
  const mask = await findMask(store, place);
  if (mask) return mask;
  throw new RangeError(
    `Object ${place.objectId} has no mask on frame ${place.frame} of sequence ${sequence.id}`,
  );
}

async function othersOn(
  { store, sequence }: SequenceWriter,
  { objectId, frame }: MaskKey,
  own: Bitmap,
): Promise<Bitmap> {
  const range = { from: frame, to: frame };
  const masks = await listMasks(store, sequence.id, range);
  return masks.filter((mask) => mask.objectId !== objectId)
    .map(readMaskBitmap)
    .reduce((all, mask) => unionOf(all, mask), createBitmap(own));
}
