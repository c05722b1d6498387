// The trials that went worst, as pictures: the true mask, what the model made of
// three clicks, and the clicks. Small objects are shown from near.

import { type Bitmap, cropImage, type Rgb } from "../../../base/image.ts";
import type { Box, Size } from "../../../base/tensor.ts";
import { boxOf, unionOf } from "../../../masks/bitmap.ts";
import { resizeBitmap } from "../../../masks/resize.ts";
import { resizeImage } from "../../../media/image.ts";
import type { ClickTrial, SeenTrial } from "../../clicks_to_quality.ts";
import type { ReportPicture } from "../../report/demo_report.ts";
import { overlayPicture } from "../../report/pictures.ts";
import { valueAfter } from "./click_measures.ts";

/** Clicks after which trials are compared. */
export const shownClicks = 3;

/** Colours of the true mask and of the model's. */
export const trialColours = {
  truth: [255, 255, 255],
  mask: [230, 90, 20],
} as const satisfies Record<string, Rgb>;

/** A trial that went badly. */
export type WorstTrial = {
  readonly clip: string;
  readonly trial: ClickTrial;
  readonly dice: number;
  readonly picture: ReportPicture;
};

/** Collects the worst trials as they come; a picture is made of those alone. */
export function collectWorst(
  { count = 6, widthPx = 420 }: { count?: number; widthPx?: number } = {},
) {
  let worst: readonly WorstTrial[] = [];
  return {
    async add(clip: string, trial: ClickTrial, seen: SeenTrial) {
      const dice = valueAfter(trial.dices, shownClicks);
      const last = worst.at(-1);
      if (last && worst.length === count && dice >= last.dice) return;
      const picture = await draw(trial, seen, { dice, widthPx, clip });
      worst = [...worst, { clip, trial, dice, picture }]
        .sort((a, b) => a.dice - b.dice).slice(0, count);
    },
    list: () => worst,
  };
}

async function draw(
  { frame, object, clicks }: ClickTrial,
  { image, truth, masks }: SeenTrial,
  { dice, widthPx, clip }: { dice: number; widthPx: number; clip: string },
): Promise<ReportPicture> {
  const last = Math.min(shownClicks, masks.length) - 1;
  const box = closeUp(unionOf(truth, masks[last]), image);
  const size = {
    width: widthPx,
    height: Math.round(widthPx * (box.y1 - box.y0) / (box.x1 - box.x0)),
  };
  const scale = size.width / (box.x1 - box.x0);
  const enlarged = (bitmap: Bitmap) =>
    resizeBitmap(cropBitmap(bitmap, box), size);
  return await overlayPicture(await resizeImage(cropImage(image, box), size), {
    masks: [
      { bitmap: enlarged(truth), colour: trialColours.truth },
      { bitmap: enlarged(masks[last]), colour: trialColours.mask },
    ],
    clicks: clicks.slice(0, last + 1).map(({ x, y, sign }) => ({
      x: (x + 0.5 - box.x0) * scale - 0.5,
      y: (y + 0.5 - box.y0) * scale - 0.5,
      sign,
    })),
  }, {
    frame,
    widthPx,
    caption: `${clip}, object ${object}, frame ${frame}: Dice ${
      dice.toFixed(3)
    } after ${last + 1} clicks`,
  });
}

/** A part of the image, of its shape, about three times as wide as what is to be seen. */
function closeUp(mask: Bitmap, { width, height }: Size): Box {
  const { x0, y0, x1, y1 } = boxOf(mask) ??
    { x0: 0, y0: 0, x1: width, y1: height };
  const share = Math.min(
    1,
    3 * Math.max((x1 - x0) / width, (y1 - y0) / height),
  );
  const span = (from: number, to: number, size: number) => {
    const length = Math.max(1, Math.round(size * share));
    const start = Math.round((from + to - length) / 2);
    const first = Math.min(Math.max(start, 0), size - length);
    return [first, first + length] as const;
  };
  const [left, right] = span(x0, x1, width);
  const [top, bottom] = span(y0, y1, height);
  return { x0: left, y0: top, x1: right, y1: bottom };
}

function cropBitmap(bitmap: Bitmap, { x0, y0, x1, y1 }: Box): Bitmap {
  const size = { width: x1 - x0, height: y1 - y0 };
  const data = new Uint8Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    const at = (y + y0) * bitmap.width + x0;
    data.set(bitmap.data.subarray(at, at + size.width), y * size.width);
  }
  return { ...size, data };
}
