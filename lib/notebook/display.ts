// What a cell shows: values that tell Jupyter how they look.
//
// A displayable is plain data with one method under the symbol that the Deno
// kernel asks for, so that the same value works in a cell, in a script and in a
// test.
//
// Pictures and charts are sent as image/jpeg and image/png alone, a caption as
// plain text in a second output below. Jupyter shows the richest form that it knows (JupyterLab
// and nbconvert: text/html, then image/svg+xml, then image/png and image/jpeg,
// then text/plain), and the richer ones do not survive everywhere: JupyterLab
// hides image/svg+xml until a notebook is trusted, GitHub strips or breaks it,
// HTML with data URIs is lost in LaTeX. A raster looks the same in JupyterLab,
// on a repository page, on paper and on a dark page. HTML is for tables and for
// what answers to the mouse.
//
// The kernel of Deno 2.9 hands a cell's value to a queue and reports the cell as
// done without waiting for it; Jupyter drops what comes later. On a busy machine
// that was one picture in eight. So inside a kernel the method sends the value
// itself and takes a moment before it returns, while the cell still counts as busy.

import { findBroadcast } from "./kernel.ts";

/** The name under which the Deno kernel looks for how a value is shown. */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");

/** One value in several forms; Jupyter shows the richest that it knows. */
export type MimeBundle = {
  readonly "text/plain": string;
  readonly "text/html"?: string;
  /** In base64, as the picture below. */
  readonly "image/jpeg"?: string;
  readonly "image/png"?: string;
};

/** A picture of its own. */
export type Picture = {
  readonly mime: "image/jpeg" | "image/png";
  readonly bytes: Uint8Array;
  /** The width it is shown with; it may have more pixels. */
  readonly widthPx: number;
};

/** How a value looks: a picture, HTML or nothing but text, which is for whoever sees neither. */
export type Look = {
  readonly text: string;
  readonly html?: string;
  readonly picture?: Picture;
};

/** A value that a cell shows when it stands on the cell's last line. */
export type Displayable = {
  /** Gives the forms to show; inside a kernel they are sent, and none is left. */
  readonly [jupyterDisplay]: () => Promise<Partial<MimeBundle>>;
};

const msToBeSent = 60;

/** JPEG quality that keeps a notebook small: 7 kB for a frame of 320x240 pixels. */
export const notebookQuality = 50;

/**
 * Gives a value its looks, shown one below the other.
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
  ...looks: readonly Look[]
): Value & Displayable {
  return { ...value, [jupyterDisplay]: () => show(looks.map(outputOf)) };
}

/** What Jupyter is told for one place below a cell. */
type Output = {
  readonly data: MimeBundle;
  readonly metadata: Readonly<Record<string, { readonly width: number }>>;
};

function outputOf({ text, html, picture }: Look): Output {
  const plain = { "text/plain": text };
  if (picture) {
    const { mime, bytes, widthPx } = picture;
    return {
      data: { [mime]: bytes.toBase64(), ...plain },
      metadata: { [mime]: { width: widthPx } },
    };
  }
  const data = html === undefined ? plain : { "text/html": html, ...plain };
  return { data, metadata: {} };
}

async function show(outputs: readonly Output[]): Promise<Partial<MimeBundle>> {
  const broadcast = findBroadcast();
  if (!broadcast) return Object.assign({}, ...outputs.map(({ data }) => data));
  for (const output of outputs) {
    await broadcast("display_data", { ...output, transient: {} });
  }
  await untilSent();
  return {};
}

/** Waits until what was sent has left, while the cell still counts as busy. */
export function untilSent(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, msToBeSent));
}
