// More patients for trying out: short generated clips whose true masks are there
// from the start, as if someone had drawn them.

import { join } from "node:path";
import { encodeJpeg } from "../media/image.ts";
import { sampleClip } from "../scenes/sample_clip.ts";
import { saveMask } from "../store/masks.ts";
import { getOrCreateObject } from "../store/objects.ts";
import type { Sequence } from "../store/sequences.ts";
import { getOrCreateTag } from "../store/tags.ts";
import { openForWriting } from "../store/writer.ts";
import { importSequence } from "../work/import.ts";
import { type Displayable, displayed } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";
import { withProgress } from "./progress.ts";

/**
 * Adds a generated clip of a new patient to the store of a clip, with the masks
 * of its polyp and its forceps.
 *
 * @param options.seed another number, another colon
 */
export async function addSamplePatient(
  { store }: Pick<OpenClip, "store">,
  { patient, seed, frames = 12 }: {
    readonly patient: string;
    readonly seed: number;
    readonly frames?: number;
  },
): Promise<Displayable & { readonly sequence: Sequence }> {
  const size = { width: 320, height: 240 };
  const clip = sampleClip({ seed, frames, size });
  const folder = join(store.folder, "patients", patient);
  await Deno.mkdir(folder, { recursive: true });
  const scenes = Array.from({ length: frames }, (_, i) => clip.frame(i));
  for (const [i, { image }] of scenes.entries()) {
    const name = `${String(i).padStart(5, "0")}.jpg`;
    await Deno.writeFile(join(folder, name), await encodeJpeg(image));
  }
  const { sequence, frames: opened } = await withProgress((onProgress) =>
    importSequence(store, folder, { patient, onProgress })
  );
  await opened.close();
  const writer = await openForWriting(store, sequence.id);
  try {
    for (const { id: number, tag, name } of clip.objects) {
      const { id: tagId } = await getOrCreateTag(store, tag);
      const { id: objectId } = await getOrCreateObject(
        store,
        sequence.id,
        number,
        { tagId, name },
      );
      for (const [frame, { masks }] of scenes.entries()) {
        const bitmap = masks.get(number);
        if (!bitmap) continue;
        await saveMask(writer, { objectId, frame, bitmap, origin: "imported" });
      }
    }
  } finally {
    await writer.close();
  }
  const text = `patient ${patient}: ${frames} frames with their true masks`;
  return displayed({ sequence }, { text });
}
