import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { checkFiles, listPrompts, saveMask, setVerified } from "medannotate";
import { createBitmap } from "../../lib/masks/bitmap.ts";
import { createSequence } from "../../lib/store/sequences.ts";
import { getOrCreateObject } from "../../lib/store/objects.ts";
import { findMask } from "../../lib/store/masks.ts";
import { addAnnotation, showMissing } from "../../lib/work/annotate.ts";
import { redo, undo } from "../../lib/work/history.ts";
import { propagateSequence } from "../../lib/work/propagate.ts";
import {
  contentOf,
  frameSize,
  onPolyp,
  onWall,
  openClipTests,
  type SmallClip,
} from "./small_clip.ts";

const { model, clipTest } = await openClipTests();

/** The kinds of the prompts in force. */
async function kindsOf({ annotator, store }: SmallClip): Promise<string[]> {
  const prompts = await listPrompts(store, annotator.writer.sequence.id);
  return prompts.map(({ prompt }) => prompt.kind);
}

clipTest(
  "addAnnotation() keeps the prompt and the mask it leads to",
  async (clip) => {
    const { annotator, store } = clip;
    const place = { objectId: await clip.objectId(1), frame: 3 };
    const mask = await addAnnotation(annotator, place, onPolyp);
    equal(mask.origin, "click");
    equal(mask.modelSha256, model.sha256);
    deepEqual([mask.width, mask.height], [160, 120]);
    notEqual(mask.areaPx, 0);
    deepEqual(await kindsOf(clip), ["point"]);
    deepEqual(await findMask(store, place), mask);
    deepEqual(await checkFiles(store, 1), []);
  },
);

clipTest(
  "addAnnotation() gives the same mask for the same prompts, whoever asks",
  async (clip) => {
    const { annotator } = clip;
    const [a, b] = [await clip.objectId(1), await clip.objectId(2)];
    const minus = { ...onWall, sign: "-" } as const;
    for (const objectId of [a, b]) {
      await addAnnotation(annotator, { objectId, frame: 3 }, onPolyp);
      await addAnnotation(annotator, { objectId, frame: 3 }, minus);
    }
    const masks = await clip.masks();
    equal(masks.get(`${a} 3`)?.counts, masks.get(`${b} 3`)?.counts);
  },
);

clipTest(
  "undo() brings back the mask before, redo() the mask after",
  async (clip) => {
    const { annotator, store } = clip;
    const place = { objectId: await clip.objectId(1), frame: 3 };
    const first = await addAnnotation(annotator, place, onPolyp);
    const second = await addAnnotation(annotator, place, onWall);
    notEqual(first.counts, second.counts);

    equal((await undo(annotator))?.kind, "removed");
    deepEqual(contentOf((await findMask(store, place))!), contentOf(first));
    equal((await redo(annotator))?.kind, "added");
    deepEqual(contentOf((await findMask(store, place))!), contentOf(second));
    await undo(annotator);
    await undo(annotator);
    equal(await findMask(store, place), undefined);
    equal(await undo(annotator), undefined);
    await redo(annotator);
    deepEqual(contentOf((await findMask(store, place))!), contentOf(first));
    await redo(annotator);
    equal(await redo(annotator), undefined);
    deepEqual(contentOf((await findMask(store, place))!), contentOf(second));
    deepEqual(await checkFiles(store, 1), []);
  },
);

clipTest(
  "addAnnotation() after undo() drops what could be done again",
  async (clip) => {
    const { annotator } = clip;
    const place = { objectId: await clip.objectId(1), frame: 3 };
    await addAnnotation(annotator, place, onPolyp);
    await undo(annotator);
    await addAnnotation(annotator, place, onWall);
    equal(await redo(annotator), undefined);
    deepEqual(await kindsOf(clip), ["point"]);
  },
);

