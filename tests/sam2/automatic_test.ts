import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { z } from "zod";
import { boxOf, rleIou, rleToBitmap } from "medannotate";
import { readImage } from "../../lib/media/image.ts";
import {
  cleanRegions,
  type EverythingOptions,
  type FoundMask,
  segmentEverything,
} from "../../lib/sam2/automatic.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { fakeEngine } from "../propagate/fake_engine.ts";
import { sharedTest, sharedUrl } from "../shared.ts";

const Box = z.tuple([z.int(), z.int(), z.int(), z.int()]);
const Counts = z.array(z.int());
const Mask = z.object({
  area: z.int(),
  /** x, y, width and height between first and last pixels. */
  bbox: Box,
  predictedIou: z.number(),
  stability: z.number(),
});
const Options = z.record(z.string(), z.union([z.number(), z.boolean()]));
const Golden = z.object({
  image: z.string(),
  side: z.int(),
  runs: z.array(z.object({
    name: z.string(),
    options: Options,
    masks: z.array(Mask.extend({
      point: z.tuple([z.number(), z.number()]),
      cropBox: Box,
      counts: Counts,
    })),
  })),
  /** An image outside the project. */
  real: z.object({
    image: z.string(),
    options: Options,
    masks: z.array(Mask),
  }),
  regions: z.object({
    minArea: z.int(),
    nmsThreshold: z.number(),
    before: z.array(Counts),
    after: z.array(Counts),
    boxes: z.array(Box),
  }),
});
const folder = "tests/golden/sam2";
const golden = Golden.parse(
  JSON.parse(await Deno.readTextFile(`${folder}/automatic.json`)),
);

const ours: Readonly<Record<string, keyof EverythingOptions>> = {
  points_per_side: "pointsPerSide",
  pred_iou_thresh: "minPredictedIou",
  stability_score_thresh: "minStability",
  stability_score_offset: "stabilityOffset",
  mask_threshold: "maskThreshold",
  box_nms_thresh: "boxNmsThreshold",
  crop_n_layers: "cropLayers",
  crop_nms_thresh: "cropNmsThreshold",
  crop_n_points_downscale_factor: "cropPointsDownscale",
  min_mask_region_area: "minRegionAreaPx",
  use_m2m: "refine",
  multimask_output: "multimask",
};

function optionsOf(official: Readonly<Record<string, number | boolean>>) {
  const named = Object.entries(official).map(([key, value]) => {
    ok(ours[key], key);
    return [ours[key], value];
  });
  return Object.fromEntries(named) as EverythingOptions;
}

/** Segments a picture with the model of the golden. */
async function segmentPicture(
  path: string,
  official: z.infer<typeof Options>,
): Promise<readonly FoundMask[]> {
  const model = await openModel({
    model: `${folder}/sam2-nano-bootstrap.pt`,
    size: golden.side,
    device: "cpu",
  });
  try {
    const image = await readImage(path);
    return await segmentEverything(model.engine, image, optionsOf(official));
  } finally {
    await model.close();
  }
}

function checkMask(mask: FoundMask, official: z.infer<typeof Mask>) {
  const { x0, y0, x1, y1 } = mask.box;
  const box = [x0, y0, x1 - 1 - x0, y1 - 1 - y0];
  official.bbox.forEach((at, k) => ok(Math.abs(at - box[k]) <= 1));
  // a pixel or two turn over by rounding, on other devices too
  ok(Math.abs(mask.areaPx - official.area) <= 2 + official.area / 1000);
  ok(Math.abs(mask.predictedIou - official.predictedIou) < 1e-4);
  ok(Math.abs(mask.stability - official.stability) < 0.005);
}

for (const { name, options, masks: wanted } of golden.runs) {
  Deno.test(`segmentEverything() finds the masks of the official generator (${name})`, async () => {
    const found = await segmentPicture(`${folder}/${golden.image}`, options);
    equal(found.length, wanted.length);
    found.forEach((mask, i) => { // in the same order
      const { counts, point: [x, y], cropBox, ...official } = wanted[i];
      checkMask(mask, official);
      ok(rleIou(mask.rle, { size: mask.rle.size, counts }) > 0.99);
      // float32 there
      ok(Math.hypot(mask.point.x - x, mask.point.y - y) < 1e-4);
      const { x0: left, y0: top, x1: right, y1: foot } = mask.cropBox;
      deepEqual([left, top, right - left, foot - top], cropBox);
    });
  });
}

