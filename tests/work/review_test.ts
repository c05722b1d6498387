import { deepEqual, equal, ok } from "node:assert/strict";
import { parseCoco, parseYoloLabels, saveMask } from "medannotate";
import { createBitmap } from "../../lib/masks/bitmap.ts";
import { encodePng, readImage } from "../../lib/media/image.ts";
import { listSequences } from "../../lib/store/sequences.ts";
import { addAnnotation } from "../../lib/work/annotate.ts";
import { exportStore } from "../../lib/work/export_store.ts";
import { importSequence } from "../../lib/work/import.ts";
import { propagateSequence } from "../../lib/work/propagate.ts";
import { acceptMask, listDrifting } from "../../lib/work/review.ts";
import { verifySequence } from "../../lib/work/verify.ts";
import {
  frameSize,
  onPolyp,
  openClipTests,
  writeFrames,
} from "./small_clip.ts";

const { clipTest } = await openClipTests();

clipTest(
  "importSequence() finds the same frames, wherever they lie",
  async (clip) => {
    const { store, folder, annotator: { writer } } = clip;
    await writeFrames(`${folder}/elsewhere`);
    const { sequence, frames } = await importSequence(
      store,
      `${folder}/elsewhere`,
    );
    await frames.close();
    const source = frames.source;
    deepEqual(sequence, { ...writer.sequence, source });
    equal((await listSequences(store)).length, 1);
  },
);

clipTest(
  "importSequence() takes a clip with one frame less as another one",
  async (clip) => {
    const { store, folder } = clip;
    await writeFrames(`${folder}/shorter`);
    await Deno.remove(`${folder}/shorter/011.png`);
    const { sequence, frames } = await importSequence(
      store,
      `${folder}/shorter`,
    );
    await frames.close();
    deepEqual([sequence.id, sequence.frameCount], [2, 11]);
  },
);

clipTest(
  "verifySequence() finds nothing wrong with what is untouched",
  async (clip) => {
    const objectId = await clip.objectId(1);
    await addAnnotation(clip.annotator, { objectId, frame: 0 }, onPolyp);
    deepEqual(await verifySequence(clip.store, 1), {
      sequenceId: 1,
      frames: 12,
      problems: [],
    });
  },
);

clipTest(
  "verifySequence() names a changed pixel, a moved time and a missing mask file",
  async (clip) => {
    const { store, folder, annotator } = clip;
    const objectId = await clip.objectId(1);
    const mask = await addAnnotation(
      annotator,
      { objectId, frame: 0 },
      onPolyp,
    );

    const path = `${folder}/frames/007.png`;
    const image = await readImage(path);
    const data = image.data.slice();
    data[100] ^= 1;
    await Deno.writeFile(path, await encodePng({ ...image, data }));
    await store.db.updateTable("frame").set({ timeMs: 121 })
      .where("index", "=", 3).execute();
    await Deno.remove(`${folder}/data/${mask.file}`);

    const { problems } = await verifySequence(store, 1);
    deepEqual(problems, [
      "frame 3 is shown at 120 ms, was 121 ms",
      "frame 7 has other pixels than at import",
      `The mask of object ${objectId} on frame 0: ${mask.file} is not there`,
    ]);
  },
);

clipTest(
  "listDrifting() shows the worst first and leaves out what a person accepted",
  async (clip) => {
    const { store, annotator: { writer } } = clip;
    const objectId = await clip.objectId(1);
    const drifts = [0.25, 0.75, 0.5, 0.75, 1];
    for (const [frame, drift] of drifts.entries()) {
      const bitmap = createBitmap(frameSize);
      const mask = { objectId, frame, bitmap, drift };
      await saveMask(writer, { ...mask, origin: "propagated" });
    }
    const drawn = { objectId, frame: 9, bitmap: createBitmap(frameSize) };
    await saveMask(writer, { ...drawn, origin: "drawn", drift: 1 });
    await acceptMask(store, { objectId, frame: 4 });
    const framesOf = async (options = {}) =>
      (await listDrifting(store, 1, options)).map(({ frame }) => frame);
    deepEqual(await framesOf(), [1, 3, 2, 0]); // 0.75 twice, in their order
    deepEqual(await framesOf({ limit: 2 }), [1, 3]);
    deepEqual(await framesOf({ objectId: 99 }), []);
  },
);

clipTest(
  "exportStore() writes as many labels as the store has masks",
  async (clip) => {
    const { annotator, store, folder } = clip;
    for (const number of [1, 2]) {
      const objectId = await clip.objectId(number);
      await addAnnotation(annotator, { objectId, frame: 2 * number }, onPolyp);
    }
    await propagateSequence(annotator);
    const masks = [...(await clip.masks()).values()]
      .filter(({ areaPx }) => areaPx > 0);
    ok(masks.length > 12);

    const yolo = await exportStore(store, {
      format: "yolo",
      out: `${folder}/yolo`,
    });
    const labels = yolo.files.filter(({ path }) => path.startsWith("labels/"));
    equal(labels.length, 12);
    const rows = labels.flatMap(({ path }) =>
      parseYoloLabels(Deno.readTextFileSync(`${yolo.out}/${path}`))
    );
    equal(rows.length, masks.length);

    const coco = await exportStore(store, {
      format: "coco",
      out: `${folder}/coco`,
    });
    const [file] = coco.files.filter(({ path }) =>
      /annotations\/.*\.json$/.test(path)
    );
    const { annotations, images } = parseCoco(
      await Deno.readTextFile(`${coco.out}/${file.path}`),
    );
    equal(images.length, 12);
    const areas = (numbers: readonly number[]) =>
      numbers.toSorted((a, b) => a - b);
    deepEqual(
      areas(annotations.map(({ area }) => area)),
      areas(masks.map(({ areaPx }) => areaPx)),
    );
  },
);

clipTest(
  "listDrifting() learns from what a person accepts and corrects",
  async (clip) => {
    const { annotator, store } = clip;
    const objectId = await clip.objectId(1);
    await addAnnotation(annotator, { objectId, frame: 0 }, onPolyp);
    await propagateSequence(annotator);
    const before = await listDrifting(store, 1);
    deepEqual(
      before.map(({ drift }) => drift),
      before.map(({ drift }) => drift).toSorted((a, b) => b! - a!),
    );
    for (let frame = 1; frame <= 8; frame++) {
      await acceptMask(store, { objectId, frame });
    }
    const accepted = await listDrifting(store, 1);
    equal(accepted.length, before.length - 8);
    for (const { frame, drift } of accepted) {
      const was = before.find((mask) => mask.frame === frame)?.drift;
      ok(drift! < was!, `frame ${frame}: ${drift} after ${was}`);
    }
    // a correction that leaves nothing of the mask speaks against the score
    await addAnnotation(annotator, { objectId, frame: 9 }, {
      kind: "mask",
      rle: {
        size: [frameSize.height, frameSize.width],
        counts: [frameSize.height * frameSize.width],
      },
    });
    const corrected = await listDrifting(store, 1);
    const at = (masks: typeof accepted) =>
      masks.find(({ frame }) => frame === 11)?.drift ?? NaN;
    ok(at(corrected) > at(accepted));
  },
);
