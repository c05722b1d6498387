// What a cell shows: values that tell Jupyter how they look.
//
// A displayable is plain data with one method under the symbol that the Deno
// kernel asks for, so that the same value works in a cell, in a script and in a
// test. Pictures travel as data URIs inside HTML: no files beside the notebook,
// and notebooks that Jupyter does not trust yet show them too.
//
// The kernel of Deno 2.9 hands a cell's value to a queue and reports the cell as
// done without waiting for it; Jupyter drops what comes later. On a busy machine
// that was one picture in eight. So inside a kernel the method sends the value
// itself and takes a moment before it returns, while the cell still counts as busy.

import { type Html, html } from "../work/report/html.ts";
import type { ReportPicture } from "../work/report/demo_report.ts";
import { findBroadcast } from "./kernel.ts";

/** The name under which the Deno kernel looks for how a value is shown. */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");

/** One value in several forms; Jupyter shows the richest that it knows. */
export type MimeBundle = {
  readonly "text/html": string;
  readonly "text/plain": string;
};

/** A value that a cell shows when it stands on the cell's last line. */
export type Displayable = {
  /** Gives the forms to show; inside a kernel they are sent, and none is left. */
  readonly [jupyterDisplay]: () => Promise<Partial<MimeBundle>>;
};

const msToBeSent = 60;

/**
 * Gives a value its looks.
 *
 * @example A count that a cell shows in bold
 * ```ts
 * import { displayed, jupyterDisplay } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const masks = displayed({ count: 90 }, { html: "<b>90 masks</b>", text: "90 masks" });
 * equal(masks.count, 90);
 * const looks = await masks[jupyterDisplay]();
 * equal(looks["text/html"], "<b>90 masks</b>");
 * ```
 */
export function displayed<Value extends object>(
  value: Value,
  { html, text }: { html: string; text: string },
): Value & Displayable {
  const bundle: MimeBundle = { "text/html": html, "text/plain": text };
  return { ...value, [jupyterDisplay]: () => show(bundle) };
}

async function show(data: MimeBundle): Promise<Partial<MimeBundle>> {
  const broadcast = findBroadcast();
  if (!broadcast) return data;
  await broadcast("display_data", { data, metadata: {}, transient: {} });
  await new Promise((resolve) => setTimeout(resolve, msToBeSent));
  return {};
}

/** JPEG quality that keeps a notebook small: 8 kB for 280x210 pixels. */
export const notebookQuality = 50;

/** A picture with its caption below. */
export function figureHtml({ src, size, caption }: ReportPicture): Html {
  return html`
    <figure
      style="display: inline-block; vertical-align: top; width: ${size
        .width}px; margin: 0 8px 8px 0">
      <img src="${src}" width="${size.width}" height="${size.height}"
        alt="${caption}">
      <figcaption>${caption}</figcaption>
    </figure>
  `;
}
