// Annotate: prompts in, mask out, with undo and redo.
//
// The prompts of an object on a frame are kept in order; the mask is always
// what they give when they are replayed. A first prompt on a frame that
// propagation has filled starts from the mask that is there, which is kept as
// a prompt of its own, so that nothing but the prompts is needed later.

import type { Size } from "../base/tensor.ts";
import type { Frames } from "../media/frames.ts";
import { decodeCounts, rleToBitmap } from "../masks/rle.ts";
import { sigmoid, toFrameMask } from "../propagate/propagate.ts";
import type { Engine, FrameFeatures } from "../sam2/engine.ts";
import { encodeFrame } from "../sam2/image.ts";
import {
  checkInside,
  type FramePrompt,
  replayPrompts,
} from "../sam2/interact.ts";
import {
  deleteMask,
  findMask,
  saveMask,
  type StoredMask,
} from "../store/masks.ts";
import { inTransaction } from "../store/database.ts";
import { getOrCreateObject, setObjectTag } from "../store/objects.ts";
import {
  addPrompt,
  listPrompts,
  type Prompt,
  type PromptChange,
  redoPrompt,
  undoPrompt,
} from "../store/prompts.ts";
import { getOrCreateTag } from "../store/tags.ts";
import type { SequenceWriter } from "../store/writer.ts";
import type { OpenModel } from "./open_model.ts";
import type { FilePrompt } from "./prompts_file.ts";

/** Where a person annotates: a sequence opened for writing, its frames, a model. */
export type Annotator = {
  readonly writer: SequenceWriter;
  readonly frames: Frames;
  readonly model: OpenModel;
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
export async function annotate(
  annotator: Annotator,
  place: AnnotationPlace,
  prompt: Prompt,
): Promise<StoredMask> {
  const { writer: { store, sequence } } = annotator;
  checkPlace(place, sequence.frameCount);
  checkInside(toFramePrompt(prompt), sizeOf(sequence));
  const before = await listPrompts(store, sequence.id, place);
  const mask = await findMask(store, place);
  const startsFromMask = before.length === 0 && mask !== undefined &&
    prompt.kind !== "mask";
  if (startsFromMask) {
    const { height, width, counts } = mask;
    const rle = {
      size: [height, width],
      counts: decodeCounts(counts),
    } as const;
    await addPrompt(store, { ...place, prompt: { kind: "mask", rle } });
  }
  await addPrompt(store, { ...place, prompt });
  const shown = await showPrompts(annotator, place);
  if (!shown) throw new Error(`Frame ${place.frame} lost its prompts`);
  return shown;
}

/** Takes back the last prompt of the sequence; undefined when there is none. */
export function undo(annotator: Annotator) {
  return turn(annotator, undoPrompt);
}

/** Gives the last prompt that was taken back again; undefined when there is none. */
export function redo(annotator: Annotator) {
  return turn(annotator, redoPrompt);
}

async function turn(
  annotator: Annotator,
  step: typeof undoPrompt,
): Promise<PromptChange | undefined> {
  const { store, sequence } = annotator.writer;
  const change = await step(store, sequence.id);
  if (change) await showPrompts(annotator, change.prompt);
  return change;
}

/** Replays the prompts of a place and saves their mask; without prompts removes it. */
export async function showPrompts(
  { writer, frames, model }: Annotator,
  { objectId, frame }: AnnotationPlace,
): Promise<StoredMask | undefined> {
  const { store, sequence } = writer;
  const prompts = await listPrompts(store, sequence.id, { objectId, frame });
  if (prompts.length === 0) {
    await deleteMask(writer, { objectId, frame });
    return undefined;
  }
  const { engine } = model;
  const features = await encodeFrame(engine, await frames.read(frame));
  try {
    const replayed = await replayOn(
      engine,
      features,
      prompts.map(({ prompt }) => prompt),
      { frame, frameSize: sizeOf(sequence) },
    );
    return await saveMask(writer, {
      ...replayed,
      objectId,
      frame,
      origin: "click",
      modelSha256: model.sha256,
      drift: 0,
      source: "prompt",
    });
  } finally {
    await engine.releaseFeatures(features);
  }
}

async function replayOn(
  engine: Engine,
  features: FrameFeatures,
  prompts: readonly Prompt[],
  place: { readonly frame: number; readonly frameSize: Size },
) {
  const given = prompts.map(toFramePrompt);
  const { result } = await replayPrompts(engine, features, given, place);
  return {
    bitmap: toFrameMask(result.lowRes, place.frameSize),
    predictedIou: result.iou,
    presenceScore: sigmoid(result.objectScore),
  };
}

/** A stored prompt as the model takes it. */
export function toFramePrompt(prompt: Prompt): FramePrompt {
  return prompt.kind === "mask"
    ? { kind: "mask", mask: rleToBitmap(prompt.rle) }
    : prompt;
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

function checkPlace({ frame }: AnnotationPlace, frameCount: number) {
  if (!Number.isInteger(frame) || frame < 0 || frame >= frameCount) {
    throw new RangeError(
      `There is no frame ${frame}, the sequence has frames 0 to ${
        frameCount - 1
      }`,
    );
  }
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}
