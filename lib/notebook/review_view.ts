// The frames that a person should look at first, worst first.

import { listMasks } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { masksFrom, reportObjects } from "../work/demo_report.ts";
import { html } from "../work/report/html.ts";
import { overlayPicture } from "../work/report/pictures.ts";
import {
  listWorstFrames,
  type WorstFrame,
} from "../work/report/worst_frames.ts";
import {
  type Displayable,
  displayed,
  figureHtml,
  notebookQuality,
} from "./display.ts";
import type { OpenClip } from "./open_clip.ts";

/** The review list as a cell shows it. */
export type ReviewView = Displayable & {
  readonly worst: readonly WorstFrame[];
};

/** Shows the propagated masks that are most in doubt, and what speaks against them. */
export async function viewReview(
  { store, sequence, frames }: OpenClip,
  { count = 3, widthPx = 180 }: { count?: number; widthPx?: number } = {},
): Promise<ReviewView> {
  const objects = await listObjects(store, sequence.id);
  const masks = await listMasks(store, sequence.id);
  const masksAt = masksFrom({ store, sequence, objects });
  const measured = await reportObjects({ objects, masks, store });
  const worst = listWorstFrames(measured, { count });
  const names = new Map(measured.map(({ number, name }) => [number, name]));
  const figures = [];
  for (const { object, point: { frame, drift = 0 }, because } of worst) {
    const caption = `frame ${frame} · ${names.get(object)}, drift ${
      drift.toFixed(2)
    }: ${because}`;
    const overlay = { masks: await masksAt(frame) };
    const image = await frames.read(frame);
    figures.push(
      await overlayPicture(image, overlay, {
        frame,
        caption,
        widthPx,
        quality: notebookQuality,
      }),
    );
  }
  return displayed({ worst }, {
    html: html`<div>${figures.map(figureHtml)}</div>`.html,
    text: figures.map(({ caption }) => caption).join("\n"),
  });
}
