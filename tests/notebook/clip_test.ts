// The words of a notebook, on the first frames of the sample clip.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  agreement,
  click,
  type Displayable,
  drift,
  encodePng,
  exportClip,
  freshFolder,
  jupyterDisplay,
  listMasks,
  listPrompts,
  openClip,
  openDataStore,
  openFrames,
  propagate,
  replay,
  review,
  sampleClipPath,
  sampleTruthPath,
  show,
  strip,
  undo,
} from "medannotate";

async function textOf(view: Displayable): Promise<string> {
  return (await view[jupyterDisplay]())["text/plain"] ?? "";
}

Deno.test("freshFolder() refuses a name that leads elsewhere", async () => {
  await rejects(freshFolder("../models"), RangeError);
  await rejects(freshFolder(""), RangeError);
});

Deno.test("a clip is clicked, propagated, looked at and corrected", async () => {
  const folder = await Deno.makeTempDir();
  const clip = await openClip(sampleClipPath, { folder, device: "cpu" });
  try {
    const seen = await click(clip, { frame: 2, x: 290, y: 200, tag: "polyp" });
    deepEqual(seen.masks, [seen.mask]);
    ok((await textOf(seen)).includes(`polyp ${seen.mask.areaPx} px`));
    equal(
      await textOf(await review(clip)),
      "nothing to review: no propagated mask",
    );

    const range = { from: 0, to: 5 };
    equal((await propagate(clip, range)).framesTracked, 5);
    equal((await propagate(clip, range)).framesTracked, 0);

    for (
      const view of [
        await show(clip, 3),
        await show(await clip.frames.read(3), { masks: [] }),
        await strip(clip, { count: 4 }),
        await drift(clip),
        await review(clip),
      ]
    ) {
      const looks = await view[jupyterDisplay]();
      const picture = looks["image/jpeg"] ?? looks["image/png"] ?? "";
      ok(picture.length > 1000 && picture.length < 30_000, `${picture.length}`);
      equal(looks["text/html"], undefined); // it would win over the picture
    }
    const measured = await agreement(clip, sampleTruthPath);
    const [polyp] = measured.objects;
    deepEqual([polyp.object, polyp.frames, polyp.worstIou], [1, 90, 0]); // 84 have no mask
    const { ranking } = await drift(clip, { truth: sampleTruthPath });
    equal(ranking?.masks, 5);

    await click(clip, { frame: 4, x: 250, y: 158, sign: "-" });
    // frame 3, now between two clicks, from both sides, and frame 5
    equal((await propagate(clip, range)).framesTracked, 3);
  } finally {
    await clip.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("replay() on the same model gives the same masks, on another size others", async () => {
  const folder = await Deno.makeTempDir();
  const input = `${folder}/frames`;
  await writeFrames(input, 6);
  const options = { device: "cpu", folder: `${folder}/first` } as const;
  const clip = await openClip(input, options);
  try {
    await click(clip, { frame: 1, x: 290, y: 200, tag: "polyp" });
    await click(clip, { frame: 1, x: 10, y: 10 });
    await undo(clip);
    await propagate(clip);
    await click(clip, { frame: 4, x: 250, y: 158, sign: "-" });
    await propagate(clip);

    const place = { device: "cpu", folder: `${folder}/second` } as const;
    const again = await replay(clip, place);
    equal(again.prompts, 2);
    equal(again.name, "sam2-nano 128 px");
    deepEqual(again.rows.map(({ iou }) => iou), [1, 1, 1, 1, 1, 1]);
    const other = await openDataStore({ folder: again.folder });
    const kinds = (await listPrompts(other, 1)).map(({ prompt }) =>
      prompt.kind
    );
    deepEqual(kinds, ["point", "mask", "point"]); // the mask that the other model had there
    const counts = async (store: typeof other) =>
      (await listMasks(store, 1)).map(({ counts }) => counts);
    deepEqual(await counts(other), await counts(clip.store));
    await other.close();
    await rejects(replay(clip, place), /has objects of this clip already/);

    const small = { ...place, folder: `${folder}/third`, size: 96 };
    const coarse = await replay(clip, { ...small, name: "96" });
    equal(coarse.name, "96");
    ok(coarse.rows.some(({ iou }) => iou < 1));

    const out = `${folder}/out`;
    const view = await exportClip(clip, { format: "coco", out });
    ok((await textOf(view)).includes("no independent validation"));
    equal(view.counts[0].masks, 6);
  } finally {
    await clip.close();
    await Deno.remove(folder, { recursive: true });
  }
});

/** The first frames of the sample clip as pictures. */
async function writeFrames(folder: string, count: number) {
  const frames = await openFrames(sampleClipPath);
  await Deno.mkdir(folder);
  for (let i = 0; i < count; i++) {
    const png = await encodePng(await frames.read(i));
    await Deno.writeFile(`${folder}/${i}.png`, png);
  }
  await frames.close();
}
