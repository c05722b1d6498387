// Annotate: prompts in, mask out.
//
// The prompts of an object on a frame are kept in order; the mask is always
// what they give when they are replayed. A first prompt on a frame that has a
// mask already starts from it: that mask is kept as a prompt of its own, with
// what it was, so that undo (history.ts) brings it back and nothing but the
// prompts is needed later.

import type { Size } from "../base/tensor.ts";
import type { Frames } from "../media/frames.ts";
import { decodeCounts, rleToBitmap } from "../masks/rle.ts";
import { scoresOf, toFrameMask } from "../propagate/propagate.ts";
import type { FrameFeatures } from "../sam2/engine.ts";
import {
  checkInside,
  type FramePrompt,
  replayPrompts,
} from "../sam2/interact.ts";
import {
  deleteMask,
  findMask,
  type NewMask,
  saveMask,
  type StoredMask,
} from "../store/masks.ts";
import { inTransaction } from "../store/database.ts";
import {
  getOrCreateObject,
  listObjects,
  setObjectTag,
} from "../store/objects.ts";
import { addPrompt, listPrompts, type Prompt } from "../store/prompts.ts";
import { listFrames } from "../store/sequences.ts";
import { getOrCreateTag } from "../store/tags.ts";
import type { SequenceWriter } from "../store/writer.ts";
import { openFeatureCache } from "./feature_cache.ts";
import type { HeldFeatures } from "./held_features.ts";
import type { OpenModel } from "./open_model.ts";
import type { FilePrompt } from "./prompts_file.ts";
import { createFeatureReader, type FeatureReader } from "./read_features.ts";

/** Where a person annotates: a sequence opened for writing, its frames, a model. */
export type Annotator = {
  readonly writer: SequenceWriter;
  readonly frames: Frames;
  readonly model: OpenModel;
  /** Features of the frames that are worked on; without it each answer reads them anew. */
  readonly held?: HeldFeatures;
};

/** An object on a frame. */
export type AnnotationPlace = {
  readonly objectId: number;
  readonly frame: number;
};

/**
 * Adds a prompt and gives the mask it leads to.
 *
 * @throws RangeError for a prompt outside the frame, a frame past the end or an unknown object
 */
export async function addAnnotation(
  annotator: Annotator,
  place: AnnotationPlace,
  prompt: Prompt,
): Promise<StoredMask> {
  const { writer: { store, sequence } } = annotator;
  await checkPlace(annotator, place);
  checkInside(toFramePrompt(prompt), sizeOf(sequence));
  const before = await listPrompts(store, sequence.id, place);
  const found = await findMask(store, place);
  const isGiven = before.length > 0 && found?.origin === "click";
  const start = found && !isGiven ? [startFrom(found)] : [];
  const added = [...start, prompt];
  const answer = await answerPrompts(annotator, place, [
    ...before.map(({ prompt }) => prompt),
    ...added,
  ]); // first, so that nothing is kept when the model fails
  return await saveMask(annotator.writer, answer, {
    alongside: async (store) => {
      for (const prompt of added) await addPrompt(store, { ...place, prompt });
    },
  });
}

/** The mask that is there, as the first prompt of its place. */
function startFrom(mask: StoredMask): Prompt {
  const { height, width, counts } = mask;
  const { origin, modelSha256, predictedIou, presenceScore } = mask;
  const { drift, source, verified, driftParts, basis } = mask;
  return {
    kind: "mask",
    rle: { size: [height, width], counts: decodeCounts(counts) },
    was: {
      origin,
      modelSha256,
      predictedIou,
      presenceScore,
      drift,
      source,
      verified,
      driftParts,
      basis,
    },
  };
}

/** Replays the prompts of a place and saves their mask; without prompts removes it. */
export async function showPrompts(
  annotator: Annotator,
  { objectId, frame }: AnnotationPlace,
): Promise<StoredMask | undefined> {
  const { writer, writer: { store, sequence } } = annotator;
  const place = { objectId, frame };
  const prompts = await listPrompts(store, sequence.id, place);
  if (prompts.length === 0) {
    await deleteMask(writer, place);
    return undefined;
  }
  const given = prompts.map(({ prompt }) => prompt);
  return await saveMask(writer, await answerPrompts(annotator, place, given));
}

