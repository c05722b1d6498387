// Export of stored sequences: rows of the store as the data set writers take them.

import type { Rgb } from "../base/image.ts";
import { decodeCounts } from "../masks/rle.ts";
import type { Frames } from "../media/frames.ts";
import type { Store } from "../store/database.ts";
import { listMasks } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listPatients } from "../store/patients.ts";
import { listProcedures } from "../store/procedures.ts";
import {
  listFrames,
  listSequences,
  type Sequence,
} from "../store/sequences.ts";
import { getOrCreateTag, listTags } from "../store/tags.ts";
import type { ExportSequence, ExportTag } from "./export/data_set.ts";
import {
  exportDataSet,
  type ExportOptions,
  type ExportResult,
} from "./export/export_data_set.ts";
import { openSequence, type WorkOptions } from "./import.ts";

/** The tag of objects that were given none. */
export const untaggedCode = "object";

/**
 * Exports sequences of a store; all of them when none is named.
 *
 * @throws Error when a source is gone, parts would leak, or a polygon does not fit its mask
 */
export async function exportStore(
  store: Store,
  { sequenceIds = [], ...options }:
    & Omit<ExportOptions, "sequences" | "tags">
    & { readonly sequenceIds?: readonly number[] },
): Promise<ExportResult> {
  const { sequences, tags, close } = await openExportSequences(store, {
    sequenceIds,
    ...options,
  });
  try {
    return await exportDataSet({ ...options, sequences, tags });
  } finally {
    await close();
  }
}

/** Sequences of a store as data set writers take them, until they are closed. */
export type OpenExportSequences = {
  readonly sequences: readonly ExportSequence[];
  readonly tags: readonly ExportTag[];
  close(): Promise<void>;
};

/**
 * Opens sequences of a store with their labels; all of them when none is named.
 *
 * @throws Error when a source is gone, RangeError when there is no sequence
 */
export async function openExportSequences(
  store: Store,
  { sequenceIds = [], ...options }: WorkOptions & {
    readonly sequenceIds?: readonly number[];
  },
): Promise<OpenExportSequences> {
  const ids = sequenceIds.length > 0
    ? sequenceIds
    : (await listSequences(store)).map(({ id }) => id);
  if (ids.length === 0) {
    throw new RangeError("Cannot export: the store has no sequence");
  }
  const opened: Frames[] = [];
  const close = async () => {
    for (const frames of opened) await frames.close();
  };
  try {
    const sequences: ExportSequence[] = [];
    for (const id of ids) {
      const { sequence, frames } = await openSequence(store, id, options);
      opened.push(frames);
      sequences.push(await toExportSequence(store, sequence, frames));
    }
    // after the sequences: an object without a tag may have brought one
    const tags = (await listTags(store)).map((tag) => ({
      ...tag,
      colour: rgbOf(tag.colour),
    }));
    return { sequences, tags, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A stored sequence with its open frames as the writers take it. */
export async function toExportSequence(
  store: Store,
  sequence: Sequence,
  frames: Frames,
): Promise<ExportSequence> {
  const tags = new Map((await listTags(store)).map((tag) => [tag.id, tag]));
  const objects = await listObjects(store, sequence.id);
  const numberOf = new Map(objects.map(({ id, number }) => [id, number]));
  if (objects.some(({ tagId }) => tagId === null)) {
    await getOrCreateTag(store, untaggedCode); // has a class number from now on
  }
  const masks = await listMasks(store, sequence.id);
  const procedure = (await listProcedures(store))
    .find(({ id }) => id === sequence.procedureId);
  const patient = (await listPatients(store))
    .find(({ id }) => id === procedure?.patientId);
  return {
    id: sequence.id,
    name: sequence.name,
    patient: patient?.code,
    procedure: procedure && String(procedure.id),
    size: { width: sequence.width, height: sequence.height },
    ...(sequence.fps === null ? {} : { fps: sequence.fps }),
    frames: (await listFrames(store, sequence.id)).map(({ index, sha256 }) => ({
      index,
      name: String(index).padStart(5, "0"),
      sha256,
    })),
    objects: objects.map(({ number, tagId, colour }) => ({
      number,
      tag: (tagId !== null && tags.get(tagId)?.code) || untaggedCode,
      colour: rgbOf(colour),
    })),
    masks: masks.map(({ objectId, frame, height, width, counts, ...mask }) => ({
      object: numberOf.get(objectId)!, // masks of a sequence belong to its objects
      frame,
      rle: { size: [height, width], counts: decodeCounts(counts) },
      verified: mask.verified,
      origin: mask.origin,
    })),
    readImage: (index) => frames.read(index),
  };
}

/** `#rrggbb` as three numbers. */
export function rgbOf(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
