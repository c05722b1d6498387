// Real clips: clicks simulated from the truth of one frame, propagated, and
// compared frame by frame with what the official predictor gives for the same
// weights and clicks.

import { deepEqual, ok } from "node:assert/strict";
import { z } from "zod";
import { createBitmap } from "../../lib/masks/bitmap.ts";
import { iou } from "../../lib/masks/metrics.ts";
import { type Click, nextClick } from "../../lib/masks/next_click.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import { readMask } from "../../lib/media/image.ts";
import { propagateMasks, toFrameMask } from "../../lib/propagate/propagate.ts";
import { encodeFrame } from "../../lib/sam2/image.ts";
import { addPrompt, type Interaction } from "../../lib/sam2/interact.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { planWhole } from "../propagate/plan_whole.ts";
import { sharedTest, sharedUrl } from "../shared.ts";

const Expected = z.record(
  z.string(),
  z.object({
    side: z.int(),
    clicks: z.array(z.object({
      x: z.number(),
      y: z.number(),
      sign: z.enum(["+", "-"]),
    })),
    iouFrame0ByClicks: z.array(z.number()),
    meanIouAfter: z.number(),
    copyFirstTruth: z.number(),
    iouByFrame: z.array(z.number()),
  }),
);

async function truthOf(set: string) {
  const folder = new URL(`data/${set}/masks/`, sharedUrl).pathname;
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  return await Promise.all(names.map((name) => readMask(folder + name)));
}

for (const set of ["kvasir-capsule-run1", "davis16-blackswan"]) {
  sharedTest(
    `propagateMasks() agrees with the official predictor on ${set}`,
    async () => {
      const path = new URL("models/expected.json", sharedUrl);
      const all = Expected.parse(JSON.parse(await Deno.readTextFile(path)));
      const truth = await truthOf(set);
      const frames = await openFrames(
        new URL(`data/${set}/images`, sharedUrl).pathname,
      );
      for (const side of [128, 192]) {
        const expected = all[`${set}@${side}`];
        const model = await openModel({
          model: "tests/golden/sam2/sam2-nano-bootstrap.pt",
          device: "cpu",
          size: side,
        });
        const { engine } = model;
        const frameSize = frames.size;

        // three clicks from the truth of frame 0, each at the largest error
        const clicks: Click[] = [];
        const byClicks: number[] = [];
        let shown = createBitmap(frameSize);
        let given: Interaction | undefined;
        const first = await encodeFrame(engine, await frames.read(0));
        for (let i = 0; i < 3; i++) {
          const click = nextClick(truth[0], shown);
          ok(click);
          clicks.push(click);
          const prompt = { kind: "point", ...click } as const;
          const place = { frame: 0, frameSize };
          given = await addPrompt(engine, first, given, prompt, place);
          shown = toFrameMask(given.result.lowRes, frameSize);
          byClicks.push(iou(shown, truth[0]));
        }
        await engine.releaseFeatures(first);
        deepEqual(clicks, expected.clicks);

        const prompts = clicks.map((click) =>
          ({ kind: "point", ...click }) as const
        );
        const conditions = new Map([[1, [{ frame: 0, prompts }]]]);
        const to = frames.count - 1;
        const steps = planWhole(1, [0], frames.count);
        const found = [byClicks[2]];
        const source = {
          engine,
          frameCount: frames.count,
          frameSize,
          conditions,
          readFeatures: async (frame: number) =>
            await encodeFrame(engine, await frames.read(frame)),
        };
        for await (const { step, masks } of propagateMasks(source, steps)) {
          found[step.frame] = iou(masks[0].mask, truth[step.frame]);
        }
        const worst = Math.max(
          ...found.map((value, i) => Math.abs(value - expected.iouByFrame[i])),
        );
        const mean = found.slice(1).reduce((sum, value) => sum + value, 0) / to;
        console.log(
          `${set} at ${side}: ${
            byClicks.map((v) => v.toFixed(3)).join(" ")
          } after 1 to 3 clicks, ` +
            `mean IoU afterwards ${
              mean.toFixed(4)
            } (official ${expected.meanIouAfter}, ` +
            `copying the true first mask ${expected.copyFirstTruth}), worst frame differs by ${
              worst.toFixed(4)
            }`,
        );
        ok(Math.abs(mean - expected.meanIouAfter) <= 0.01);
        ok(worst <= 0.05);
        await model.close();
      }
      await frames.close();
    },
  );
}
