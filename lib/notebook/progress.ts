// Progress below a cell while it runs.
//
// A value is shown only when its cell has ended, so this one display is sent to
// Jupyter while the work runs. At the end a line is left of it, so that a saved
// notebook tells what was done and not how far it was. Outside a notebook nobody
// is told anything.

import {
  type OnProgress,
  type Progress,
  progressLine,
} from "../base/progress.ts";
import { html } from "../work/report/html.ts";
import { findBroadcast } from "./kernel.ts";

const msBetweenUpdates = 250;

/** Shows the progress of work below the cell that waits for it. */
export async function withProgress<Result>(
  work: (onProgress: OnProgress) => Promise<Result>,
): Promise<Result> {
  const broadcast = findBroadcast();
  if (!broadcast) return await work(() => {});
  const transient = { display_id: crypto.randomUUID() };
  let sent: Promise<void> = Promise.resolve();
  let message: "display_data" | "update_display_data" = "display_data";
  let lastMs = -Infinity;
  const result = await work((progress) => {
    const nowMs = performance.now();
    const isLast = progress.done === progress.total;
    if (!isLast && nowMs - lastMs < msBetweenUpdates) return;
    lastMs = nowMs;
    const content = { data: bundleOf(progress), metadata: {}, transient };
    const kind = message; // one display, then only changes of it
    message = "update_display_data";
    sent = sent.then(() => broadcast(kind, content));
  });
  await sent;
  return result;
}

function bundleOf(progress: Progress) {
  const { stage, done, total } = progress;
  if (done >= total) {
    return { "text/plain": `${stage} ${done}/${total}` };
  }
  const line = progressLine(progress);
  const bar = html`
    <progress value="${done}" max="${total}"
      style="width: 240px"></progress> ${line}
  `;
  return { "text/html": bar.html, "text/plain": line };
}
