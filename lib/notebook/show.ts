// One frame with its masks, clicks and boxes; or any image with what is drawn on it.

import type { RgbImage } from "../base/image.ts";
import { objectColour } from "../masks/overlay.ts";
import type { Bitmap } from "../base/image.ts";
import type { Box } from "../base/tensor.ts";
import type { Click } from "../masks/next_click.ts";
import { listMasks, type StoredMask } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listPrompts } from "../store/prompts.ts";
import { masksFrom, reportObjects } from "../work/demo_report.ts";
import { rgbOf } from "../work/export_store.ts";
import { type Overlay, overlayPicture } from "../work/report/pictures.ts";
import { type Displayable, displayed } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";
import { asPicture, drawnQuality } from "./picture.ts";

/** A frame as a cell shows it. */
export type FrameView = Displayable & {
  readonly frame: number;
  /** What the store has on this frame, by object. */
  readonly masks: readonly StoredMask[];
};

/** An image as a cell shows it. */
export type ImageView = Displayable & { readonly image: RgbImage };

/** What is drawn on an image; each mask has the colour of its place in the list. */
export type Drawn = {
  readonly masks?: readonly Bitmap[];
  readonly boxes?: readonly Box[];
  readonly clicks?: readonly Click[];
  readonly caption?: string;
};

/** How large a picture is. */
export type PictureOptions = {
  /** Width at most. */
  readonly widthPx?: number;
};

/** Shows a frame of a clip with everything that is known about it. */
export function show(
  clip: OpenClip,
  frame: number,
  options?: PictureOptions,
): Promise<FrameView>;
/** Shows an image with masks, boxes and clicks. */
export function show(
  image: RgbImage,
  drawn?: Drawn & PictureOptions,
): Promise<ImageView>;
export function show(
  what: OpenClip | RgbImage,
  second: number | (Drawn & PictureOptions) = {},
  options: PictureOptions = {},
): Promise<FrameView | ImageView> {
  if (!("data" in what)) return showFrame(what, Number(second), options);
  return showImage(what, typeof second === "number" ? {} : second);
}

const defaultWidthPx = 320;

async function showFrame(
  clip: OpenClip,
  frame: number,
  { widthPx = defaultWidthPx }: PictureOptions,
): Promise<FrameView> {
  const { store, sequence, frames } = clip;
  const masks = await listMasks(store, sequence.id, { from: frame, to: frame });
  const text = [`frame ${frame}`, ...await describeMasks(clip, masks)]
    .join(" · ");
  const overlay = await overlayOf(clip, frame);
  const image = await frames.read(frame);
  const size = { frame, widthPx, quality: drawnQuality };
  const picture = await asPicture(await overlayPicture(image, overlay, size));
  return displayed({ frame, masks }, { picture, text }, { text });
}

async function showImage(
  image: RgbImage,
  { masks = [], boxes = [], clicks = [], caption, widthPx = defaultWidthPx }:
    & Drawn
    & PictureOptions,
): Promise<ImageView> {
  const overlay = {
    masks: masks.map((bitmap, i) => ({ bitmap, colour: objectColour(i + 1) })),
    boxes: boxes.map((box, i) => ({ box, colour: objectColour(i + 1) })),
    clicks,
  };
  const size = { frame: 0, widthPx, quality: drawnQuality };
  const picture = await asPicture(await overlayPicture(image, overlay, size));
  const text = caption ?? `image of ${image.width}x${image.height}`;
  const captions = caption === undefined ? [] : [{ text }];
  return displayed({ image }, { picture, text }, ...captions);
}

async function overlayOf(
  { store, sequence }: OpenClip,
  frame: number,
): Promise<Overlay> {
  const objects = await listObjects(store, sequence.id);
  const colours = new Map(objects.map(({ id, colour }) => [id, rgbOf(colour)]));
  const prompts = await listPrompts(store, sequence.id, { frame });
  return {
    masks: await masksFrom({ store, sequence, objects })(frame),
    clicks: prompts.flatMap(({ prompt }) =>
      prompt.kind === "point" ? [prompt] : []
    ),
    boxes: prompts.flatMap(({ prompt, objectId }) =>
      prompt.kind === "box"
        ? [{ box: prompt, colour: colours.get(objectId)! }] // of this sequence
        : []
    ),
  };
}

/** Such as `polyp 7763 px, predicted IoU 0.68`. */
async function describeMasks(
  { store, sequence }: OpenClip,
  masks: readonly StoredMask[],
): Promise<string[]> {
  const objects = await listObjects(store, sequence.id);
  const named = await reportObjects({ objects, masks, store });
  return masks.map(({ objectId, areaPx, predictedIou, drift, origin }) => {
    const name = named[objects.findIndex(({ id }) => id === objectId)].name;
    const iou = predictedIou === null
      ? ""
      : `, predicted IoU ${predictedIou.toFixed(2)}`;
    const doubt = origin !== "propagated" || drift === null
      ? ""
      : `, drift ${drift.toFixed(2)}`;
    return `${name} ${areaPx} px${iou}${doubt}`;
  });
}
