import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import {
  addTags,
  encodeMaskPng,
  encodePng,
  evaluateClicks,
  findTagByCode,
  getOrCreateObject,
  importSequence,
  openMemoryStore,
  sampleClip,
  saveMask,
  setVerified,
  type Store,
} from "medannotate";
import { openForWriting } from "../../../../lib/store/writer.ts";
import {
  filesWithTruth,
  listVerified,
} from "../../../../lib/work/evaluation/clicks/click_clip.ts";
import { inFolder } from "../../../media/temporary_folder.ts";
import { openSmallModel } from "../../small_clip.ts";

const size = { width: 160, height: 120 };
const clip = sampleClip({ frames: 90, size });
const polyp = 1;

/** Puts a few frames of the sample clip into a store; the polyp is verified on some. */
async function fillStore(
  store: Store,
  folder: string,
  { patient, from, verified }: {
    readonly patient: string;
    readonly from: number;
    readonly verified: readonly number[];
  },
): Promise<number> {
  const input = `${folder}/${patient}`;
  await Deno.mkdir(input);
  const shown = [0, 1, 2, 3].map((i) => clip.frame(from + i));
  for (const [i, { image }] of shown.entries()) {
    await Deno.writeFile(`${input}/${i}.png`, await encodePng(image));
  }
  const { sequence, frames } = await importSequence(store, input, { patient });
  await addTags(store, [{ code: "polyp" }]);
  const tagId = (await findTagByCode(store, "polyp"))?.id ?? null;
  const writer = await openForWriting(store, sequence.id);
  const { id } = await getOrCreateObject(store, sequence.id, 1, { tagId });
  for (const [frame, { masks }] of shown.entries()) {
    const bitmap = masks.get(polyp);
    if (!bitmap) throw new Error("the polyp is on every frame");
    await saveMask(writer, { objectId: id, frame, bitmap, origin: "drawn" });
    if (verified.includes(frame)) {
      await setVerified(store, { objectId: id, frame }, true);
    }
  }
  await writer.close();
  await frames.close();
  return sequence.id;
}

Deno.test(
  "evaluateClicks() measures what is verified in a store, by tag and patient, and writes a page",
  inFolder(async (folder) => {
    const store = await openMemoryStore(`${folder}/store`);
    const model = await openSmallModel();
    try {
      const a = { patient: "a", from: 20, verified: [0, 1, 3] };
      const b = { patient: "b", from: 60, verified: [0, 2] };
      await fillStore(store, folder, a);
      const id = await fillStore(store, folder, b);
      const out = `${folder}/out`;
      const options = { every: 1, maxClicks: 6, corrections: 2, samples: 50 };
      const sources = await listVerified(store);
      const found = await evaluateClicks(model, sources, { ...options, out });
      equal(found.stills?.trials, 5);
      deepEqual(found.patients.map(({ name }) => name), ["a", "b"]);
      deepEqual(found.tags.map(({ name }) => name), ["polyp"]);
      equal(found.video?.objects, 2);
      deepEqual(
        found.trials.map(({ patient, frame }) => `${patient} ${frame}`),
        ["a 0", "a 1", "a 3", "b 0", "b 2"],
      );
      for (const { ious, dices, clicks } of found.trials) {
        ok(ious.length >= 5 && ious.length === clicks.length);
        ious.forEach((iou, i) =>
          equal(dices[i].toFixed(9), (2 * iou / (1 + iou)).toFixed(9))
        );
      }
      const { low, high } = found.intervals.diceAfter3;
      ok(low !== null && high !== null && low <= high);

      const json = await Deno.readTextFile(`${out}/clicks.json`);
      const page = await Deno.readTextFile(`${out}/clicks.html`);
      equal(JSON.parse(json).stills.trials, 5);
      match(page, /Clicks to quality: sam2-nano/);
      equal(page.match(/data:image\/jpeg/g)?.length, 5); // a picture each
      ok(!/(src|href)="(?!data:)/.test(page), "nothing is fetched");

      const again = await evaluateClicks(model, sources, { ...options, out });
      equal(await Deno.readTextFile(`${out}/clicks.json`), json);
      deepEqual(again.trials, found.trials);

      const only = await listVerified(store, { sequenceIds: [id] });
      deepEqual(only.map(({ name }) => name), ["b"]);
    } finally {
      await model.close();
      await store.close();
    }
  }),
);

Deno.test(
  "listVerified() says what is missing",
  inFolder(async (folder) => {
    const store = await openMemoryStore(`${folder}/store`);
    const none = { patient: "a", from: 20, verified: [] };
    const id = await fillStore(store, folder, none);
    await rejects(listVerified(store), /no mask of 1 sequences is verified/);
    await rejects(
      listVerified(store, { sequenceIds: [id + 1] }),
      /there is no sequence/,
    );
    await store.close();
  }),
);

Deno.test(
  "evaluateClicks() clicks through the zoom, on frames with a truth beside them",
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/frames`);
    const { image, masks } = clip.frame(20);
    await Deno.writeFile(`${folder}/frames/0.png`, await encodePng(image));
    const bitmap = masks.get(polyp);
    if (!bitmap) throw new Error("the polyp is on every frame");
    await Deno.mkdir(`${folder}/truth`);
    await Deno.writeFile(
      `${folder}/truth/0.png`,
      await encodeMaskPng(bitmap),
    );
    const model = await openSmallModel();
    try {
      const source = filesWithTruth(`${folder}/frames`, `${folder}/truth`);
      const found = await evaluateClicks(model, [source], {
        zoom: "auto",
        maxClicks: 5,
      });
      equal(found.settings.zoom, "auto");
      equal(found.trials.length, 1);
      equal(found.video, undefined); // one frame is no clip
      await rejects(
        evaluateClicks(model, [source], { maxClicks: 4 }),
        /expected at least 5/,
      );
    } finally {
      await model.close();
    }
  }),
);
