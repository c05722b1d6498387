// Import: a folder of frames, a video or a volume becomes a sequence of the
// store.
//
// Every frame is decoded once and its pixels are hashed, so that labels and
// frames can be proved to belong together later. The same frames are imported
// once, wherever they lie.

import { basename, dirname } from "node:path";
import type { RgbImage } from "../base/image.ts";
import { throwIfCancelled } from "../base/errors.ts";
import { type OnProgress, startProgress } from "../base/progress.ts";
import { type Frames, framesSha256 } from "../media/frames.ts";
import { openFrames } from "../media/open_frames.ts";
import type { VolumeOptions } from "../media/volume.ts";
import { type HasDb, inTransaction, type Store } from "../store/database.ts";
import { moveSequence } from "../store/move_sequence.ts";
import { getOrCreatePatient, listPatients } from "../store/patients.ts";
import { getOrCreateProcedure, listProcedures } from "../store/procedures.ts";
import {
  createSequence,
  findSequenceByFrames,
  getSequence,
  type Sequence,
  sequenceSha256,
} from "../store/sequences.ts";
import { openScanShelf } from "./scan_shelf.ts";
import { volumeOptionsOf } from "./volume_options.ts";

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
  /** Axis and window of a volume. */
  readonly volume?: VolumeOptions;
  /** Takes the first frame as soon as it is read, long before the last. */
  readonly onFirst?: (image: RgbImage) => void;
};

/**
 * Imports a folder, video or volume, or finds it when the same frames are there.
 *
 * @param options.patient a code, never a name; splits go by it
 * @throws Error naming the file, when it cannot be read whole; nothing is stored then
 */
export async function importSequence(
  store: Store,
  input: string,
  options: ImportOptions = {},
): Promise<OpenSequence> {
  const sha256s: string[] = [];
  const scans = openScanShelf(store);
  const frames = await openFrames(input, {
    ...options,
    scans,
    onFrame: (index, image) => {
      if (index === 0) options.onFirst?.(image);
      sha256s[index] = framesSha256(image);
    },
  });
  try {
    const shelf = frames.fileKey && `${frames.fileKey}-sequence`;
    const framesKnown = shelf && await scans.find(shelf);
    const sequence = await importFrames(store, frames, {
      ...options,
      sha256s,
      framesKnown,
    });
    if (shelf) await scans.keep(shelf, sequence.framesSha256);
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
  { patient, procedure, onProgress, signal, sha256s, framesKnown }:
    & ImportOptions
    & {
      /** What is known already of each frame's pixels. */
      readonly sha256s?: readonly string[];
      /** The checksum of all frames, where the file was imported before and is as it was. */
      readonly framesKnown?: string;
    } = {},
): Promise<Sequence> {
  const view = frames.volume ?? null;
  const placed = { patient, procedure, source: frames.source, view };
  const before = framesKnown === undefined
    ? undefined
    : await findSequenceByFrames(store, framesKnown);
  if (before) {
    return await inTransaction(
      store,
      (store) => placeAgain(store, before, placed),
    );
  }
  const hashed = sha256s?.length === frames.count
    ? frames.infos.map(({ name, timeMs, index }) => (
      { name, timeMs, sha256: sha256s[index] }
    ))
    : await hashFrames(frames, { onProgress, signal });
  return await store.db.transaction().execute(async (db) => {
    const known = await findSequenceByFrames({ db }, sequenceSha256(hashed));
    if (known) return await placeAgain({ db }, known, placed);
    return await createSequence({ db }, {
      name: nameOfSource(frames.source),
      kind: frames.kind,
      source: frames.source,
      width: frames.size.width,
      height: frames.size.height,
      fps: frames.fps ?? null,
      view,
      procedureId: await getProcedureId({ db }, placed),
      frames: hashed,
    });
  });
}

type Placement = {
  readonly patient: string | undefined;
  readonly procedure: string | undefined;
  readonly source: string;
  readonly view: Sequence["view"];
};

/** The procedure that an import names; null when it names neither patient nor procedure. */
async function getProcedureId(
  store: HasDb,
  { patient, procedure, source }: Placement,
): Promise<number | null> {
  if (patient === undefined && procedure === undefined) return null;
  const patientId = patient === undefined
    ? null
    : (await getOrCreatePatient(store, patient)).id;
  const name = procedure ?? nameOfSource(source);
  return (await getOrCreateProcedure(store, { patientId, name })).id;
}

/**
 * The same frames again: they may lie elsewhere now, and may be given a
 * patient that they had none of, but not another one.
 */
async function placeAgain(
  { db }: HasDb,
  known: Sequence,
  placed: Placement,
): Promise<Sequence> {
  const procedure = (await listProcedures({ db }))
    .find(({ id }) => id === known.procedureId);
  const patient = (await listPatients({ db }))
    .find(({ id }) => id === procedure?.patientId);
  const isOther = (now: string | undefined, then: string | undefined) =>
    now !== undefined && then !== undefined && now !== then;
  if (
    isOther(placed.patient, patient?.code) ||
    isOther(placed.procedure, procedure?.name)
  ) {
    throw new RangeError(
      `Cannot import ${placed.source}: its frames are sequence ${known.id} already, ` +
        `of patient ${
          patient?.code ?? "unknown"
        } and procedure ${procedure?.name}`,
    );
  }
  const isNews = (placed.patient !== undefined && patient === undefined) ||
    (placed.procedure !== undefined && procedure === undefined);
  const procedureId = isNews
    ? await getProcedureId({ db }, {
      ...placed,
      procedure: placed.procedure ?? procedure?.name,
    })
    : known.procedureId;
  const { source, view } = placed;
  await moveSequence({ db }, known.id, { source, view, procedureId });
  return await getSequence({ db }, known.id);
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
  const frames = await openFrames(sequence.source, {
    ...options,
    scans: openScanShelf(store),
    volume: volumeOptionsOf(sequence),
  });
  if (frames.count !== sequence.frameCount) {
    await frames.close();
    throw new Error(
      `Sequence ${sequenceId} was imported with ${sequence.frameCount} frames, ${sequence.source} has ${frames.count} now`,
    );
  }
  return { sequence, frames };
}
