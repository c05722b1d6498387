// Labels made elsewhere become masks of a stored sequence.
//
// First everything is read and planned, then it is written as one step of the
// history: all of it or nothing, and undo takes it back. What is verified stays.
// Boxes become prompts, as a box is no mask. Tags are found by code or name, and
// made where there is none; objects by number, or by the name an earlier import
// gave them, so that the same labels are imported once.

import { encodeCounts, rleToBitmap } from "../../masks/rle.ts";
import { applyEdit } from "../../store/changes.ts";
import { hexOf } from "../../store/colour.ts";
import { type HasDb, inTransaction, type Store } from "../../store/database.ts";
import {
  findMask,
  isPersonal,
  type MaskKey,
  type NewMask,
} from "../../store/masks.ts";
import {
  createInactiveObject,
  listObjects,
  type SequenceObject,
} from "../../store/objects.ts";
import {
  createInactivePrompt,
  listPrompts,
  type NewPrompt,
} from "../../store/prompts.ts";
import { listFrames, type Sequence } from "../../store/sequences.ts";
import { addTags, deleteTag, listTags, type Tag } from "../../store/tags.ts";
import { openForWriting, type SequenceWriter } from "../../store/writer.ts";
import { tagCategories } from "../../formats/tag_list.ts";
import { objectColour } from "../../masks/overlay.ts";
import { readKnownLabels } from "./known_labels.ts";
import { openLabelFolder } from "./label_folder.ts";
import { matchFrames } from "./match_frames.ts";
import {
  type LabelPlan,
  planLabels,
  type PlannedObject,
  type PlannedTag,
} from "./plan_labels.ts";
import { detectFormat, type LabelFormat, readLabels } from "./read_labels.ts";

/** What an import did. */
export type ImportedLabels = {
  readonly format: LabelFormat;
  /** Masks written. */
  readonly masks: number;
  /** Boxes that became prompts. */
  readonly boxes: number;
  /** Objects that are new. */
  readonly objects: number;
  /** Codes of tags that are new. */
  readonly tags: readonly string[];
  /** Frames of the sequence that are labelled. */
  readonly frames: number;
  readonly skipped: {
    /** Masks that a person verified. */
    readonly verified: number;
    /** Masks and boxes that were there already. */
    readonly unchanged: number;
    /** Boxes where a mask was drawn, imported or verified. */
    readonly masked: number;
    /** Images that are no frame of the sequence. */
    readonly otherImages: number;
    /** Shapes that cover nothing, and kinds that become no mask. */
    readonly shapes: number;
  };
};

/**
 * Imports the labels of a folder or file into a sequence of the store.
 *
 * @param options.format told from the files where it is not given
 * @throws SyntaxError for files that cannot be read
 * @throws RangeError for labels that do not fit the sequence; nothing is changed then
 */
export async function importLabels(
  store: Store,
  sequence: Sequence,
  path: string,
  { format: wanted }: { readonly format?: LabelFormat } = {},
): Promise<ImportedLabels> {
  const folder = await openLabelFolder(path);
  const format = wanted ?? await detectFormat(folder);
  const { name, width, height } = sequence;
  const size = { width, height };
  const reading = await readLabels(format, folder, { name, size });
  const known = await readKnownLabels(folder);
  const frames = await listFrames(store, sequence.id);
  const { matched, others } = matchFrames(reading.frames, frames, {
    known,
    sequenceName: name,
  });
  if (matched.length === 0) {
    throw new RangeError(
      `Cannot import labels ${path}: none of its ${reading.frames.length} images is a frame of sequence ${sequence.id} (${name}); first ${
        reading.frames[0]?.image ?? reading.frames[0]?.file
      }`,
    );
  }
  const plan = planLabels(matched, { size, known });
  const writer = await openForWriting(store, sequence.id);
  try {
    const { skipped, ...written } = await writePlan(writer, plan);
    return {
      ...{ format, ...written, frames: matched.length },
      skipped: {
        ...skipped,
        otherImages: others,
        shapes: reading.passedOver + plan.empty,
      },
    };
  } finally {
    await writer.close();
  }
}

async function writePlan(writer: SequenceWriter, plan: LabelPlan) {
  const { store } = writer;
  const made = await inTransaction(
    store,
    (store) => makeObjects(store, writer.sequence, plan.objects),
  );
  try {
    const { masks, boxes, skipped } = await chooseLabels(writer, plan, made);
    const isNeeded = masks.length + boxes.length + made.newIds.length > 0;
    const change = isNeeded
      ? await applyEdit(writer, {
        label: "importLabels",
        save: masks,
        keepVerified: true,
        objects: made.newIds.map((id) => ({ id, isActive: true })),
        create: async (store) => ({
          prompts: await makePrompts(store, writer, boxes),
        }),
      })
      : undefined;
    const saved = change?.masks.length ?? 0;
    return {
      masks: saved,
      boxes: boxes.length,
      objects: made.newIds.length,
      tags: made.newTags.map(({ code }) => code),
      skipped: {
        ...skipped,
        verified: skipped.verified + masks.length - saved,
      },
    };
  } catch (error) {
    await removeMade(store, made);
    throw error;
  }
}

