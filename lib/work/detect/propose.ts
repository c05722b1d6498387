// What was detected becomes proposals in the store: objects with masks that
// nobody verified yet.
//
// Every proposal is a new object, so nothing that is there is overwritten, and
// all of them come with one step of the history, which undo takes back whole.
// Boxes become masks by SAM 2. With key frames, only the surest box of each
// object is given, as a prompt; propagation then carries it.

import { join } from "node:path";
import { z } from "zod";
import { objectColour } from "../../masks/overlay.ts";
import { rleToBitmap } from "../../masks/rle.ts";
import type { Frames } from "../../media/frames.ts";
import { applyEdit, type Edit } from "../../store/changes.ts";
import { hexOf } from "../../store/colour.ts";
import { type HasDb, inTransaction } from "../../store/database.ts";
import { listMasks, type NewMask } from "../../store/masks.ts";
import {
  createInactiveObject,
  listObjects,
  nextObjectNumber,
} from "../../store/objects.ts";
import { createInactivePrompt, listPrompts } from "../../store/prompts.ts";
import { finishRun, listRuns, type Run, startRun } from "../../store/runs.ts";
import { getOrCreateTag } from "../../store/tags.ts";
import type { SequenceWriter } from "../../store/writer.ts";
import { refuseDifference, type RunIdentity } from "../run_identity.ts";
import { detectFiles } from "./detection_folder.ts";
import { readDetectionLines } from "./detection_lines.ts";
import {
  planProposals,
  type ProposedObject,
  surestMask,
} from "./plan_proposals.ts";
import {
  findProposedMasks,
  type MasksOf,
  type SegmentOptions,
} from "./proposed_masks.ts";

/** How the store calls a run that proposed detections. */
export const detectionRun = "detect";

/** What is proposed, and how. */
export type ProposeOptions = SegmentOptions & {
  /** Masks on every frame (default), or the surest box of each object as a prompt. */
  readonly as?: "masks" | "keyFrames";
  /** Replaces proposals of an earlier detection that nobody verified. */
  readonly restart?: boolean;
};

/** What was proposed. */
export type Proposed = {
  readonly objects: number;
  readonly masks: number;
  readonly prompts: number;
  readonly tags: readonly string[];
  /** Detections that belong to no track. */
  readonly untracked: number;
  /** Boxes that SAM 2 found nothing in. */
  readonly empty: number;
  /** The same proposals were there already; nothing was changed. */
  readonly wasThere: boolean;
};

/**
 * Puts what was detected into the store.
 *
 * @throws RangeError where proposals of another detection are there, unless `restart`, or boxes come without a segmenter
 */
export async function proposeDetections(
  writer: SequenceWriter,
  frames: Frames,
  options: ProposeOptions,
): Promise<Proposed> {
  const { out, identity, as = "masks", restart = false } = options;
  const isTracked = identity.options.isTracked === true;
  const own = identityOf(writer, options);
  const earlier = await findEarlier(writer);
  if (earlier && !restart) {
    const what = `the proposals of sequence ${writer.sequence.id}`;
    refuseDifference(earlier.run, own, what);
    return { ...nothing, wasThere: true };
  }
  const lines = join(out, detectFiles.lines);
  const plan = await planProposals(readDetectionLines(lines), { isTracked });
  const masksOf = as === "keyFrames"
    ? () => undefined
    : await findProposedMasks(frames, plan.objects, options);
  const edit = restart && earlier
    ? await removing(writer, earlier.objectIds)
    : {};
  const made = await writeProposals(writer, plan.objects, {
    as,
    masksOf,
    edit,
    identity: own,
  });
  return { ...made, untracked: plan.untracked, wasThere: false };
}

const nothing = {
  objects: 0,
  masks: 0,
  prompts: 0,
  tags: [],
  untracked: 0,
  empty: 0,
};

function identityOf(
  { sequence }: SequenceWriter,
  { identity, segmenter, as = "masks" }: ProposeOptions,
): RunIdentity {
  return {
    framesSha256: sequence.framesSha256,
    promptsSha256: "", // a detector is not prompted
    modelSha256: identity.modelSha256,
    options: {
      ...identity.options,
      as,
      segmenter: as === "masks" ? segmenter?.sha256 ?? "none" : "prompt",
    },
  };
}

const Objects = z.array(z.int());

/** The last detection of which an object is still there. */
async function findEarlier(
  { store, sequence }: SequenceWriter,
): Promise<
  { readonly run: Run; readonly objectIds: readonly number[] } | undefined
