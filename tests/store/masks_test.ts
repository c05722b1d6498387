import { deepEqual, equal, match, rejects } from "node:assert/strict";
import {
  addPrompt,
  checkFiles,
  commitFrame,
  createBitmap,
  deleteMask,
  deleteMasks,
  deleteMasksByTag,
  deleteObject,
  findMask,
  getOrCreateObject,
  getOrCreateTag,
  listMasks,
  listObjects,
  listPrompts,
  type NewMask,
  openForWriting,
  readMask,
  readMaskBitmap,
  saveMask,
  setVerified,
  startRun,
  undoPrompt,
} from "medannotate";
import {
  firstPixels,
  type Fresh,
  inStore,
  listFiles,
  propagated,
  runInputs,
} from "./fresh_store.ts";

/** Runs a test with a writer and a run, and proves at the end that rows and files agree. */
function inRun(
  test: (
    fresh: Fresh & {
      writer: Awaited<ReturnType<typeof openForWriting>>;
      runId: number;
      commit: (masks: readonly NewMask[]) => ReturnType<typeof commitFrame>;
    },
  ) => Promise<void>,
) {
  return inStore(async (fresh) => {
    const { store, sequence } = fresh;
    const { id } = await startRun(store, {
      ...runInputs,
      sequenceId: sequence.id,
    });
    const writer = await openForWriting(store, sequence.id);
    const rest = { runId: id, memories: [], forget: [], framesDone: 1 };
    const commit = (masks: readonly NewMask[]) =>
      commitFrame(writer, { masks, ...rest });
    await test({ ...fresh, writer, runId: id, commit });
    await writer.close();
    deepEqual(await checkFiles(store, sequence.id), []);
  });
}

Deno.test(
  "commitFrame() keeps a mask as run lengths and as a picture",
  inRun(async ({ store, folder, sequence, object, runId, commit }) => {
    const mask = propagated(object.id, 2, firstPixels(2));
    const { saved, kept } = await commit([{
      ...mask,
      predictedIou: 0.75,
      source: "forward",
    }]);
    deepEqual(kept, []);
    const found = await findMask(store, mask);
    deepEqual(saved, [found]);
    equal(found?.counts, "01206"); // 0 1 2 1 8: a pixel atop two columns; 1 - 1 = 0, 8 - 2 = 6
    equal(found?.areaPx, 2);
    equal(found?.runId, runId);
    equal(found?.predictedIou, 0.75);
    match(
      found!.file,
      new RegExp(`^masks/${sequence.id}/1/00002-\\w{8}\\.png$`),
    );
    deepEqual(await readMask(`${folder}/${found!.file}`), mask.bitmap);
    deepEqual(readMaskBitmap(found!), mask.bitmap);
  }),
);

Deno.test(
  "commitFrame() replaces a mask and its file",
  inRun(async ({ store, folder, sequence, object, commit }) => {
    for (const count of [1, 2, 2, 3]) {
      await commit([propagated(object.id, 0, firstPixels(count))]);
    }
    const [mask] = await listMasks(store, sequence.id);
    equal(mask.areaPx, 3);
    const pictures = (await listFiles(folder)).filter((f) =>
      f.endsWith(".png")
    );
    deepEqual(pictures, [mask.file]);
  }),
);

Deno.test(
  "commitFrame() stores an empty mask",
  inRun(async ({ store, folder, object, commit }) => {
    const empty = createBitmap({ width: 4, height: 3 });
    const { saved: [mask] } = await commit([propagated(object.id, 0, empty)]);
    equal(mask.areaPx, 0);
    deepEqual(await readMask(`${folder}/${mask.file}`), empty);
    deepEqual(await findMask(store, mask), mask);
  }),
);

Deno.test(
  "commitFrame() never overwrites what is verified or not propagated",
  inRun(async ({ store, sequence, object, writer, commit }) => {
    const second = await getOrCreateObject(store, sequence.id, 2);
    const third = await getOrCreateObject(store, sequence.id, 3);
    const at = (id: number, count: number) =>
      propagated(id, 0, firstPixels(count));
    await commit([at(object.id, 1), at(third.id, 1)]);
    await setVerified(store, at(object.id, 1), true);
    await saveMask(writer, { ...at(second.id, 1), origin: "drawn" });

    const again = [object, second, third].map(({ id }) => at(id, 5));
    const { saved, kept } = await commit(again);
    deepEqual(saved.map(({ objectId }) => objectId), [third.id]);
    deepEqual(kept.map(({ objectId }) => objectId), [object.id, second.id]);
    const areas = (await listMasks(store, sequence.id)).map((m) => m.areaPx);
    deepEqual(areas, [1, 1, 5]);
  }),
);

Deno.test(
  "saveMask() lets a person replace anything and a model only models' masks",
  inRun(async ({ store, object, writer }) => {
    const save = async (origin: NewMask["origin"], count: number) => {
      const bitmap = firstPixels(count);
      const mask = { objectId: object.id, frame: 0, bitmap, origin };
      return (await saveMask(writer, mask)).areaPx;
    };
    equal(await save("propagated", 1), 1);
    equal(await save("detected", 2), 2);
    equal(await save("propagated", 3), 2); // propagation replaces only propagation
    equal(await save("drawn", 4), 4);
    equal(await save("detected", 5), 4);
    await setVerified(store, { objectId: object.id, frame: 0 }, true);
    equal(await save("click", 6), 6);
  }),
);

