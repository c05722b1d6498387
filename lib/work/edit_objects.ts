// Editing objects and frame tags: each verb is one step of the history.

import { objectColour } from "../masks/overlay.ts";
import { applyEdit } from "../store/changes.ts";
import { hexOf } from "../store/colour.ts";
import type { HistoryChange, KeptObject } from "../store/history_change.ts";
import { listMasks } from "../store/masks.ts";
import { createInactiveObject, nextObjectNumber } from "../store/objects.ts";
import { listPrompts } from "../store/prompts.ts";
import { createInactiveSpan } from "../store/spans.ts";
import { listTags } from "../store/tags.ts";
import type { SequenceWriter } from "../store/writer.ts";
import type { FrameRange } from "./edit_masks.ts";

/** Makes an object with the next number; its id is the change's `objectId`. */
export async function createObject(
  writer: SequenceWriter,
  { tagId }: { readonly tagId: number | null },
): Promise<HistoryChange> {
  const { store, sequence } = writer;
  await requireTag(writer, tagId);
  const number = await nextObjectNumber(store, sequence.id);
  return await applyEdit(writer, {
    label: "createObject",
    create: async (store) => ({
      objects: [
        await createInactiveObject(store, {
          sequenceId: sequence.id,
          number,
          tagId,
          colour: hexOf(objectColour(number)),
          name: `object ${number}`,
        }),
      ],
    }),
  });
}

/** Changes tag, colour or name of an object. */
export async function changeObject(
  writer: SequenceWriter,
  objectId: number,
  wanted: Partial<Omit<KeptObject, "isActive">>,
): Promise<HistoryChange> {
  await requireTag(writer, wanted.tagId ?? null);
  const objects = [{ id: objectId, ...wanted }];
  return await applyEdit(writer, { label: "changeObject", objectId, objects });
}

/** Removes an object with its masks and prompts, so that undo brings all of it back. */
export async function removeObject(
  writer: SequenceWriter,
  objectId: number,
): Promise<HistoryChange> {
  const { store, sequence } = writer;
  const prompts = await listPrompts(store, sequence.id, { objectId });
  return await applyEdit(writer, {
    label: "deleteObject",
    objectId,
    remove: await listMasks(store, sequence.id, { objectId }),
    prompts: prompts.map(({ id }) => ({ id, isActive: false })),
    objects: [{ id: objectId, isActive: false }],
  });
}

/** Tags frames, both ends included. */
export async function createSpan(
  writer: SequenceWriter,
  { tagId, from, to }: FrameRange & { readonly tagId: number },
): Promise<HistoryChange> {
  requireFrames(writer, { from, to });
  await requireTag(writer, tagId);
  return await applyEdit(writer, {
    label: "createSpan",
    frame: from,
    create: async (store) => ({
      spans: [
        await createInactiveSpan(store, {
          sequenceId: writer.sequence.id,
          tagId,
          from,
          to,
        }),
      ],
    }),
  });
}

/** Gives a span other ends. */
export async function changeSpan(
  writer: SequenceWriter,
  id: number,
  { from, to }: FrameRange,
): Promise<HistoryChange> {
  requireFrames(writer, { from, to });
  return await applyEdit(writer, {
    label: "changeSpan",
    frame: from,
    spans: [{ id, firstFrame: from, lastFrame: to }],
  });
}

/** Takes a span away. */
export async function deleteSpan(
  writer: SequenceWriter,
  id: number,
): Promise<HistoryChange> {
  const spans = [{ id, isActive: false }];
  return await applyEdit(writer, { label: "deleteSpan", spans });
}

async function requireTag({ store }: SequenceWriter, tagId: number | null) {
  if (tagId === null) return;
  const tags = await listTags(store);
  if (tags.some(({ id }) => id === tagId)) return;
  throw new RangeError(`There is no tag ${tagId} in the store`);
}

/** Throws RangeError unless the frames are some of the sequence. */
export function requireFrames(
  { sequence }: SequenceWriter,
  { from, to }: FrameRange,
): void {
  if (from >= 0 && from <= to && to < sequence.frameCount) return;
  throw new RangeError(
    `Frames ${from} to ${to} are none of sequence ${sequence.id}, which has frames 0 to ${
      sequence.frameCount - 1
    }`,
  );
}