> {
  const runs = await listRuns(store, sequence.id);
  const there = new Set(
    (await listObjects(store, sequence.id)).map(({ id }) => id),
  );
  for (const run of runs.reverse()) {
    if (run.kind !== detectionRun) continue;
    const { objects, ...options } = run.options;
    const objectIds = Objects.parse(objects).filter((id) => there.has(id));
    if (objectIds.length > 0) return { run: { ...run, options }, objectIds };
  }
}

/** What a person has not touched of earlier proposals. */
async function removing(
  { store, sequence }: SequenceWriter,
  objectIds: readonly number[],
): Promise<Partial<Edit>> {
  const remove: NonNullable<Edit["remove"]>[number][] = [];
  const prompts: NonNullable<Edit["prompts"]>[number][] = [];
  const objects: NonNullable<Edit["objects"]>[number][] = [];
  for (const objectId of objectIds) {
    const masks = await listMasks(store, sequence.id, { objectId });
    const isTouched = masks.some(({ verified, origin }) =>
      verified || origin === "drawn" || origin === "imported"
    );
    remove.push(
      ...masks.filter(({ verified, origin }) =>
        !verified && (origin === "detected" || !isTouched)
      ),
    );
    if (isTouched) continue;
    const own = await listPrompts(store, sequence.id, { objectId });
    prompts.push(...own.map(({ id }) => ({ id, isActive: false })));
    objects.push({ id: objectId, isActive: false });
  }
  return { remove, prompts, objects };
}

async function writeProposals(
  writer: SequenceWriter,
  objects: readonly ProposedObject[],
  { as, masksOf, edit, identity }: {
    readonly as: "masks" | "keyFrames";
    readonly masksOf: MasksOf;
    readonly edit: Partial<Edit>;
    readonly identity: RunIdentity;
  },
): Promise<Omit<Proposed, "untracked" | "wasThere">> {
  const { store, sequence } = writer;
  const planned = objects.map((object) => ({
    object,
    masks: as === "masks"
      ? object.masks.flatMap((proposed) => {
        const found = masksOf(proposed);
        return found ? [{ ...proposed, ...found }] : [];
      })
      : [],
  })).filter(({ masks }) => as === "keyFrames" || masks.length > 0);
  const ids = await inTransaction(
    store,
    (store) =>
      makeObjects(store, sequence.id, planned.map(({ object }) => object)),
  );
  const save = planned.flatMap(({ masks }, i) =>
    masks.map((found): NewMask => ({
      objectId: ids[i],
      frame: found.frame,
      origin: "detected",
      modelSha256: identity.modelSha256,
      presenceScore: found.confidence,
      predictedIou: found.predictedIou,
      source: found.source,
      get bitmap() {
        return rleToBitmap(found.mask); // made when looked at: there may be thousands
      },
    }))
  );
  let prompts = 0;
  await applyEdit(writer, {
    label: "detect",
    ...edit,
    save,
    objects: [
      ...edit.objects ?? [],
      ...ids.map((id) => ({ id, isActive: true })),
    ],
    create: async (store) => {
      const promptIds: number[] = [];
      if (as === "keyFrames") {
        for (const [i, { object }] of planned.entries()) {
          const { frame, box } = surestMask(object);
          const prompt = { kind: "box", ...box } as const;
          const place = { objectId: ids[i], frame };
          promptIds.push(
            await createInactivePrompt(store, sequence.id, {
              ...place,
              prompt,
            }),
          );
        }
      }
      prompts = promptIds.length;
      await noteRun(store, sequence.id, identity, ids);
      return { prompts: promptIds };
    },
  });
  const wanted = objects.flatMap(({ masks }) => masks).length;
  return {
    objects: planned.length,
    masks: save.length,
    prompts,
    tags: [...new Set(planned.map(({ object }) => object.className))],
    empty: as === "masks" ? wanted - save.length : 0,
  };
}

/** New objects, which wait to be brought into force, and their tags. */
async function makeObjects(
  store: HasDb,
  sequenceId: number,
  objects: readonly ProposedObject[],
): Promise<number[]> {
  const first = await nextObjectNumber(store, sequenceId);
  const ids: number[] = [];
  for (const [i, { name, className }] of objects.entries()) {
    const tag = await getOrCreateTag(store, className);
    ids.push(
      await createInactiveObject(store, {
        sequenceId,
        number: first + i,
        tagId: tag.id,
        colour: hexOf(objectColour(first + i)),
        name,
      }),
    );
  }
  return ids;
}

async function noteRun(
  store: HasDb,
  sequenceId: number,
  { options, ...identity }: RunIdentity,
  objects: readonly number[],
) {
  const run = await startRun(store, {
    ...identity,
    sequenceId,
    kind: detectionRun,
    options: { ...options, objects: [...objects] },
    framesTotal: 0,
  });
  await finishRun(store, run.id, "done");
}