Deno.test(
  "commitFrame() refuses masks that do not fit and changes nothing",
  inRun(async ({ store, folder, sequence, object, commit }) => {
    const good = propagated(object.id, 0, firstPixels(1));
    const small = { width: 1, height: 1, data: Uint8Array.of(1) };
    const before = await listFiles(folder);
    const refused = async (bad: NewMask, message: RegExp) =>
      await rejects(commit([good, bad]), message);
    await refused({ ...good, frame: 4 }, /has frames 0 to 3/);
    await refused({ ...good, frame: 1, bitmap: small }, /mask of 1x1: .* 4x3/);
    await refused({ ...good, objectId: 99 }, /has no object 99/);
    await refused(good, /two masks of object \d+ on frame 0/);
    deepEqual(await listMasks(store, sequence.id), []);
    deepEqual(await listFiles(folder), before);
  }),
);

Deno.test(
  "commitFrame() takes its files back when the transaction fails",
  inRun(async ({ store, folder, sequence, object, writer, commit }) => {
    const { saved: [old] } = await commit([
      propagated(object.id, 0, firstPixels(1)),
    ]);
    const before = await listFiles(folder);
    await rejects(
      commitFrame(writer, {
        runId: 99,
        masks: [propagated(object.id, 0, firstPixels(2))],
        memories: [],
        forget: [],
        framesDone: 1,
      }),
      /has no run 99\. Nothing was changed/,
    );
    deepEqual(await listFiles(folder), before);
    deepEqual(await listMasks(store, sequence.id), [old]);
  }),
);

Deno.test(
  "saveMask() called many times at once leaves one file per mask",
  inRun(async ({ store, folder, sequence, object, writer }) => {
    await Promise.all(Array.from({ length: 24 }, (_, i) =>
      saveMask(writer, {
        objectId: object.id,
        frame: i % 2,
        bitmap: firstPixels(i % 5),
        origin: "click",
      })));
    const masks = await listMasks(store, sequence.id);
    deepEqual(masks.map(({ areaPx }) => areaPx), [2, 3]); // 22 % 5, 23 % 5
    const pictures = (await listFiles(folder)).filter((f) =>
      f.endsWith(".png")
    );
    equal(pictures.length, 2);
  }),
);

Deno.test(
  "deleteMasks() removes rows and files of a range, both ends included",
  inRun(async ({ store, sequence, object, writer, commit }) => {
    for (const frame of [0, 1, 2, 3]) {
      await commit([propagated(object.id, frame, firstPixels(1))]);
    }
    equal(
      await deleteMasks(writer, { objectId: object.id, from: 1, to: 2 }),
      2,
    );
    equal(await deleteMask(writer, { objectId: object.id, frame: 0 }), true);
    equal(await deleteMask(writer, { objectId: object.id, frame: 0 }), false);
    const left = await listMasks(store, sequence.id, { from: 0, to: 3 });
    deepEqual(left.map(({ frame }) => frame), [3]);
  }),
);

Deno.test(
  "deleteMasksByTag() takes the objects of that tag, deleteObject() one with everything",
  inRun(async ({ store, folder, sequence, object, writer, commit }) => {
    const { id: tagId } = await getOrCreateTag(store, "polyp");
    const polyp = await getOrCreateObject(store, sequence.id, 2, { tagId });
    for (const frame of [0, 1]) {
      await commit(
        [object, polyp].map(({ id }) => propagated(id, frame, firstPixels(1))),
      );
    }
    equal(await deleteMasksByTag(writer, tagId, { from: 1 }), 1);
    equal((await listMasks(store, sequence.id)).length, 3);
    const prompt = { kind: "point", x: 1, y: 1, sign: "+" } as const;
    await addPrompt(store, { objectId: object.id, frame: 0, prompt });
    await deleteObject(writer, object.id);
    deepEqual(await listPrompts(store, sequence.id), []);
    equal(await undoPrompt(store, sequence.id), undefined);
    await rejects(deleteObject(writer, object.id), /has no object/);
    deepEqual(await listObjects(store, sequence.id), [polyp]);
    deepEqual((await listMasks(store, sequence.id)).map((m) => m.frame), [0]);
    const pictures = (await listFiles(folder)).filter((f) =>
      f.endsWith(".png")
    );
    equal(pictures.length, 1);
  }),
);

Deno.test(
  "checkFiles() finds every kind of disagreement",
  inStore(async ({ store, folder, sequence, object }) => {
    const writer = await openForWriting(store, sequence.id);
    const files: string[] = [];
    for (const frame of [0, 1, 2]) {
      const mask = propagated(object.id, frame, firstPixels(frame + 1));
      files.push(`${folder}/${(await saveMask(writer, mask)).file}`);
    }
    await writer.close();
    await Deno.copyFile(files[1], files[0]);
    await Deno.copyFile(files[1], files[1].replace("00001", "00003"));
    await Deno.writeTextFile(files[1], "no picture");
    await Deno.remove(files[2]);
    const kinds = (await checkFiles(store, sequence.id)).map((p) => p.kind);
    deepEqual(kinds, ["differs", "unreadable", "missing", "orphan"]);
  }),
);
