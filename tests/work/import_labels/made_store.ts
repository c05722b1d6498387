// A store with one sequence and known masks, and a second store with the same
// frames and nothing else.

import { join } from "node:path";
import type { Bitmap, RgbImage } from "../../../lib/base/image.ts";
import { getOrCreateObject } from "../../../lib/store/objects.ts";
import {
  addTags,
  decodeCounts,
  encodePng,
  type ExportFormat,
  exportStore,
  type ImportedLabels,
  importLabels,
  importSequence,
  listMasks,
  listObjects,
  listTags,
  openForWriting,
  openMemoryStore,
  saveMask,
  type Sequence,
  type Store,
  type TripMask,
} from "medannotate";

/** Masks by frame, then by the number of the object. */
export type MadeMasks = readonly Readonly<Record<number, Bitmap>>[];

/** The tags of the objects of a made clip. */
export const madeTags = [
  { code: "f1", name: "polyp", category: "finding" },
  { code: "i 1", name: "biopsy forceps", category: "instrument" },
  { code: "f2", name: "polyp", category: "finding" }, // the same name again
] as const;

/** Writes the frames of a clip as PNG files. */
export async function writeFrames(
  folder: string,
  images: readonly RgbImage[],
): Promise<string> {
  const clip = join(folder, "clip");
  await Deno.mkdir(clip, { recursive: true });
  for (const [i, image] of images.entries()) {
    const name = `shot_${String(i).padStart(3, "0")}.png`;
    await Deno.writeFile(join(clip, name), await encodePng(image));
  }
  return clip;
}

/** A new store with the frames of a folder as its only sequence. */
export async function storeWithFrames(
  folder: string,
  clip: string,
): Promise<{ store: Store; sequence: Sequence }> {
  const store = await openMemoryStore(folder);
  const { sequence, frames } = await importSequence(store, clip);
  await frames.close();
  return { store, sequence };
}

/** Saves masks; object n has the n-th tag. */
export async function saveMasks(
  store: Store,
  sequence: Sequence,
  masks: MadeMasks,
) {
  await addTags(store, madeTags);
  const tags = await listTags(store);
  const writer = await openForWriting(store, sequence.id);
  try {
    for (const [frame, own] of masks.entries()) {
      for (const [key, bitmap] of Object.entries(own)) {
        const number = Number(key);
        const { id: objectId } = await getOrCreateObject(
          store,
          sequence.id,
          number,
          { tagId: tags[(number - 1) % tags.length].id },
        );
        await saveMask(writer, { objectId, frame, bitmap, origin: "drawn" });
      }
    }
  } finally {
    await writer.close();
  }
}

/** All masks of a sequence, by the numbers of their objects. */
export async function tripMasks(
  store: Store,
  sequence: Sequence,
): Promise<TripMask[]> {
  const objects = new Map(
    (await listObjects(store, sequence.id)).map(({ id, number }) => [
      id,
      number,
    ]),
  );
  return (await listMasks(store, sequence.id)).map((mask) => ({
    object: objects.get(mask.objectId) ?? 0,
    frame: mask.frame,
    rle: {
      size: [mask.height, mask.width],
      counts: decodeCounts(mask.counts),
    },
  }));
}

/** Exports masks in a format and imports them into a fresh store. */
export async function roundTrip(
  folder: string,
  format: ExportFormat,
  { clip, masks, work }: {
    clip: string;
    masks: MadeMasks;
    /** What is done with the second store before it is closed. */
    work: (made: {
      store: Store;
      sequence: Sequence;
      before: readonly TripMask[];
      result: ImportedLabels;
    }) => Promise<void>;
  },
) {
  const first = await storeWithFrames(join(folder, `${format}-a`), clip);
  const out = join(folder, `${format}-set`);
  let before: TripMask[];
  try {
    await saveMasks(first.store, first.sequence, masks);
    before = await tripMasks(first.store, first.sequence);
    await exportStore(first.store, { format, out });
  } finally {
    await first.store.close();
  }
  const second = await storeWithFrames(join(folder, `${format}-b`), clip);
  try {
    const result = await importLabels(second.store, second.sequence, out);
    await work({ ...second, before, result });
  } finally {
    await second.store.close();
  }
}
