import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { sampleClip } from "medannotate";
import type { FramePrompt } from "../../lib/sam2/interact.ts";
import { openImage, segmentImage } from "../../lib/work/segment.ts";
import { openSmallModel } from "./small_clip.ts";

const { image } = sampleClip({ frames: 90, size: { width: 160, height: 120 } })
  .frame(20);
const onPolyp: FramePrompt = { kind: "point", x: 97, y: 67, sign: "+" };
const away: FramePrompt = { kind: "point", x: 40, y: 60, sign: "-" };

Deno.test("openImage() answers a further click as if all were given at once, and holds nothing afterwards", async () => {
  const model = await openSmallModel();
  try {
    const { held } = await model.runtime.count();
    for (const zoom of ["off", "auto"] as const) {
      const open = openImage(model, image);
      await open.segment([onPolyp], { zoom });
      const both: readonly FramePrompt[] = [onPolyp, away];
      const own = await open.segment(both, { zoom });
      const whole = await segmentImage(model, image, both, { zoom });
      deepEqual(own.view, whole.view);
      deepEqual(own.mask, whole.mask);
      equal(own.predictedIou, whole.predictedIou);
      await open.close();
    }
    equal((await model.runtime.count()).held, held);
  } finally {
    await model.close();
  }
});

Deno.test("openImage() begins anew where a click was taken back", async () => {
  const model = await openSmallModel();
  const open = openImage(model, image);
  try {
    const first = await open.segment([onPolyp]);
    await open.segment([onPolyp, away]);
    deepEqual((await open.segment([onPolyp])).mask, first.mask);
  } finally {
    await open.close();
    await model.close();
  }
});

Deno.test("segmentImage() zooms into a small object, and gives a mask of the whole image", async () => {
  const model = await openSmallModel();
  try {
    const found = await segmentImage(model, image, [onPolyp], { zoom: "auto" });
    const { x0, y0, x1, y1 } = found.view;
    equal(found.mask.data.length, 160 * 120);
    for (let i = 0; i < found.mask.data.length; i++) {
      const [x, y] = [i % 160, Math.floor(i / 160)];
      const isSeen = x >= x0 && x < x1 && y >= y0 && y < y1;
      ok(isSeen || found.mask.data[i] === 0, `${x}, ${y} is outside the view`);
    }
    await rejects(segmentImage(model, image, []), RangeError);
  } finally {
    await model.close();
  }
});
