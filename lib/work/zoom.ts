// Zoom: look again at the middle of the image, where a small object is larger.
//
// Crops of a half, a quarter and an eighth of the image around what was pointed
// at are segmented too. A click on what does not belong to the object pulls no
// crop towards it: outside a crop it is obeyed anyway, as nothing is inside
// there. The view wins whose mask has the best predicted IoU times stability
// (that of the official automatic masks, thresholds one logit apart), less the
// share of the crop's inner border that the mask touches: an object that is cut
// off belongs to a wider view. Without the stability, close views of large
// objects, where the prediction is too sure of itself, win too often. A single
// click says nothing of the size either: while the whole image shows a large
// object there, that is taken, not the part of it that a crop would find.

import { type Bitmap, cropImage, type RgbImage } from "../base/image.ts";
import type { Box, Point, Size } from "../base/tensor.ts";
import { areaPx, createBitmap } from "../masks/bitmap.ts";
import type { FramePrompt } from "../sam2/interact.ts";

/** A part of an image, in whole pixels, and how it is seen. */
export type View = {
  readonly box: Box;
  readonly image: RgbImage;
  readonly prompts: readonly FramePrompt[];
};

const factors = [1, 1 / 2, 1 / 4, 1 / 8];
const leastSidePx = 16; // of a crop: in fewer pixels there is nothing more to see

/** The views of an image that hold all that was pointed at; the whole image comes first. */
export function zoomViews(
  image: RgbImage,
  prompts: readonly FramePrompt[],
): readonly View[] {
  const points = prompts.flatMap(cornersOf);
  const isWholeOnly = points.length === 0 ||
    prompts.some(({ kind }) => kind === "mask");
  const shortest = Math.min(image.width, image.height);
  const wanted = factors.filter((factor) =>
    factor === 1 || (!isWholeOnly && shortest * factor >= leastSidePx)
  );
  return wanted.flatMap((factor) => {
    const box = cropAround(image, points, factor);
    const holds = ({ x, y }: Point) =>
      x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1;
    if (!points.every(holds)) return [];
    const seen = prompts.filter((prompt) =>
      prompt.kind !== "point" || holds(prompt)
    );
    return [{
      box,
      image: cropImage(image, box),
      prompts: seen.map((prompt) => shifted(prompt, box)),
    }];
  });
}

const largeShare = 0.1; // of the image

/** Whether a mask of the whole image needs no closer look: it is large, and one click is all that is known. */
export function isLargeAtFirst(
  mask: Bitmap,
  prompts: readonly FramePrompt[],
): boolean {
  const isOneClick = prompts.length === 1 && prompts[0].kind === "point";
  return isOneClick && areaPx(mask) > largeShare * mask.data.length;
}

/** What speaks for the mask of a view; the best view is the one with most. */
export function viewScore(
  mask: Bitmap,
  box: Box,
  { image, predictedIou, stability }: {
    /** The whole image. */
    readonly image: Size;
    readonly predictedIou: number;
    readonly stability: number;
  },
): number {
  return predictedIou * stability - borderContact(mask, box, image);
}

/** The share of a crop's inner border that its mask touches, 0..1. */
export function borderContact(mask: Bitmap, box: Box, image: Size): number {
  const { width, height, data } = mask;
  let length = 0;
  let touched = 0;
  const look = (isInner: boolean, count: number, at: (i: number) => number) => {
    if (!isInner) return;
    length += count;
    for (let i = 0; i < count; i++) touched += data[at(i)];
  };
  look(box.y0 > 0, width, (i) => i);
  look(box.y1 < image.height, width, (i) => (height - 1) * width + i);
  look(box.x0 > 0, height, (i) => i * width);
  look(box.x1 < image.width, height, (i) => i * width + width - 1);
  return length === 0 ? 0 : touched / length;
}

/** A mask of a crop as a mask of the whole image. */
export function pasted(mask: Bitmap, box: Box, image: Size): Bitmap {
  const whole = createBitmap({ width: image.width, height: image.height });
  for (let y = 0; y < mask.height; y++) {
    const row = mask.data.subarray(y * mask.width, (y + 1) * mask.width);
    whole.data.set(row, (y + box.y0) * image.width + box.x0);
  }
  return whole;
}

/** The places that a crop has to hold. */
function cornersOf(prompt: FramePrompt): readonly Point[] {
  if (prompt.kind === "point") return prompt.sign === "+" ? [prompt] : [];
  if (prompt.kind === "mask") return [];
  return [{ x: prompt.x0, y: prompt.y0 }, { x: prompt.x1, y: prompt.y1 }];
}

/** A crop of the image's own shape, around the middle of the points, inside the image. */
function cropAround(
  { width, height }: RgbImage,
  points: readonly Point[],
  factor: number,
): Box {
  if (factor === 1) return { x0: 0, y0: 0, x1: width, y1: height };
  const span = (size: number, values: readonly number[]) => {
    const length = Math.max(1, Math.round(size * factor));
    const middle = (Math.min(...values) + Math.max(...values)) / 2;
    const start = Math.round(middle - length / 2);
    const from = Math.min(Math.max(start, 0), size - length);
    return [from, from + length] as const;
  };
  const [x0, x1] = span(width, points.map(({ x }) => x));
  const [y0, y1] = span(height, points.map(({ y }) => y));
  return { x0, y0, x1, y1 };
}

function shifted(prompt: FramePrompt, { x0, y0 }: Box): FramePrompt {
  if (prompt.kind === "point") {
    return { ...prompt, x: prompt.x - x0, y: prompt.y - y0 };
  }
  if (prompt.kind === "mask") return prompt; // only the whole image sees masks
  return {
    ...prompt,
    x0: prompt.x0 - x0,
    y0: prompt.y0 - y0,
    x1: prompt.x1 - x0,
    y1: prompt.y1 - y0,
  };
}
