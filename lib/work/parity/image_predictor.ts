// The official image predictor on one picture, against `image-predictor.json`
// and the logits beside it.

import { z } from "zod";
import type { RgbImage } from "../../base/image.ts";
import { areaPx } from "../../masks/bitmap.ts";
import { logitsToBitmap, resizeLogits } from "../../masks/resize.ts";
import type { Engine } from "../../sam2/engine.ts";
import { encodeFrame, predictMasks } from "../../sam2/image.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import {
  type Check,
  compareNumber,
  compareTensor,
  type Comparison,
} from "./compare.ts";

const Case = z.object({
  prompt: z.object({
    point_coords: z.array(z.tuple([z.number(), z.number()])).default([]),
    point_labels: z.array(z.int()).default([]),
    box: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional(),
    multimask_output: z.boolean().default(true),
    /** Words that name an earlier case: "best low-resolution logits of case 0". */
    mask_input: z.string().regex(/case \d+/).optional(),
  }),
  ious: z.array(z.number()),
  maskAreaPx: z.array(z.int()),
});
/** The layout of image-predictor.json. */
export const ImagePredictor = z.object({
  image: z.string(),
  checkpoint: z.string(),
  cases: z.array(Case),
});

/** Lists the checks of the image predictor. */
export function imagePredictorChecks(
  { cases }: z.infer<typeof ImagePredictor>,
  golden: Checkpoint,
  open: () => Promise<{ readonly engine: Engine; readonly image: RgbImage }>,
): readonly Check[] {
  const count = cases.reduce((sum, { ious }) => sum + 2 * ious.length, 0) +
    golden.tensors.size;
  return [{
    name: "image-predictor",
    count,
    compare: async () => {
      const { engine, image } = await open();
      const features = await encodeFrame(engine, image);
      const found: Comparison[] = [];
      const best: Float32Array[] = [];
      for (const [number, { prompt, ious, maskAreaPx }] of cases.entries()) {
        const earlier = prompt.mask_input?.match(/case (\d+)/)?.[1];
        const { masks } = await predictMasks(engine, features, {
          clicks: prompt.point_coords.map(([x, y], i) => ({
            x,
            y,
            sign: prompt.point_labels[i] === 1 ? "+" : "-",
          })),
          box: prompt.box && {
            x0: prompt.box[0],
            y0: prompt.box[1],
            x1: prompt.box[2],
            y1: prompt.box[3],
          },
        }, {
          frame: image,
          multimask: prompt.multimask_output,
          previous: earlier ? best[Number(earlier)] : undefined,
        });
        best.push(masks.reduce((a, b) => b.iou > a.iou ? b : a).lowRes);

        const place = `image-predictor/case${number}`;
        const low = engine.side / 4;
        ious.forEach((iou, i) => {
          const { lowRes } = masks[i];
          const logits = resizeLogits(
            { dims: [1, 1, low, low], data: lowRes },
            image,
          );
          const area = areaPx(logitsToBitmap(logits));
          found.push(
            compareNumber(`${place}.iou${i}`, masks[i].iou, iou),
            compareNumber(`${place}.maskAreaPx${i}`, area, maskAreaPx[i], {
              tolerance: 2,
            }),
          );
        });
        const name = `case${number}.lowRes`;
        if (golden.tensors.has(name)) {
          const all = new Float32Array(masks.length * low * low);
          masks.forEach(({ lowRes }, i) => all.set(lowRes, i * low * low));
          found.push(
            compareTensor(`${place}.lowRes`, all, golden.read(name).data),
          );
        }
      }
      await engine.releaseFeatures(features);
      return found;
    },
  }];
}
