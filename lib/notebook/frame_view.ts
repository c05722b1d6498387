// One frame with its masks, clicks and boxes.

import { listMasks, type StoredMask } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listPrompts } from "../store/prompts.ts";
import { masksFrom, reportObjects } from "../work/demo_report.ts";
import { rgbOf } from "../work/export_store.ts";
import { type Overlay, overlayPicture } from "../work/report/pictures.ts";
import {
  type Displayable,
  displayed,
  figureHtml,
  notebookQuality,
} from "./display.ts";
import type { OpenClip } from "./open_clip.ts";

/** A frame as a cell shows it. */
export type FrameView = Displayable & {
  readonly frame: number;
  /** What the store has on this frame, by object. */
  readonly masks: readonly StoredMask[];
};

/**
 * Shows a frame with everything that is known about it.
 *
 * @param options.widthPx width at most
 */
export async function viewFrame(
  clip: OpenClip,
  frame: number,
  { widthPx = 280 }: { widthPx?: number } = {},
): Promise<FrameView> {
  const { store, sequence, frames } = clip;
  const masks = await listMasks(store, sequence.id, { from: frame, to: frame });
  const caption = [`frame ${frame}`, ...await describeMasks(clip, masks)]
    .join(" · ");
  const overlay = await overlayOf(clip, frame);
  const image = await frames.read(frame);
  const picture = await overlayPicture(image, overlay, {
    frame,
    caption,
    widthPx,
    quality: notebookQuality,
  });
  return displayed({ frame, masks }, {
    html: figureHtml(picture).html,
    text: caption,
  });
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