type Made = {
  /** The object of each planned one. */
  readonly ids: readonly number[];
  readonly newIds: readonly number[];
  readonly newTags: readonly Tag[];
};

/** Finds the objects and tags of a plan; new objects wait to be brought into force. */
async function makeObjects(
  store: HasDb,
  sequence: Sequence,
  objects: readonly PlannedObject[],
): Promise<Made> {
  const tags = [...await listTags(store)];
  const there = await listObjects(store, sequence.id);
  const taken = new Set(there.map(({ number }) => number));
  const wanted = objects.flatMap(({ number }) => number ?? []);
  let next = Math.max(0, ...taken, ...wanted) + 1;
  const ids: number[] = [], newIds: number[] = [], newTags: Tag[] = [];
  for (const { number, name, tag: plannedTag } of objects) {
    const tag = plannedTag && (findTag(tags, plannedTag) ??
      await makeTag(store, plannedTag, tags, newTags));
    const found = there.find((object) =>
      isSame(object, { number, name, tagId: tag?.id ?? null })
    );
    if (found && !ids.includes(found.id)) {
      ids.push(found.id);
      continue;
    }
    const own = number !== undefined && !taken.has(number) ? number : next++;
    taken.add(own);
    const id = await createInactiveObject(store, {
      sequenceId: sequence.id,
      number: own,
      tagId: tag?.id ?? null,
      colour: hexOf(objectColour(own)),
      name: name ?? `object ${own}`,
    });
    ids.push(id);
    newIds.push(id);
  }
  return { ids, newIds, newTags };
}

/** An object by its number or its name, unless its tag says that it is another. */
function isSame(
  object: SequenceObject,
  { number, name, tagId }: {
    number: number | undefined;
    name: string | undefined;
    tagId: number | null;
  },
): boolean {
  if (number === undefined) {
    return object.name === name && object.tagId === tagId;
  }
  return object.number === number &&
    (object.tagId === tagId || tagId === null || object.tagId === null);
}

/** By code, by name, then by either without regard to case. */
function findTag(
  tags: readonly Tag[],
  { code, name }: PlannedTag,
): Tag | undefined {
  const lower = (text: string) => text.toLowerCase();
  if (code !== undefined) return tags.find((tag) => tag.code === code);
  return tags.find((tag) => tag.code === name) ??
    tags.find((tag) => tag.name === name) ??
    tags.find((tag) => [tag.code, tag.name].map(lower).includes(lower(name)));
}

async function makeTag(
  store: HasDb,
  { code, name, category }: PlannedTag,
  tags: Tag[],
  newTags: Tag[],
): Promise<Tag> {
  const known = tagCategories.find((known) => known === category);
  const { added: [tag] } = await addTags(store, [{
    code: code ?? name,
    name,
    ...(known ? { category: known } : {}),
  }]);
  tags.push(tag);
  newTags.push(tag);
  return tag;
}

/** Leaves out what is verified or there already. */
async function chooseLabels(
  { store, sequence }: SequenceWriter,
  { labels }: LabelPlan,
  { ids }: Made,
) {
  const masks: NewMask[] = [];
  const boxes: NewPrompt[] = [];
  const skipped = { verified: 0, unchanged: 0, masked: 0 };
  for (const { object, frame, geometry } of labels) {
    const place: MaskKey = { objectId: ids[object], frame };
    const old = await findMask(store, place);
    if (geometry.kind === "box") {
      const { box } = geometry;
      const prompt = { kind: "box", ...box } as const;
      const given = await listPrompts(store, sequence.id, place);
      const isThere = given.some(({ prompt: other }) =>
        other.kind === "box" && other.x0 === box.x0 && other.y0 === box.y0 &&
        other.x1 === box.x1 && other.y1 === box.y1
      );
      if (old && (old.verified || isPersonal(old))) skipped.masked++;
      else if (isThere) skipped.unchanged++;
      else boxes.push({ ...place, prompt });
      continue;
    }
    const { rle } = geometry;
    if (old?.verified) skipped.verified++;
    else if (
      old?.origin === "imported" && old.counts === encodeCounts(rle.counts)
    ) skipped.unchanged++;
    else {
      masks.push({
        ...{ ...place, origin: "imported" },
        get bitmap() {
          return rleToBitmap(rle); // made when looked at: there may be thousands
        },
      });
    }
  }
  return { masks, boxes, skipped };
}

async function makePrompts(
  store: HasDb,
  { sequence }: SequenceWriter,
  boxes: readonly NewPrompt[],
): Promise<number[]> {
  const ids: number[] = [];
  for (const box of boxes) {
    ids.push(await createInactivePrompt(store, sequence.id, box));
  }
  return ids;
}

/** Takes away objects and tags that nothing was written for. */
async function removeMade(store: Store, { newIds, newTags }: Made) {
  await inTransaction(store, async (store) => {
    if (newIds.length > 0) {
      await store.db.deleteFrom("object").where("id", "in", newIds).execute();
    }
    for (const { id } of newTags) await deleteTag(store, id);
  });
}
