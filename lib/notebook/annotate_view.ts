// The annotator page in a cell.
//
// The Deno kernel has no channel from the page to the kernel, but it serves HTTP
// while cells run and between them: so the page is an ordinary one in a frame,
// and what is clicked there is in the store when the next cell looks. One server
// for each kernel; every clip gets a desk of its own in it. The saved notebook
// keeps a picture of the frame, since nobody serves the page any longer when it
// is read.

import { openDesks } from "../api/desks.ts";
import { type AnnotatorServer, serveAnnotator } from "../api/server.ts";
import { listObjects } from "../store/objects.ts";
import { masksFrom } from "../work/demo_report.ts";
import { html } from "../work/report/html.ts";
import { openModel } from "../work/open_model.ts";
import { overlayPicture } from "../work/report/pictures.ts";
import {
  type Displayable,
  jupyterDisplay,
  notebookQuality,
  untilSent,
} from "./display.ts";
import { findBroadcast } from "./kernel.ts";
import type { OpenClip } from "./open_clip.ts";

/** The page as a cell shows it. */
export type AnnotatorView = Displayable & {
  /** The page's address, for a browser tab of its own. */
  readonly url: string;
  /** Stops showing the clip; what was done is kept. */
  close(): Promise<void>;
};

/** How the page is shown. */
export type AnnotatorOptions = {
  /** The frame to show first. */
  readonly frame?: number;
  /** Height of the page in the cell, in pixels. */
  readonly heightPx?: number;
  /**
   * Where a proxy shows ports of this machine, with `{port}`:
   * `/user/me/proxy/{port}/`. Taken from JupyterHub's environment when left out.
   */
  readonly baseUrl?: string;
  /** The name under which browsers reach that proxy, `hub.example.org`. */
  readonly host?: string;
};

const servers = new WeakMap<OpenClip, Promise<Shown>>();

type Shown = {
  readonly server: AnnotatorServer;
  /** Ends it, once. */
  close(): Promise<void>;
};

/**
 * Shows the annotator page for a clip; the next cell sees what was clicked.
 *
 * The kernel answers the page between cells and while a cell waits, not while a
 * cell computes. Another model that is chosen on the page answers there only; the
 * cells go on with the clip's.
 *
 * @example In a cell: the page, and below it what was clicked
 * ```ts ignore
 * const page = await annotate(clip);
 * page;
 * // in the next cell
 * await listMasks(clip.store, clip.sequence.id);
 * ```
 */
export async function annotate(
  clip: OpenClip,
  options: AnnotatorOptions = {},
): Promise<AnnotatorView> {
  const { frame = 0, heightPx = 720 } = options;
  const showing = servers.get(clip) ?? startFor(clip, options);
  servers.set(clip, showing);
  const { server } = await showing.catch((error) => {
    servers.delete(clip);
    throw error;
  });
  const { id } = clip.sequence;
  const url = `${server.url}?sequence=${id}&frame=${frame}`;
  const transient = { display_id: crypto.randomUUID() };
  const looks = await looksOf(clip, { url, frame, heightPx });
  return {
    url,
    [jupyterDisplay]: async () => {
      const broadcast = findBroadcast();
      if (!broadcast) return looks;
      const content = { data: looks, metadata: {}, transient };
      await broadcast("display_data", content);
      await untilSent();
      return {};
    },
    close: async () => {
      servers.delete(clip);
      await (await showing).close();
      const data = await stillOf(clip, frame); // what the saved notebook keeps
      const content = { data, metadata: {}, transient };
      await findBroadcast()?.("update_display_data", content);
    },
  };
}

async function startFor(
  clip: OpenClip,
  { baseUrl = hubBaseUrl(), host }: AnnotatorOptions,
): Promise<Shown> {
  const { runtime, engine, keepsFeatures } = clip.model;
  const desks = openDesks(clip.store, clip.model, {
    openModel: (model) =>
      openModel({
        model,
        device: runtime.device,
        precision: engine.precision,
        keepFeatures: keepsFeatures,
      }),
  });
  await desks.adopt(clip);
  const server = serveAnnotator(desks, {
    baseUrl,
    hosts: host === undefined ? [] : [host],
    frameAncestors: notebookPages,
    log: (line) => console.error(line),
  });
  let closing: Promise<void> | undefined;
  const close = () => closing ??= server.close().then(() => desks.close());
  clip.beforeClose(close);
  return { server, close };
}

/** JupyterLab and Notebook on this machine, VS Code, and the proxy's own pages. */
const notebookPages = [
  "'self'",
  "http://localhost:*",
  "http://127.0.0.1:*",
  "https://localhost:*",
  "vscode-webview:",
];

/** The ports of a JupyterHub server are shown below its own address. */
function hubBaseUrl(): string | undefined {
  const prefix = Deno.env.get("JUPYTERHUB_SERVICE_PREFIX");
  if (prefix === undefined) return undefined;
  const path = `${prefix.replace(/\/*$/, "/")}proxy/{port}/`;
  const site = Deno.env.get("JUPYTERHUB_PUBLIC_URL");
  return site && URL.canParse(site) ? new URL(path, site).href : path;
}

/**
 * The page above a still picture and words on how to go on: where a notebook is
 * not trusted, or only read, the frame is left out and they are seen.
 */
async function looksOf(
  clip: OpenClip,
  { url, frame, heightPx }: {
    readonly url: string;
    readonly frame: number;
    readonly heightPx: number;
  },
): Promise<Record<string, string>> {
  const { src, size } = await pictureOf(clip, frame);
  const page = html`
    <div style="position: relative; min-height: ${heightPx}px">
      <img src="${src}" width="${size.width}" height="${size
        .height}"
        alt="frame ${frame}">
      <p>The annotator runs while this notebook's kernel does. If no page is shown here,
    open <a href="${url}" target="_blank" rel="noreferrer">the annotator in a tab of its own</a>,
    run <code>deno task annotate</code> in a terminal,
    or click by script: <code>await click(clip, { frame: ${frame}, x, y })</code>.</p>
      <iframe src="${url}" title="MedAnnotate"
        allow="fullscreen; clipboard-write"
        style="position: absolute; inset: 0; width: 100%; height: ${heightPx}px; border: 0; border-radius: 6px"></iframe>
    </div>
  `;
  return { "text/html": page.html, "text/plain": `The annotator: ${url}` };
}

async function stillOf(
  clip: OpenClip,
  frame: number,
): Promise<Record<string, string>> {
  const { src } = await pictureOf(clip, frame);
  return {
    "image/jpeg": src.slice(src.indexOf(",") + 1),
    "text/plain": `frame ${frame} as it was annotated`,
  };
}

async function pictureOf(
  { store, sequence, frames }: OpenClip,
  frame: number,
) {
  const objects = await listObjects(store, sequence.id);
  const masks = await masksFrom({ store, sequence, objects })(frame);
  return await overlayPicture(await frames.read(frame), { masks }, {
    frame,
    caption: `frame ${frame}`,
    widthPx: 360,
    quality: notebookQuality,
  });
}
