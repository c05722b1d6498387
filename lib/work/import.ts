// Import: a folder of frames or a video becomes a sequence of the store.
//
// Every frame is decoded once and its pixels are hashed, so that labels and
// frames can be proved to belong together later. The same frames are imported
// once, wherever they lie.

import { basename, dirname } from "node:path";
import { throwIfCancelled } from "../base/errors.ts";
import { type OnProgress, startProgress } from "../base/progress.ts";
import { type Frames, framesSha256 } from "../media/frames.ts";
import { openFrames } from "../media/open_frames.ts";
import type { Store } from "../store/database.ts";
import { getOrCreatePatient } from "../store/patients.ts";
import { getOrCreateProcedure } from "../store/procedures.ts";
import {
  getOrCreateSequence,
  getSequence,
  type Sequence,
} from "../store/sequences.ts";

/** A sequence with its frames open; close the frames when done. */
export type OpenSequence = {
  readonly sequence: Sequence;
  readonly frames: Frames;
};

/** How long work reports and is stopped. */
export type WorkOptions = {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** Whose frames are imported; a patient is a code, never a name. */
export type ImportOptions = WorkOptions & {
  readonly patient?: string;
  readonly procedure?: string;
};

/**
 * Imports a folder or video, or finds it when the same frames are there.
 *
 * @param options.patient a code, never a name; splits go by it
 * @throws Error naming the file, when it cannot be read whole; nothing is stored then
 */
export async function importSequence(
  store: Store,
  input: string,
  options: ImportOptions = {},
): Promise<OpenSequence> {
  const frames = await openFrames(input, options);
  try {
    const sequence = await importFrames(store, frames, options);
    return { sequence, frames };
  } catch (error) {
    await frames.close();
    throw error;
  }
}

/** Imports frames that are open already, and stay so; nothing is stored when one cannot be read. */
export async function importFrames(
  store: Store,
  frames: Frames,
  { patient, procedure, onProgress, signal }: ImportOptions = {},
): Promise<Sequence> {
  const hashed = await hashFrames(frames, { onProgress, signal });
  return await store.db.transaction().execute(async (db) => {
    const patientId = patient === undefined
      ? null
      : (await getOrCreatePatient({ db }, patient)).id;
    const isPlaced = procedure !== undefined || patientId !== null;
    const procedureId = isPlaced
      ? (await getOrCreateProcedure({ db }, {
        patientId,
        name: procedure ?? nameOfSource(frames.source),
      })).id
      : null;
    return await getOrCreateSequence({ db }, {
      name: nameOfSource(frames.source),
      kind: frames.kind,
      source: frames.source,
      width: frames.size.width,
      height: frames.size.height,
      fps: frames.fps ?? null,
      procedureId,
      frames: hashed,
    });
  });
}

/** The name of a folder or file; where a folder is only called `images`, that of the one around it. */
export function nameOfSource(source: string): string {
  const name = basename(source);
  const around = basename(dirname(source));
  const isPlain = /^(images?|imgs?|frames?|jpegimages|rgb)$/i.test(name);
  return isPlain && around !== "" ? around : name;
}

async function hashFrames(
  frames: Frames,
  { onProgress, signal }: WorkOptions,
) {
  const report = startProgress("import", frames.count, { onProgress });
  const hashed = [];
  for (const { index, name, timeMs } of frames.infos) {
    throwIfCancelled(signal, `import at frame ${index}`);
    const sha256 = framesSha256(await frames.read(index));
    hashed.push({ name, timeMs, sha256 });
    report(index + 1);
  }
  return hashed;
}

/**
 * Opens the frames of a stored sequence.
 *
 * @throws Error when its source is gone or has another number of frames
 */
export async function openSequence(
  store: Store,
  sequenceId: number,
  options: WorkOptions = {},
): Promise<OpenSequence> {
  const sequence = await getSequence(store, sequenceId);
  const frames = await openFrames(sequence.source, options);
  if (frames.count !== sequence.frameCount) {
    await frames.close();
    throw new Error(
      `Sequence ${sequenceId} was imported with ${sequence.frameCount} frames, ${sequence.source} has ${frames.count} now`,
    );
  }
  return { sequence, frames };
}