sharedTest(
  "segmentEverything() finds the masks of the official generator on a real frame",
  async () => {
    const { image, options, masks } = golden.real;
    const { pathname } = new URL(image, sharedUrl);
    const found = await segmentPicture(pathname, options);
    equal(found.length, masks.length);
    found.forEach((mask, i) => checkMask(mask, masks[i]));
  },
);

/** A mask of 200x150 pixels that came from nowhere. */
function foundOf(counts: readonly number[]): FoundMask {
  const rle = { size: [150, 200], counts } as const;
  const box = boxOf(rleToBitmap(rle));
  if (!box) throw new Error("the mask is empty");
  const from = { predictedIou: 1, stability: 1, point: { x: 0, y: 0 } };
  return { rle, areaPx: 0, box, cropBox: box, ...from };
}

Deno.test("cleanRegions() does what the official postprocess_small_regions does", () => {
  const { minArea, nmsThreshold, before, after, boxes } = golden.regions;
  const cleaned = cleanRegions(before.map(foundOf), {
    minAreaPx: minArea,
    boxNmsThreshold: nmsThreshold,
  });
  const texts = (lists: readonly (readonly number[])[]) =>
    lists.map(String).sort();
  deepEqual(texts(cleaned.map(({ rle }) => rle.counts)), texts(after));
  deepEqual(
    texts(
      cleaned.map(({ box: { x0, y0, x1, y1 } }) => [x0, y0, x1 - 1, y1 - 1]),
    ),
    texts(boxes),
  );
});

Deno.test("cleanRegions() keeps the largest island where all are small", () => {
  // one column of ten pixels: two inside, one outside, one inside
  const mask = { ...foundOf([150 * 200 - 10, 2, 1, 1, 6]) };
  const [cleaned] = cleanRegions([mask], { minAreaPx: 5 });
  deepEqual(cleaned.rle.counts, [150 * 200 - 10, 2, 8]);
  equal(cleaned.areaPx, 2);
});

const image = { width: 40, height: 20, data: new Uint8Array(40 * 20 * 3) };
const lenient = { pointsPerSide: 4, minPredictedIou: 0.4 };

Deno.test("segmentEverything() keeps one of equal masks, tells progress and releases the features", async () => {
  const { engine, log } = fakeEngine(); // every click gives the whole image
  const done: number[] = [];
  const [mask, ...others] = await segmentEverything(engine, image, {
    ...lenient,
    onProgress: (progress) => done.push(progress.done),
  });
  deepEqual(others, []);
  deepEqual(mask, {
    rle: { size: [20, 40], counts: [0, 800] },
    areaPx: 800,
    box: { x0: 0, y0: 0, x1: 40, y1: 20 },
    predictedIou: 0.5,
    stability: 1,
    point: { x: 5, y: 2.5 }, // the first of 4x4: 40 / 8 and 20 / 8
    cropBox: { x0: 0, y0: 0, x1: 40, y1: 20 },
  });
  deepEqual(done, Array.from({ length: 16 }, (_, i) => i + 1));
  deepEqual([log.encoded, log.released], [1, 1]);
  deepEqual(await segmentEverything(engine, image, { pointsPerSide: 4 }), []);
});

Deno.test("segmentEverything() stops after the click in flight and releases the features", async () => {
  const { engine, log } = fakeEngine();
  const cancel = new AbortController();
  await rejects(
    segmentEverything(engine, image, {
      ...lenient,
      signal: cancel.signal,
      onProgress: ({ done }) => done === 3 && cancel.abort(),
    }),
    { name: "CancelledError", message: /segmenting everything/ },
  );
  deepEqual([log.encoded, log.released], [1, 1]);
});

Deno.test("segmentEverything() takes the clicks it is given, a grid for each layer", async () => {
  const { engine } = fakeEngine();
  const grids = [[{ x: 0.5, y: 0.5 }]];
  const [mask] = await segmentEverything(engine, image, { ...lenient, grids });
  deepEqual(mask.point, { x: 20, y: 10 });
  await rejects(
    segmentEverything(engine, image, { ...lenient, grids, cropLayers: 1 }),
    { name: "RangeError", message: /layer 1: only 1 grids/ },
  );
});
