// A clip of twelve small generated frames in a store of its own, with the model
// that ships at 64 px, so that the whole main job takes a second.

import { encodePng, type Prompt, sampleClip, type Store } from "medannotate";
import { openForWriting } from "../../lib/store/writer.ts";
import { listMasks, type StoredMask } from "../../lib/store/masks.ts";
import { getOrCreateObject } from "../../lib/store/objects.ts";
import type { Annotator } from "../../lib/work/annotate.ts";
import { importSequence } from "../../lib/work/import.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { inFolder } from "../media/temporary_folder.ts";

export const frameCount = 12;
export const frameSize = { width: 160, height: 120 };

const clip = sampleClip({ frames: 90, size: frameSize });
const pictures = await Promise.all(
  Array.from(
    { length: frameCount },
    async (_, i) => await encodePng(clip.frame(i + 20).image),
  ),
);

/** The model of all tests in a file; close it after them. */
export function openSmallModel() {
  return openModel({ size: 64, device: "cpu" });
}

/** Writes the frames as pictures into a new folder. */
export async function writeFrames(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [i, picture] of pictures.entries()) {
    const name = `${String(i).padStart(3, "0")}.png`;
    await Deno.writeFile(`${folder}/${name}`, picture);
  }
}

/** A click on the polyp, which is there on every frame. */
export const onPolyp: Prompt = { kind: "point", x: 97, y: 67, sign: "+" };
/** A click elsewhere on the wall. */
export const onWall: Prompt = { kind: "point", x: 40, y: 60, sign: "+" };

/** What a test works with. */
export type SmallClip = {
  readonly folder: string;
  readonly store: Store;
  readonly annotator: Annotator;
  /** The row of the object with a number. */
  objectId(number: number): Promise<number>;
  /** All masks: `object id frame` and what was kept. */
  masks(): Promise<ReadonlyMap<string, StoredMask>>;
};

/** Runs a test on the imported clip; `folder/frames` and `folder/data` are its places. */
export function onClip(
  model: Awaited<ReturnType<typeof openSmallModel>>,
  test: (clip: SmallClip) => Promise<void>,
) {
  return inFolder(async (folder) => {
    await writeFrames(`${folder}/frames`);
    const store = await openDataStore({ folder: `${folder}/data` });
    const { sequence, frames } = await importSequence(
      store,
      `${folder}/frames`,
    );
    const writer = await openForWriting(store, sequence.id);
    try {
      await test({
        folder,
        store,
        annotator: { writer, frames, model },
        objectId: async (number) =>
          (await getOrCreateObject(store, sequence.id, number)).id,
        masks: async () => {
          const all = await listMasks(store, sequence.id);
          return new Map(all.map((m) => [`${m.objectId} ${m.frame}`, m]));
        },
      });
    } finally {
      await writer.close();
      await frames.close();
      await store.close();
    }
  });
}

/** What must not change of a mask when something else happens. */
export function contentOf(
  { counts, origin, source, drift, predictedIou, presenceScore, verified }:
    StoredMask,
) {
  return {
    counts,
    origin,
    source,
    drift,
    predictedIou,
    presenceScore,
    verified,
  };
}

/** One model for the tests of a file, each of them on an imported clip of its own. */
export async function openClipTests() {
  const model = await openSmallModel();
  Deno.test.afterAll(() => model.close());
  const clipTest = (name: string, test: (clip: SmallClip) => Promise<void>) =>
    Deno.test(name, onClip(model, test));
  return { model, clipTest };
}
