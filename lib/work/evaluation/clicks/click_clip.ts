// What clicks are measured on: clips with true masks, from the store or from
// files.
//
// In the store the truth is what a person verified. An object that was verified
// on some frames only is known on those alone; a verified empty mask says that
// the object is not there. Of files everything that the truth tells is known.

import type { Bitmap } from "../../../base/image.ts";
import { createBitmap } from "../../../masks/bitmap.ts";
import type { Frames } from "../../../media/frames.ts";
import { openFrames } from "../../../media/open_frames.ts";
import type { VolumeOptions } from "../../../media/volume.ts";
import type { Store } from "../../../store/database.ts";
import { listMasks, readMaskBitmap } from "../../../store/masks.ts";
import { listObjects } from "../../../store/objects.ts";
import { listPatients } from "../../../store/patients.ts";
import { listProcedures } from "../../../store/procedures.ts";
import { listSequences, type Sequence } from "../../../store/sequences.ts";
import { listTags } from "../../../store/tags.ts";
import { openSequence, type WorkOptions } from "../../import.ts";
import { readTruth } from "../../truth.ts";

/** An object whose masks are known. */
export type KnownObject = {
  readonly number: number;
  /** The code of its tag. */
  readonly tag: string | undefined;
  /** The frames on which its mask is known, in order; it may be empty there. */
  readonly frames: readonly number[];
};

/** A clip with true masks; close it when done. */
export type ClickClip = {
  readonly name: string;
  readonly patient: string | undefined;
  readonly frames: Frames;
  readonly objects: readonly KnownObject[];
  /** The true mask of an object on one of its frames. */
  maskAt(object: number, frame: number): Promise<Bitmap>;
  close(): Promise<void>;
};

/** What may be opened one after the other. */
export type ClickSource = {
  readonly name: string;
  open(): Promise<ClickClip>;
};

/**
 * Lists the sequences of a store that have verified masks.
 *
 * @param options.sequenceIds default all
 * @throws RangeError when none of them has a verified mask
 */
export async function listVerified(
  store: Store,
  { sequenceIds = [], ...work }: WorkOptions & {
    readonly sequenceIds?: readonly number[];
  } = {},
): Promise<readonly ClickSource[]> {
  const all = await listSequences(store);
  const missing = sequenceIds.find((id) => !all.some((s) => s.id === id));
  if (missing !== undefined) {
    throw new RangeError(
      `Cannot measure clicks: there is no sequence ${missing}, expected one of ${
        all.map(({ id }) => id).join(", ")
      }`,
    );
  }
  const sources: ClickSource[] = [];
  for (const sequence of all) {
    if (sequenceIds.length > 0 && !sequenceIds.includes(sequence.id)) continue;
    const masks = await listMasks(store, sequence.id);
    if (!masks.some(({ verified }) => verified)) continue;
    sources.push({
      name: sequence.name,
      open: () => openVerified(store, sequence, work),
    });
  }
  if (sources.length > 0) return sources;
  throw new RangeError(
    `Cannot measure clicks: no mask of ${
      sequenceIds.length > 0
        ? `sequence ${sequenceIds.join(", ")}`
        : `${all.length} sequences`
    } is verified. Verified masks are the truth, or name --input and --truth`,
  );
}

async function openVerified(
  store: Store,
  { id, name, procedureId }: Sequence,
  work: WorkOptions,
): Promise<ClickClip> {
  const masks = (await listMasks(store, id)).filter(({ verified }) => verified);
  const tags = new Map((await listTags(store)).map((tag) => [tag.id, tag]));
  const procedure = (await listProcedures(store))
    .find((each) => each.id === procedureId);
  const patient = (await listPatients(store))
    .find((each) => each.id === procedure?.patientId);
  const objects = await listObjects(store, id);
  const { frames } = await openSequence(store, id, work);
  const idOf = new Map(objects.map((object) => [object.number, object.id]));
  return {
    name,
    patient: patient?.code,
    frames,
    objects: objects.map(({ id, number, tagId }) => ({
      number,
      tag: tagId === null ? undefined : tags.get(tagId)?.code,
      frames: masks.filter(({ objectId }) => objectId === id)
        .map(({ frame }) => frame).sort((a, b) => a - b),
    })).filter(({ frames }) => frames.length > 0),
    maskAt(object, frame) {
      const objectId = idOf.get(object);
      const mask = masks.find((each) =>
        each.objectId === objectId && each.frame === frame
      );
      return Promise.resolve(
        mask ? readMaskBitmap(mask) : createBitmap(frames.size),
      );
    },
    close: () => frames.close(),
  };
}

/** Opens frames with a truth beside them: a file, a folder of masks or a label volume. */
export function filesWithTruth(
  input: string,
  truthPath: string,
  { patient, volume, ...work }: WorkOptions & {
    readonly patient?: string;
    readonly volume?: VolumeOptions;
  } = {},
): ClickSource {
  return {
    name: input,
    async open() {
      const frames = await openFrames(input, { ...work, volume });
      try {
        const truth = await readTruth(truthPath, frames);
        return {
          name: input,
          patient,
          frames,
          objects: truth.objects.map((number) => (
            { number, tag: undefined, frames: truth.frames }
          )),
          maskAt: truth.maskAt,
          close: () => frames.close(),
        };
      } catch (error) {
        await frames.close();
        throw error;
      }
    },
  };
}
