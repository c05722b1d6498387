// Changes: whatever a person does to masks, objects and frame tags, in one
// transaction with the step that takes it back.
//
// A change is kept as rows before and after. Undo puts the rows before back,
// redo those after, but neither overwrites what came later from elsewhere: a
// person's mask that is not the one the step left stays, and a model's mask comes
// back only where nothing newer is.

import type { Bitmap } from "../base/image.ts";
import { decodeCounts, rleToBitmap } from "../masks/rle.ts";
import type { HasDb } from "./database.ts";
import type {
  HistoryChange,
  KeptMask,
  KeptObject,
  KeptSpan,
} from "./history_change.ts";
import {
  findMasks,
  isReplaceable,
  type MaskKey,
  type NewMask,
  type StoredMask,
} from "./stored_mask.ts";
import { isPersonal } from "./personal.ts";
import { setPromptActive } from "./prompts.ts";
import { markAllStale } from "./stale.ts";
import { addChangeStep, setStepDone, type Step } from "./steps.ts";
import { type ChangedMasks, writeMasks } from "./write_masks.ts";
import type { SequenceWriter } from "./writer.ts";

/** What a person wants changed; all of it, or nothing. */
export type Edit = {
  /** What is done, in a word, for the history. */
  readonly label: string;
  /** Where it is done, when it is one place. */
  readonly objectId?: number;
  readonly frame?: number;
  readonly save?: readonly NewMask[];
  readonly remove?: readonly MaskKey[];
  /** Masks that are accepted, or no longer. */
  readonly verify?: {
    readonly masks: readonly MaskKey[];
    readonly verified: boolean;
  };
  readonly prompts?: readonly {
    readonly id: number;
    readonly isActive: boolean;
  }[];
  readonly objects?: readonly ({ readonly id: number } & Partial<KeptObject>)[];
  readonly spans?: readonly ({ readonly id: number } & Partial<KeptSpan>)[];
  /** Rows that are made within the change; they come as inactive and become active with it. */
  readonly create?: (store: HasDb) => Promise<{
    readonly objects?: readonly number[];
    readonly spans?: readonly number[];
    readonly prompts?: readonly number[];
  }>;
  /** Leaves masks that are verified as they are, also where that came meanwhile. */
  readonly keepVerified?: boolean;
};

/** Makes a change and notes how to take it back; returns it as it was noted. */
export async function applyEdit(
  writer: SequenceWriter,
  edit: Edit,
): Promise<HistoryChange> {
  const { sequence } = writer;
  let noted: HistoryChange | undefined;
  await writeMasks(writer, edit.save ?? [], {
    runId: null,
    mayReplace: (old) => !(edit.keepVerified && old.verified), // a person wants it
    remove: edit.remove,
    afterwards: async (store, masks) => {
      const created = await edit.create?.(store);
      const active = (ids: readonly number[] = []) =>
        ids.map((id) => ({ id, isActive: true }));
      const change: HistoryChange = {
        label: edit.label,
        objectId: edit.objectId ?? created?.objects?.[0] ?? null,
        frame: edit.frame ?? null,
        masks: changedMasks(masks),
        verified: await verifyMasks(store, sequence.id, edit.verify),
        prompts: await changePrompts(store, [
          ...edit.prompts ?? [],
          ...active(created?.prompts),
        ]),
        objects: await changeObjects(store, sequence.id, [
          ...edit.objects ?? [],
          ...active(created?.objects),
        ]),
        spans: await changeSpans(store, sequence.id, [
          ...edit.spans ?? [],
          ...active(created?.spans),
        ]),
      };
      await markAround(store, masks);
      await addChangeStep(store, sequence.id, change);
      noted = change;
    },
  });
  if (!noted) throw new Error(`Edit ${edit.label} was not noted`);
  return noted;
}

