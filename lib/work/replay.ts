// Replay: what a person did on one model, done again on another.
//
// All prompts of a sequence go into a store of its own, in their order, and are
// propagated there, so that two models, sizes or precisions are compared on the
// same clicks. A click that corrected a propagated mask does so here too: the
// other model propagates first and the click starts from its mask, not from the
// one the person saw. Masks that were drawn or imported are taken along; those
// of the first model that were only accepted are not.

import { listMasks, readMaskBitmap, saveMask } from "../store/masks.ts";
import { getOrCreateObject, listObjects } from "../store/objects.ts";
import { listPrompts, type StoredPrompt } from "../store/prompts.ts";
import type { Sequence } from "../store/sequences.ts";
import { addTags, findTagByCode, listTags } from "../store/tags.ts";
import { openForWriting } from "../store/writer.ts";
import type { Store } from "../store/database.ts";
import {
  addAnnotation,
  type AnnotationPlace,
  type Annotator,
} from "./annotate.ts";
import { importSequence, type WorkOptions } from "./import.ts";
import type { OpenModel } from "./open_model.ts";
import { propagateSequence } from "./propagate.ts";
import { volumeOptionsOf } from "./volume_options.ts";

/** A sequence that was annotated, in its store. */
export type ReplaySource = {
  readonly store: Store;
  readonly sequence: Sequence;
};

/** What a replay did. */
export type ReplayResult = {
  /** The sequence in the other store. */
  readonly sequence: Sequence;
  /** What the person gave; masks that corrections started from are not counted. */
  readonly prompts: number;
  /** Frames that were tracked, those of every correction included. */
  readonly framesTracked: number;
  readonly msPerFrame: number;
};

/**
 * Replays the prompts of a sequence on a model, into a store that is empty.
 *
 * @throws RangeError when there is nothing to replay, or the store has the sequence already
 */
export async function replaySequence(
  source: ReplaySource,
  { store, model, onProgress, signal }: WorkOptions & {
    readonly store: Store;
    readonly model: OpenModel;
  },
): Promise<ReplayResult> {
  const objects = await listObjects(source.store, source.sequence.id);
  const prompts = (await listPrompts(source.store, source.sequence.id))
    .filter(({ objectId }) => objects.some(({ id }) => id === objectId));
  const drawn = await listDrawn(source);
  if (prompts.length + drawn.length === 0) {
    throw new RangeError(
      `Cannot replay sequence ${source.sequence.id}: it has no prompt and no drawn mask`,
    );
  }
  const work = { onProgress, signal };
  const { sequence, frames } = await importSequence(
    store,
    source.sequence.source,
    { ...work, volume: volumeOptionsOf(source.sequence) },
  );
  try {
    await requireFresh(store, source.sequence, sequence);
    const writer = await openForWriting(store, sequence.id);
    try {
      const annotator: Annotator = { writer, frames, model };
      const objectIds = await copyObjects(source, annotator);
      const isPrompted = ({ objectId, frame }: AnnotationPlace) =>
        prompts.some((p) => p.objectId === objectId && p.frame === frame);
      const draw = async (masks: typeof drawn) => {
        for (const { objectId, ...mask } of masks) {
          await saveMask(writer, { ...mask, objectId: objectIds(objectId) });
        }
      };
      const tracked = countFrames();
      await draw(drawn.filter((mask) => !isPrompted(mask)));
      for (const stored of prompts) {
        if (startsFromPropagated(stored)) {
          tracked.add(await propagateSequence(annotator, work));
          continue; // the next prompt starts from what is there now
        }
        const { frame, prompt } = stored;
        const objectId = objectIds(stored.objectId);
        await addAnnotation(annotator, { objectId, frame }, prompt);
      }
      await draw(drawn.filter(isPrompted)); // what was drawn over an answer
      tracked.add(await propagateSequence(annotator, work));
      const given = prompts.filter((stored) => !startsFromPropagated(stored));
      return { sequence, prompts: given.length, ...tracked.total() };
    } finally {
      await writer.close();
    }
  } finally {
    await frames.close();
  }
}

/** The masks that a person made without a prompt. */
async function listDrawn({ store, sequence }: ReplaySource) {
  const masks = await listMasks(store, sequence.id, { personal: true });
  return masks.filter(({ origin }) => origin !== "propagated")
    .map(({ objectId, frame, origin, ...mask }) => (
      { objectId, frame, origin, bitmap: readMaskBitmap(mask) }
    ));
}

async function requireFresh(
  store: Store,
  original: Sequence,
  { id, framesSha256 }: Sequence,
) {
  if (framesSha256 !== original.framesSha256) {
    throw new RangeError(
      `Cannot replay sequence ${original.id}: ${original.source} has other frames than at import`,
    );
  }
  if ((await listObjects(store, id)).length > 0) {
    throw new RangeError(
      `Cannot replay into ${store.folder}: it has objects of this clip already. Expected a folder of its own`,
    );
  }
}

/** Makes the same objects with the same tags; gives their ids by those they had. */
async function copyObjects(
  source: ReplaySource,
  { writer: { store, sequence } }: Annotator,
): Promise<(id: number) => number> {
  const tags = await listTags(source.store);
  const codes = new Map(tags.map(({ id, code }) => [id, code]));
  await addTags(
    store,
    tags.map(({ code, name, category }) => ({
      code,
      name,
      category,
    })),
  );
  const ids = new Map<number, number>();
  for (const object of await listObjects(source.store, source.sequence.id)) {
    const { number, name, tagId } = object;
    const code = tagId === null ? undefined : codes.get(tagId);
    const tag = code === undefined
      ? undefined
      : await findTagByCode(store, code);
    const copy = await getOrCreateObject(store, sequence.id, number, {
      name,
      tagId: tag?.id,
    });
    ids.set(object.id, copy.id);
  }
  return (id) => {
    const copy = ids.get(id);
    if (copy !== undefined) return copy;
    throw new RangeError(`Cannot replay object ${id}: it is gone`);
  };
}

/** Whether a prompt is the propagated mask that a person began to correct. */
function startsFromPropagated({ prompt }: StoredPrompt): boolean {
  return prompt.kind === "mask" && prompt.was?.origin === "propagated";
}

/** Adds up what propagations did. */
function countFrames() {
  let framesTracked = 0, ms = 0;
  return {
    add(result: { framesTracked: number; msPerFrame: number }) {
      framesTracked += result.framesTracked;
      ms += result.framesTracked * result.msPerFrame;
    },
    total: () => ({
      framesTracked,
      msPerFrame: ms / Math.max(1, framesTracked),
    }),
  };
}
