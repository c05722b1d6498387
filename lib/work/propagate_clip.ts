// A whole propagation as the verb does it: prompts from a file, the run, the
// folder it leaves.

import { CancelledError } from "../base/errors.ts";
import { deletePropagated } from "../store/delete_propagated.ts";
import { deleteMask, listMasks } from "../store/masks.ts";
import { deleteObject, listObjects } from "../store/objects.ts";
import { listPrompts, removePrompt } from "../store/prompts.ts";
import { listRuns } from "../store/runs.ts";
import type { SequenceWriter } from "../store/writer.ts";
import { addFilePrompts, type Annotator, showMissing } from "./annotate.ts";
import { type FilePrompt, readPromptsFile } from "./prompts_file.ts";
import {
  type PropagateOptions,
  type PropagateResult,
  propagateSequence,
} from "./propagate.ts";
import { askedOf, identityOf } from "./run_identity.ts";
import { checkRunFile, writePropagation, writeRunFile } from "./write_out.ts";

/**
 * Propagates a clip and writes what it leaves.
 *
 * @param options.prompts path of prompts.json; added when the sequence has none
 * @param options.out folder for masks and scores
 * @throws RangeError when prompts, run or folder are of another run, unless `restart`
 */
export async function propagateClip(
  annotator: Annotator,
  { prompts, add = false, out, ...options }: PropagateOptions & {
    readonly prompts?: string;
    /** Adds those prompts that the sequence does not have yet: a correction. */
    readonly add?: boolean;
    readonly out?: string;
  },
): Promise<PropagateResult> {
  const { writer: { store, sequence } } = annotator;
  const { restart = false } = options;
  const asked = askedOf(options, sequence.frameCount);
  const given = prompts === undefined
    ? undefined
    : await readPromptsFile(prompts, sequence);
  if (out !== undefined && !restart) {
    // before anything is added; the prompts follow when they are in the store
    const { promptsSha256: _, ...others } = await identityOf(annotator, asked);
    await checkRunFile(out, others);
  }
  if (prompts !== undefined && given) {
    await addPromptsOnce(annotator, given, { named: prompts, add, restart });
  }
  await showMissing(annotator);
  const identity = await identityOf(annotator, asked);
  if (out !== undefined && !restart) {
    // a folder that this sequence wrote before it was corrected is its own
    const runs = await listRuns(store, sequence.id);
    const known = runs.map(({ promptsSha256 }) => promptsSha256);
    await checkRunFile(out, identity, { known });
  }

  const leave = async (status: string, framesDone: number) => {
    if (out === undefined) return;
    await writePropagation(store, sequence, out);
    await writeRunFile(out, identity, { status, framesDone });
  };
  try {
    const result = await propagateSequence(annotator, options);
    await leave(result.run.status, result.run.framesDone);
    return result;
  } catch (error) {
    if (error instanceof CancelledError) {
      const run = (await listRuns(store, sequence.id)).at(-1);
      await leave("cancelled", run?.framesDone ?? 0);
    }
    throw error;
  }
}

/**
 * Adds prompts, unless the very same are there already.
 *
 * @param options.named what the prompts are called in errors
 * @param options.add adds those that are not there yet
 * @throws RangeError when others are there, unless `add` or `restart`
 */
export async function addPromptsOnce(
  annotator: Annotator,
  given: readonly FilePrompt[],
  { named, add = false, restart }: {
    readonly named: string;
    readonly add?: boolean;
    readonly restart: boolean;
  },
): Promise<void> {
  const { writer } = annotator;
  const { store, sequence } = writer;
  const objects = await listObjects(store, sequence.id);
  const numberOf = new Map(objects.map(({ id, number }) => [id, number]));
  const stored = (await listPrompts(store, sequence.id)).map((p) => ({
    object: numberOf.get(p.objectId),
    frame: p.frame,
    prompt: p.prompt,
  }));
  const wanted = given.map(({ object, frame, prompt }) => ({
    object,
    frame,
    prompt,
  }));
  if (stored.length > 0) {
    if (isSame(stored, wanted)) return;
    if (add) {
      const there = new Set(stored.map((prompt) => JSON.stringify(prompt)));
      const isNew = (_: unknown, i: number) =>
        !there.has(JSON.stringify(wanted[i]));
      return await addFilePrompts(annotator, given.filter(isNew));
    }
    if (!restart) {
      throw new RangeError(
        `Cannot add ${named}: sequence ${sequence.id} has ${stored.length} other prompts. ` +
          "--restart replaces its objects and their masks, --add keeps them and corrects them",
      );
    }
    await forgetPrompts(writer);
  }
  await addFilePrompts(annotator, given);
}

/** Removes all prompts and the masks they gave; what a person verified stays. */
async function forgetPrompts(writer: SequenceWriter) {
  const { store, sequence } = writer;
  for (const { id } of await listPrompts(store, sequence.id)) {
    await removePrompt(store, id);
  }
  await deletePropagated(writer);
  for (const mask of await listMasks(store, sequence.id)) {
    if (mask.origin === "click" && !mask.verified) {
      await deleteMask(writer, mask);
    }
  }
  const left = new Set(
    (await listMasks(store, sequence.id)).map(({ objectId }) => objectId),
  );
  for (const { id } of await listObjects(store, sequence.id)) {
    if (!left.has(id)) await deleteObject(writer, id);
  }
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  const sorted = (list: readonly unknown[]) =>
    JSON.stringify(list.map((item) => JSON.stringify(item)).sort());
  return sorted(a) === sorted(b);
}