/** Takes a change back, or does it again. */
export async function turnChange(
  writer: SequenceWriter,
  step: Step & { readonly action: "change" },
  { isDone }: { readonly isDone: boolean },
): Promise<void> {
  const { store, sequence } = writer;
  const { change } = step;
  const present = await findMasks(store, change.masks);
  const there = new Set(await listObjectIds(store, sequence.id));
  const save: NewMask[] = [];
  const remove: MaskKey[] = [];
  for (
    const [i, { objectId, frame, before, after }] of change.masks.entries()
  ) {
    if (!there.has(objectId)) continue; // deleted for good since
    const [wanted, left] = isDone ? [after, before] : [before, after];
    const now = present[i];
    if (!mayTurn(now, { wanted, left })) continue;
    if (wanted) save.push(toNewMask(writer, { objectId, frame }, wanted));
    else remove.push({ objectId, frame });
  }
  await writeMasks(writer, save, {
    runId: null,
    mayReplace: () => true,
    remove,
    afterwards: async (store, masks) => {
      for (const { objectId, frame, after } of change.verified) {
        const verified = after === isDone;
        await verifyMasks(store, sequence.id, {
          masks: [{ objectId, frame }],
          verified,
        });
      }
      await changePrompts(
        store,
        change.prompts.map(({ id, after }) => ({
          id,
          isActive: after === isDone,
        })),
      );
      const side = isDone ? "after" : "before";
      const rows = <Kept>(
        list: readonly { id: number; before: Kept; after: Kept }[],
      ) => list.map((row) => ({ id: row.id, ...row[side] }));
      await changeObjects(
        store,
        sequence.id,
        rows(change.objects.filter(({ id }) => there.has(id))),
      );
      const spans = new Set(await listSpanIds(store, sequence.id));
      await changeSpans(
        store,
        sequence.id,
        rows(change.spans.filter(({ id }) => spans.has(id))),
      );
      await markAround(store, masks);
      await setStepDone(store, step, isDone);
    },
  });
}

/** Whether a step may bring `wanted` back where it had left `left` and `now` is there. */
function mayTurn(
  now: StoredMask | undefined,
  { wanted, left }: {
    readonly wanted: KeptMask | null;
    readonly left: KeptMask | null;
  },
): boolean {
  if (!now) return wanted !== null;
  const isAsLeft = left !== null && now.counts === left.counts &&
    now.origin === left.origin;
  if (isAsLeft) return true;
  if (!isReplaceable(now)) return false; // a person's, from elsewhere
  return wanted !== null && !isReplaceable(wanted);
}

function toNewMask(
  { sequence: { width, height } }: SequenceWriter,
  place: MaskKey,
  { counts, ...kept }: KeptMask,
): NewMask {
  return {
    ...place,
    ...kept,
    // propagation finds by its basis that it is not out of date
    state: isReplaceable(kept) ? "stale" : "final",
    get bitmap(): Bitmap {
      return rleToBitmap({
        size: [height, width],
        counts: decodeCounts(counts),
      });
    },
  };
}

function changedMasks(
  { saved, replaced, removed }: ChangedMasks,
): HistoryChange["masks"] {
  return [
    ...saved.map((mask, i) => ({
      objectId: mask.objectId,
      frame: mask.frame,
      before: keptOf(replaced[i]),
      after: keptOf(mask),
    })),
    ...removed.map((mask) => ({
      objectId: mask.objectId,
      frame: mask.frame,
      before: keptOf(mask),
      after: null,
    })),
  ];
}

function keptOf(mask: StoredMask | undefined): KeptMask | null {
  if (!mask) return null;
  const { origin, modelSha256, predictedIou, presenceScore, drift } = mask;
  const { source, counts, verified, driftParts, basis } = mask;
  return {
    origin,
    modelSha256,
    predictedIou,
    presenceScore,
    drift,
    source,
    counts,
    verified,
    driftParts,
    basis,
  };
}

/** Marks what lies around masks that a person stood, or stands, behind. */
async function markAround(
  store: HasDb,
  { saved, replaced, removed }: ChangedMasks,
) {
  const touched = [
    ...saved.filter((mask, i) => {
      const old = replaced[i];
      return isPersonal(mask) || (old && isPersonal(old));
    }),
    ...removed.filter(isPersonal),
  ];
  const byObject = Map.groupBy(touched, ({ objectId }) => objectId);
  for (const [objectId, masks] of byObject) {
    const frames = masks.map(({ frame }) => frame);
    await markAllStale(store, { objectId, frames });
  }
}

