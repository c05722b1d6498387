// A strip of frames with their masks: the whole clip at one glance.

import { listObjects } from "../store/objects.ts";
import { masksFrom } from "../work/demo_report.ts";
import { overlayStrip } from "../work/report/pictures.ts";
import { type Displayable, displayed } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";
import { drawnQuality, joinPictures } from "./picture.ts";

/** A strip as a cell shows it. */
export type StripView = Displayable & { readonly frames: readonly number[] };

/** Shows frames that are spread evenly over the clip, with their masks. */
export async function strip(
  { store, sequence, frames }: OpenClip,
  { count = 4, widthPx = 160 }: { count?: number; widthPx?: number } = {},
): Promise<StripView> {
  const objects = await listObjects(store, sequence.id);
  const masksAt = masksFrom({ store, sequence, objects });
  const pictures = await overlayStrip(frames, masksAt, {
    count,
    widthPx,
    quality: drawnQuality,
  });
  const shown = pictures.map(({ frame }) => frame);
  return displayed({ frames: shown }, {
    picture: await joinPictures(pictures),
    text: `frames ${shown.join(", ")}`,
  });
}
