import { deepEqual, ok, rejects } from "node:assert/strict";
import { areaPx, logitsToBitmap, resizeLogits } from "medannotate";
import { z } from "zod";
import { readImage } from "../../lib/media/image.ts";
import {
  encodeFrame,
  predictEach,
  type PredictedMask,
  predictMasks,
} from "../../lib/sam2/image.ts";
import type { PointPrompt } from "../../lib/sam2/prompts.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { encodeNumber, fakeEngine } from "../propagate/fake_engine.ts";

const Box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const Golden = z.object({
  image: z.string(),
  checkpoint: z.string(),
  cases: z.array(z.object({
    predictor: z.object({
      max_hole_area: z.int().optional(),
      max_sprinkle_area: z.int().optional(),
      mask_threshold: z.number().optional(),
    }),
    prompt: z.object({
      point_coords: z.array(z.tuple([z.number(), z.number()])).default([]),
      box: z.union([Box, z.array(Box)]).optional(),
      multimask_output: z.boolean().default(true),
    }),
    /** Of each prompt, of each mask. */
    ious: z.array(z.array(z.number())),
    lowResMean: z.array(z.array(z.number())),
    rowAreasPx: z.array(z.array(z.array(z.int()))),
  })),
});
type Prompt = z.infer<typeof Golden>["cases"][number]["prompt"];

const folder = "tests/golden/sam2";
const golden = Golden.parse(
  JSON.parse(await Deno.readTextFile(`${folder}/image-options.json`)),
);
const image = await readImage(`${folder}/${golden.image}`);

/** One prompt, or one for each of several boxes. */
function promptsOf({ point_coords, box }: Prompt): readonly PointPrompt[] {
  const clicks = point_coords.map(([x, y]) => ({ x, y, sign: "+" as const }));
  const boxes = Box.array().safeParse(box).data ??
    (box ? [Box.parse(box)] : []);
  if (boxes.length === 0) return [{ clicks }];
  return boxes.map(([x0, y0, x1, y1]) => ({
    clicks,
    box: { x0, y0, x1, y1 },
  }));
}

/** Pixels inside in each row of the image. */
function rowAreas(
  { logits }: PredictedMask,
  side: number,
  threshold?: number,
): number[] {
  const low = side / 4;
  const { width, height, data } = logitsToBitmap(
    resizeLogits({ dims: [1, 1, low, low], data: logits }, image),
    { threshold },
  );
  return Array.from({ length: height }, (_, y) => {
    const row = data.subarray(y * width, (y + 1) * width);
    return areaPx({ width, height: 1, data: row });
  });
}

Deno.test(
  "predictEach() gives the masks of the official image predictor: holes, sprinkles, many boxes",
  inFolder(async (cache) => {
    const model = await openModel(
      { model: `${folder}/${golden.checkpoint}`, device: "cpu" },
      { cache },
    );
    const { engine } = model;
    const features = await encodeFrame(engine, image);
    for (const { predictor, prompt, ...wanted } of golden.cases) {
      const answers = await predictEach(engine, features, promptsOf(prompt), {
        frame: image,
        multimask: prompt.multimask_output,
        maxHoleAreaPx: predictor.max_hole_area,
        maxSprinkleAreaPx: predictor.max_sprinkle_area,
        maskThreshold: predictor.mask_threshold,
      });
      const masks = answers.flatMap((answer) => answer.masks);
      const ious = wanted.ious.flat();
      const means = wanted.lowResMean.flat();
      const rows = wanted.rowAreasPx.flat();
      deepEqual(masks.length, ious.length);
      masks.forEach((mask, i) => {
        ok(Math.abs(mask.iou - ious[i]) < 1e-5);
        const sum = mask.lowRes.reduce((a, b) => a + b);
        ok(Math.abs(sum / mask.lowRes.length - means[i]) < 1e-4);
        const areas = rowAreas(mask, engine.side, predictor.mask_threshold);
        areas.forEach((area, y) => {
          ok(Math.abs(area - rows[i][y]) <= 1, `${i}: row ${y}`); // by rounding
        });
      });
    }
    await engine.releaseFeatures(features);
    await model.close();
  }),
);

Deno.test("predictMasks() keeps what may be fed back apart from what is shown", async () => {
  const { engine } = fakeEngine();
  const features = await encodeNumber(engine, 0);
  const prompt = { clicks: [{ x: 40, y: 1, sign: "+" as const }] };
  const { masks } = await predictMasks(engine, features, prompt, {
    frame: { width: 16, height: 16 },
    maxSprinkleAreaPx: 16, // all of the mask, whose logits are the x of the click
  });
  deepEqual(masks.map(({ lowRes, logits }) => [lowRes[0], logits[0]]), [
    [32, -10],
    [32, -10],
    [32, -10],
  ]);
});

Deno.test("predictMasks() refuses logits of another size", async () => {
  const { engine } = fakeEngine();
  const features = await encodeNumber(engine, 0);
  await rejects(
    predictMasks(engine, features, { clicks: [] }, {
      frame: { width: 16, height: 16 },
      previous: new Float32Array(9),
    }),
    { name: "RangeError", message: /9 logits, expected 4x4/ },
  );
});
