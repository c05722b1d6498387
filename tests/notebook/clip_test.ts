// The words of a notebook, on the first frames of the sample clip.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  click,
  type Displayable,
  freshFolder,
  jupyterDisplay,
  openClip,
  propagate,
  sampleClipPath,
  sampleTruthPath,
  viewAgreement,
  viewDrift,
  viewFrame,
  viewReview,
  viewStrip,
} from "medannotate";

async function looksOf(view: Displayable): Promise<string> {
  return (await view[jupyterDisplay]())["text/html"] ?? "";
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
    ok((await looksOf(seen)).includes(`polyp ${seen.mask.areaPx} px`));

    const range = { from: 0, to: 5 };
    equal((await propagate(clip, range)).framesTracked, 5);
    equal((await propagate(clip, range)).framesTracked, 0);

    for (
      const view of [
        await viewFrame(clip, 3),
        await viewStrip(clip, { count: 4 }),
        await viewDrift(clip),
        await viewReview(clip),
      ]
    ) {
      const html = await looksOf(view);
      ok(html.includes('src="data:image/'), html.slice(0, 200));
      ok(html.length < 40_000, `${html.length} characters`); // 30 kB in base64
    }
    const [row] = (await viewAgreement(clip, sampleTruthPath)).rows;
    deepEqual([row.object, row.frames, row.worstIou], [1, 90, 0]); // 84 have no mask

    await click(clip, { frame: 4, x: 250, y: 158, sign: "-" });
    // frame 3, now between two clicks, from both sides, and frame 5
    equal((await propagate(clip, range)).framesTracked, 3);
  } finally {
    await clip.close();
    await Deno.remove(folder, { recursive: true });
  }
});