/** What prompts lead to, not saved yet; a mask given last is taken as it is. */
export async function answerPrompts(
  annotator: Annotator,
  { objectId, frame }: AnnotationPlace,
  prompts: readonly Prompt[],
): Promise<NewMask> {
  const { engine } = annotator.model;
  const { sequence } = annotator.writer;
  const frameSize = sizeOf(sequence);
  const given = prompts.map(toFramePrompt);
  const { result } = await withFeatures(
    annotator,
    frame,
    (features) => replayPrompts(engine, features, given, { frame, frameSize }),
  );
  const last = given.at(-1);
  return {
    objectId,
    frame,
    bitmap: last?.kind === "mask"
      ? last.mask
      : toFrameMask(result.lowRes, frameSize),
    ...scoresOf(result),
    origin: "click",
    modelSha256: annotator.model.sha256,
    drift: 0,
    source: "prompt",
  };
}

/** Lends the features of a frame to work, from memory where they are held. */
async function withFeatures<Result>(
  annotator: Annotator,
  frame: number,
  work: (features: FrameFeatures) => Promise<Result>,
): Promise<Result> {
  if (annotator.held) return await annotator.held.use(frame, work);
  const reader = await openFeatures(annotator, frame);
  const features = await reader.read(frame);
  try {
    return await work(features);
  } finally {
    await annotator.model.engine.releaseFeatures(features);
    await reader.settle();
  }
}

/**
 * Reads features of the sequence's frames, from disk where the model keeps them.
 *
 * @param only the one frame that will be read
 */
export async function openFeatures(
  { writer: { store, sequence }, frames, model }: Annotator,
  only?: number,
): Promise<FeatureReader> {
  if (!model.keepsFeatures) {
    return createFeatureReader(model, frames, {
      cache: undefined,
      sha256Of: () => "",
    });
  }
  const range = only === undefined ? {} : { from: only, to: only };
  const infos = await listFrames(store, sequence.id, range);
  const sha256s = new Map(infos.map(({ index, sha256 }) => [index, sha256]));
  const cache = openFeatureCache(store.folder, model);
  return createFeatureReader(model, frames, {
    cache,
    sha256Of: (frame) => sha256s.get(frame) ?? "", // every frame has one
  });
}

/** A stored prompt as the model takes it; a mask is decoded when it is looked at. */
export function toFramePrompt(prompt: Prompt): FramePrompt {
  if (prompt.kind !== "mask") return prompt;
  const { rle } = prompt;
  return {
    kind: "mask",
    get mask() {
      return rleToBitmap(rle);
    },
  };
}

/** Adds the prompts of a file, all or none; {@link showMissing} then shows them. */
export function addFilePrompts(
  { writer: { store, sequence } }: Annotator,
  prompts: readonly FilePrompt[],
): Promise<void> {
  return inTransaction(store, async (store) => {
    for (const { object, frame, tag, prompt } of prompts) {
      const found = await getOrCreateObject(store, sequence.id, object);
      if (tag !== undefined) {
        const { id } = await getOrCreateTag(store, tag);
        if (found.tagId !== id) await setObjectTag(store, found.id, id);
      }
      await addPrompt(store, { objectId: found.id, frame, prompt });
    }
  });
}

/** Shows the prompts of every place that has prompts but no mask yet. */
export async function showMissing(annotator: Annotator): Promise<void> {
  const { store, sequence } = annotator.writer;
  const prompts = await listPrompts(store, sequence.id);
  const places = new Map(
    prompts.map(({ objectId, frame }) => [
      `${objectId} ${frame}`,
      { objectId, frame },
    ]),
  );
  for (const place of places.values()) {
    const mask = await findMask(store, place);
    if (!mask || mask.origin === "propagated") {
      await showPrompts(annotator, place);
    }
  }
}

async function checkPlace(
  { writer: { store, sequence } }: Annotator,
  { objectId, frame }: AnnotationPlace,
) {
  const { id, frameCount } = sequence;
  if (!Number.isInteger(frame) || frame < 0 || frame >= frameCount) {
    throw new RangeError(
      `There is no frame ${frame}, the sequence has frames 0 to ${
        frameCount - 1
      }`,
    );
  }
  const objects = await listObjects(store, id);
  if (!objects.some((object) => object.id === objectId)) {
    throw new RangeError(`Sequence ${id} has no object ${objectId}`);
  }
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}
