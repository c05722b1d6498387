// The frames that a person should look at first, worst first.

import { listMasks } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { masksFrom, reportObjects } from "../work/demo_report.ts";
import { overlayPicture } from "../work/report/pictures.ts";
import {
  listWorstFrames,
  type WorstFrame,
} from "../work/report/worst_frames.ts";
import { type Displayable, displayed } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";
import { drawnQuality, joinPictures } from "./picture.ts";

/** The review list as a cell shows it. */
export type ReviewView = Displayable & {
  readonly worst: readonly WorstFrame[];
};

/** Shows the propagated masks that are most in doubt, and what speaks against them. */
export async function review(
  { store, sequence, frames }: OpenClip,
  { count = 3, widthPx = 210 }: { count?: number; widthPx?: number } = {},
): Promise<ReviewView> {
  const objects = await listObjects(store, sequence.id);
  const masks = await listMasks(store, sequence.id);
  const masksAt = masksFrom({ store, sequence, objects });
  const measured = await reportObjects({ objects, masks, store });
  const worst = listWorstFrames(measured, { count });
  if (worst.length === 0) {
    return displayed({ worst }, {
      text: "nothing to review: no propagated mask",
    });
  }
  const names = new Map(measured.map(({ number, name }) => [number, name]));
  const pictures = [];
  const lines = [];
  for (const { object, point: { frame, drift = 0 }, because } of worst) {
    const overlay = { masks: await masksAt(frame) };
    const size = { frame, widthPx, quality: drawnQuality };
    const image = await frames.read(frame);
    pictures.push(await overlayPicture(image, overlay, size));
    const doubt = `drift ${drift.toFixed(2)}: ${because}`;
    lines.push(`frame ${frame} · ${names.get(object)}, ${doubt}`);
  }
  const text = lines.join("\n");
  const picture = await joinPictures(pictures);
  return displayed({ worst }, { picture, text }, { text });
}