async function verifyMasks(
  store: HasDb,
  sequenceId: number,
  wanted: Edit["verify"],
): Promise<HistoryChange["verified"]> {
  if (!wanted) return [];
  const { masks, verified } = wanted;
  const ids = new Set(await listObjectIds(store, sequenceId));
  const found = (await findMasks(store, masks))
    .filter((mask) => mask !== undefined)
    .filter((mask) => ids.has(mask.objectId) && mask.verified !== verified);
  const updatedAt = new Date().toISOString();
  for (const { objectId, frame } of found) {
    await store.db.updateTable("mask").set({
      verified: verified ? 1 : 0,
      updatedAt,
      ...(verified ? { state: "final" } : {}), // whoever verifies it settles it
    }).where("objectId", "=", objectId).where("frame", "=", frame).execute();
  }
  const gone = found.filter((mask) =>
    isPersonal(mask) && !isPersonal({ ...mask, verified })
  );
  for (const [objectId, own] of Map.groupBy(gone, (mask) => mask.objectId)) {
    const frames = own.map(({ frame }) => frame);
    await markAllStale(store, { objectId, frames });
  }
  return found.map(({ objectId, frame }) => ({
    objectId,
    frame,
    after: verified,
  }));
}

async function changePrompts(
  store: HasDb,
  prompts: NonNullable<Edit["prompts"]>,
): Promise<HistoryChange["prompts"]> {
  for (const { id, isActive } of prompts) {
    await setPromptActive(store, id, isActive);
  }
  return prompts.map(({ id, isActive }) => ({ id, after: isActive }));
}

async function changeObjects(
  { db }: HasDb,
  sequenceId: number,
  objects: NonNullable<Edit["objects"]>,
): Promise<HistoryChange["objects"]> {
  const changed: HistoryChange["objects"][number][] = [];
  for (const { id, ...wanted } of objects) {
    const row = await db.selectFrom("object").selectAll()
      .where("id", "=", id).where("sequenceId", "=", sequenceId)
      .executeTakeFirst();
    if (!row) {
      throw new RangeError(`Sequence ${sequenceId} has no object ${id}`);
    }
    const before = {
      tagId: row.tagId,
      colour: row.colour,
      name: row.name,
      isActive: row.isActive === 1,
    };
    const after = { ...before, ...wanted };
    await db.updateTable("object")
      .set({ ...after, isActive: after.isActive ? 1 : 0 })
      .where("id", "=", id).execute();
    changed.push({ id, before, after });
  }
  return changed;
}

async function changeSpans(
  { db }: HasDb,
  sequenceId: number,
  spans: NonNullable<Edit["spans"]>,
): Promise<HistoryChange["spans"]> {
  const changed: HistoryChange["spans"][number][] = [];
  for (const { id, ...wanted } of spans) {
    const row = await db.selectFrom("span").selectAll()
      .where("id", "=", id).where("sequenceId", "=", sequenceId)
      .executeTakeFirst();
    if (!row) {
      throw new RangeError(`Sequence ${sequenceId} has no span ${id}`);
    }
    const before = {
      firstFrame: row.firstFrame,
      lastFrame: row.lastFrame,
      isActive: row.isActive === 1,
    };
    const after = { ...before, ...wanted };
    await db.updateTable("span")
      .set({ ...after, isActive: after.isActive ? 1 : 0 })
      .where("id", "=", id).execute();
    changed.push({ id, before, after });
  }
  return changed;
}

async function listObjectIds(
  { db }: HasDb,
  sequenceId: number,
): Promise<readonly number[]> {
  const rows = await db.selectFrom("object").select("id")
    .where("sequenceId", "=", sequenceId).execute();
  return rows.map(({ id }) => id);
}

async function listSpanIds(
  { db }: HasDb,
  sequenceId: number,
): Promise<readonly number[]> {
  const rows = await db.selectFrom("span").select("id")
    .where("sequenceId", "=", sequenceId).execute();
  return rows.map(({ id }) => id);
}
