// Pictures for a page: masks, boxes and clicks over frames, as JPEG data URIs.
//
// Frames are made small before anything is drawn, so that clicks and outlines
// keep their width on the page however large the source is.

import type { Bitmap, Rgb, RgbImage } from "../../base/image.ts";
import type { Box } from "../../base/tensor.ts";
import type { Click } from "../../masks/next_click.ts";
import { drawBox, drawClick, drawMask } from "../../masks/overlay.ts";
import { resizeBitmap } from "../../masks/resize.ts";
import type { Frames } from "../../media/frames.ts";
import { encodeJpeg, resizeImage } from "../../media/image.ts";
import type { ReportPicture } from "./demo_report.ts";

/** A mask with the colour of its object. */
export type ColouredMask = { readonly bitmap: Bitmap; readonly colour: Rgb };

/** What is drawn over a frame; clicks are on top. */
export type Overlay = {
  readonly masks?: readonly ColouredMask[];
  readonly boxes?: readonly { readonly box: Box; readonly colour: Rgb }[];
  readonly clicks?: readonly Click[];
};

/** Gives the masks of a frame. */
export type MasksAt = (
  frame: number,
) => readonly ColouredMask[] | Promise<readonly ColouredMask[]>;

/** Draws masks, boxes and clicks over an image of the same size. */
export function drawOverlay(
  image: RgbImage,
  { masks = [], boxes = [], clicks = [] }: Overlay,
): RgbImage {
  let drawn = image;
  for (const { bitmap, colour } of masks) {
    drawn = drawMask(drawn, bitmap, { colour });
  }
  for (const { box, colour } of boxes) drawn = drawBox(drawn, box, { colour });
  for (const click of clicks) drawn = drawClick(drawn, click);
  return drawn;
}

/**
 * Makes a picture for a page.
 *
 * @param options.widthPx width at most; frames are never enlarged
 * @param options.quality of the JPEG, 1..100
 *
 * @example A click on a grey frame
 * ```ts
 * import { overlayPicture } from "medannotate";
 * import { ok } from "node:assert/strict";
 *
 * const image = { width: 64, height: 48, data: new Uint8Array(64 * 48 * 3).fill(90) };
 * const clicks = [{ x: 32, y: 24, sign: "+" }] as const;
 * const picture = await overlayPicture(image, { clicks }, { frame: 0, caption: "the click" });
 * ok(picture.src.startsWith("data:image/jpeg;base64,"));
 * ```
 */
export async function overlayPicture(
  image: RgbImage,
  overlay: Overlay,
  { frame, caption = `frame ${frame}`, widthPx = 640, quality = 82 }: {
    frame: number;
    caption?: string;
    widthPx?: number;
    quality?: number;
  },
): Promise<ReportPicture> {
  const scale = Math.min(1, widthPx / image.width);
  const size = {
    width: Math.max(1, Math.round(image.width * scale)),
    height: Math.max(1, Math.round(image.height * scale)),
  };
  const small = scale < 1 ? await resizeImage(image, size) : image;
  const drawn = drawOverlay(small, scaled(overlay, scale, size));
  const jpeg = await encodeJpeg(drawn, { quality });
  return { src: dataUri(jpeg), size, frame, caption };
}

/** Makes pictures of frames that are spread evenly over the clip, first and last included. */
export async function overlayStrip(
  frames: Pick<Frames, "count" | "read">,
  masksAt: MasksAt,
  { count = 8, ...size }: {
    count?: number;
    widthPx?: number;
    quality?: number;
  } = {},
): Promise<ReportPicture[]> {
  const pictures: ReportPicture[] = [];
  for (const frame of spreadFrames(frames.count, count)) {
    const image = await frames.read(frame);
    const masks = await masksAt(frame);
    const picture = { frame, widthPx: 320, ...size };
    pictures.push(await overlayPicture(image, { masks }, picture));
  }
  return pictures;
}

/** Picks frames at even distances, each once. */
export function spreadFrames(frameCount: number, count: number): number[] {
  const last = frameCount - 1;
  const steps = Math.max(1, count - 1);
  const frames = Array.from(
    { length: Math.min(count, frameCount) },
    (_, i) => Math.min(last, Math.round(i * last / steps)),
  );
  return frameCount <= count
    ? Array.from({ length: frameCount }, (_, i) => i)
    : [...new Set(frames)];
}

function scaled(
  { masks = [], boxes = [], clicks = [] }: Overlay,
  scale: number,
  size: { width: number; height: number },
): Overlay {
  if (scale === 1) return { masks, boxes, clicks };
  return {
    masks: masks.map(({ bitmap, colour }) => ({
      bitmap: resizeBitmap(bitmap, size),
      colour,
    })),
    boxes: boxes.map(({ box: { x0, y0, x1, y1 }, colour }) => ({
      box: { x0: x0 * scale, y0: y0 * scale, x1: x1 * scale, y1: y1 * scale },
      colour,
    })),
    clicks: clicks.map(({ x, y, sign }) => ({
      x: (x + 0.5) * scale - 0.5, // the centre of the pixel stays where it is
      y: (y + 0.5) * scale - 0.5,
      sign,
    })),
  };
}

function dataUri(jpeg: Uint8Array): string {
  return `data:image/jpeg;base64,${jpeg.toBase64()}`;
}