clipTest(
  "addAnnotation() on a propagated frame starts from its mask, undo() brings that mask back as it was",
  async (clip) => {
    const { annotator, store } = clip;
    const objectId = await clip.objectId(1);
    await addAnnotation(annotator, { objectId, frame: 0 }, onPolyp);
    const done = await propagateSequence(annotator, { to: 4 });
    const place = { objectId, frame: 2 };
    const before = (await findMask(store, place))!;
    equal(before.origin, "propagated");

    const more = { kind: "point", x: 80, y: 80, sign: "+" } as const;
    const corrected = await addAnnotation(annotator, place, more);
    equal(corrected.origin, "click");
    deepEqual(await kindsOf(clip), ["point", "mask", "point"]);
    const other = { objectId: await clip.objectId(2), frame: 2 };
    const fromNothing = await addAnnotation(annotator, other, more);
    notEqual(corrected.counts, fromNothing.counts);

    await undo(annotator); // of the other object
    const undone = await undo(annotator);
    equal(undone?.kind, "removed");
    deepEqual("prompt" in undone! && undone.prompt.prompt, more);
    deepEqual(contentOf((await findMask(store, place))!), contentOf(before));
    deepEqual(await kindsOf(clip), ["point"]);
    // the finished run still has a mask on every frame
    const again = await propagateSequence(annotator, { to: 4 });
    deepEqual(again, { run: done.run, framesTracked: 0, msPerFrame: 0 });

    await redo(annotator);
    deepEqual(contentOf((await findMask(store, place))!), contentOf(corrected));
    deepEqual(await kindsOf(clip), ["point", "mask", "point"]);
    deepEqual(await checkFiles(store, 1), []);
  },
);

clipTest(
  "undo() brings back a mask that a person drew and verified",
  async (clip) => {
    const { annotator, store } = clip;
    const place = { objectId: await clip.objectId(1), frame: 5 };
    const bitmap = createBitmap(frameSize);
    bitmap.data.fill(1, 4000, 4100);
    await saveMask(annotator.writer, { ...place, bitmap, origin: "drawn" });
    const drawn = await setVerified(store, place, true);
    await addAnnotation(annotator, place, onPolyp);
    await undo(annotator);
    deepEqual(contentOf((await findMask(store, place))!), contentOf(drawn));
  },
);

clipTest(
  "addAnnotation() takes a mask as it is, to the pixel",
  async (clip) => {
    const { annotator } = clip;
    const place = { objectId: await clip.objectId(1), frame: 5 };
    // one pixel in the middle of a row: no model would draw that
    const counts = [100, 1, 160 * 120 - 101];
    const rle = { size: [120, 160], counts } as const;
    const mask = await addAnnotation(annotator, place, { kind: "mask", rle });
    equal(mask.areaPx, 1);
  },
);

clipTest(
  "addAnnotation() refuses what does not fit and keeps nothing of it",
  async (clip) => {
    const { annotator, store } = clip;
    const objectId = await clip.objectId(1);
    const outside = { kind: "point", x: 161, y: 5, sign: "+" } as const;
    await rejects(
      addAnnotation(annotator, { objectId, frame: 0 }, outside),
      /Point \(161, 5\) is outside the frame of 160x120 pixels/,
    );
    const empty = { kind: "box", x0: 5, y0: 5, x1: 5, y1: 9 } as const;
    await rejects(
      addAnnotation(annotator, { objectId, frame: 0 }, empty),
      /Box \(5, 5\) to \(5, 9\) is empty or outside/,
    );
    await rejects(
      addAnnotation(annotator, { objectId, frame: 12 }, onPolyp),
      /no frame 12, the sequence has frames 0 to 11/,
    );
    await rejects(
      addAnnotation(annotator, { objectId: 99, frame: 0 }, onPolyp),
      /Sequence 1 has no object 99/,
    );
    const other = await createSequence(store, {
      ...annotator.writer.sequence,
      name: "other",
      frames: [{ timeMs: 0, name: "0.png", sha256: "0" }],
    });
    const foreign = await getOrCreateObject(store, other.id, 1);
    await rejects(
      addAnnotation(annotator, { objectId: foreign.id, frame: 0 }, onPolyp),
      /Sequence 1 has no object/,
    );
    deepEqual(await kindsOf(clip), []);
    deepEqual(await listPrompts(store, other.id), []);
    equal((await clip.masks()).size, 0);
  },
);

clipTest(
  "addAnnotation() keeps no prompt when the model fails",
  async (clip) => {
    const { annotator } = clip;
    const place = { objectId: await clip.objectId(1), frame: 0 };
    const engine = {
      ...model.engine,
      decode: () => Promise.reject(new Error("the device was lost")),
    };
    const broken = { ...annotator, model: { ...model, engine } };
    await rejects(addAnnotation(broken, place, onPolyp), /the device was lost/);
    deepEqual(await kindsOf(clip), []);
    equal((await clip.masks()).size, 0);
  },
);

clipTest(
  "showMissing() shows prompts that have no mask yet and leaves the others",
  async (clip) => {
    const { annotator } = clip;
    const objectId = await clip.objectId(1);
    const mask = await addAnnotation(
      annotator,
      { objectId, frame: 1 },
      onPolyp,
    );
    await showMissing(annotator);
    const masks = await clip.masks();
    deepEqual([...masks.values()], [mask]);
  },
);
