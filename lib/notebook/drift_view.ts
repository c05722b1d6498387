// The drift of every object over the frames: where the masks are in doubt.
//
// Drawn as a small static SVG, because notebooks with their outputs are kept in
// git. The curves that answer to the mouse bring 5 MB of plotly.js with them
// and are made only when asked for.

import { Buffer } from "node:buffer";
import { listMasks } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { reportObjects } from "../work/demo_report.ts";
import { hexColour } from "../work/report/amounts.ts";
import { curvesHtml } from "../work/report/curves.ts";
import type { ReportObject } from "../work/report/demo_report.ts";
import { type Html, html } from "../work/report/html.ts";
import { type Displayable, displayed } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";

/** The curves as a cell shows them. */
export type DriftView = Displayable & {
  readonly objects: readonly ReportObject[];
};

/**
 * Shows the drift of every propagated mask, 0 (sure) to 1.
 *
 * @param options.interactive curves that answer to the mouse, 5 MB of notebook
 */
export async function viewDrift(
  { store, sequence }: OpenClip,
  { interactive = false }: { interactive?: boolean } = {},
): Promise<DriftView> {
  const objects = await reportObjects({
    objects: await listObjects(store, sequence.id),
    masks: await listMasks(store, sequence.id),
    store,
  });
  const shown = interactive
    ? interactiveCurves(objects, sequence)
    : picture(driftSvg(objects, sequence.frameCount));
  return displayed({ objects }, { html: shown.html, text: textOf(objects) });
}

const plot = { left: 44, top: 26, width: 580, height: 150 };
const whole = { width: 640, height: 214 };

/** Draws the curves; diamonds are frames that were clicked or accepted. */
export function driftSvg(
  objects: readonly ReportObject[],
  frameCount: number,
): Html {
  const last = Math.max(1, frameCount - 1);
  const x = (frame: number) => (plot.left + frame / last * plot.width);
  const y = (drift: number) => plot.top + (1 - drift) * plot.height;
  const bottom = y(0);
  const lines = [0, 0.25, 0.5, 0.75, 1].map((drift) =>
    html`
      <path d="M${plot.left} ${y(drift)}h${plot.width}" stroke="#ddd" />
      <text x="${plot.left - 6}" y="${y(drift) +
        4}" text-anchor="end">${drift}</text>
    `
  );
  const ticks = ticksUpTo(last).map((frame) =>
    html`<text x="${x(frame).toFixed(1)}" y="${
      bottom + 16
    }" text-anchor="middle">${frame}</text>`
  );
  return html`
    <svg xmlns="http://www.w3.org/2000/svg" width="${whole
      .width}" height="${whole.height}"
      viewBox="0 0 ${whole.width} ${whole
        .height}" font-family="sans-serif" font-size="12"
      fill="#333">
    <rect width="100%" height="100%" fill="#fff"/>
    ${lines}${ticks}
    <text x="${plot.left + plot.width / 2}" y="${whole.height -
      6}" text-anchor="middle">frame</text>
    ${objects.map((object, i) => curveSvg(object, i, { x, y }))}
    </svg>
  `;
}

function curveSvg(
  { name, colour, curve }: ReportObject,
  i: number,
  { x, y }: { x: (frame: number) => number; y: (drift: number) => number },
): Html {
  const ink = hexColour(colour, { black: 0.3 });
  let isDrawing = false; // a gap in the masks is a gap in the line
  const path = curve.map(({ frame, drift, areaPx, isCondition }) => {
    const value = isCondition ? 0 : areaPx > 0 ? drift : undefined;
    const step = value === undefined
      ? ""
      : `${isDrawing ? "L" : "M"}${x(frame).toFixed(1)} ${y(value).toFixed(1)}`;
    isDrawing = value !== undefined;
    return step;
  }).join("");
  const diamonds = curve.filter(({ isCondition }) => isCondition)
    .map(({ frame }) =>
      html`
        <path d="M${x(frame).toFixed(1)} ${y(0) -
          6}l6 6l-6 6l-6-6z" fill="${ink}" />
      `
    );
  const at = { x: plot.left + i * 140, y: 16 };
  return html`
    <path d="${path}" fill="none" stroke="${ink}"
      stroke-width="2" />${diamonds}
    <path d="M${at.x} ${at.y - 4}h18" stroke="${ink}" stroke-width="3" />
    <text x="${at.x + 24}" y="${at.y}">drift of ${name}</text>
  `;
}

/** Round numbers up to the last frame, at most ten. */
function ticksUpTo(last: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    .find((step) => last / step <= 9) ?? Math.ceil(last / 9);
  const count = Math.floor(last / step) + 1;
  return Array.from({ length: count }, (_, i) => i * step);
}

/** As an image of its own, which every notebook viewer shows. */
function picture({ html: svg }: Html): Html {
  const src = `data:image/svg+xml;base64,${
    Buffer.from(svg).toString("base64")
  }`;
  return html`
    <img src="${src}" width="${whole.width}" height="${whole.height}"
      alt="drift over the frames">
  `;
}

/** In a frame of their own: the page around them may have other scripts. */
function interactiveCurves(
  objects: readonly ReportObject[],
  size: { readonly width: number; readonly height: number },
): Html {
  const page = html`<!doctype html><meta charset="utf-8">
<style>:root { --ink: #222; --line: #ccc; --paper: #fff; color-scheme: only light } body { margin: 0; background: #fff }</style>
${curvesHtml(objects, size)}`;
  return html`
    <iframe srcdoc="${page.html}"
      style="width: 100%; height: 490px; border: 0"></iframe>
  `;
}

/** The highest drift of each object, for whoever sees no picture. */
function textOf(objects: readonly ReportObject[]): string {
  return objects.map(({ name, curve }) => {
    const doubted = curve.filter(({ areaPx }) => areaPx > 0);
    const worst = doubted.reduce<typeof curve[number] | undefined>(
      (a, b) => (b.drift ?? 0) > (a?.drift ?? 0) ? b : a,
      undefined,
    );
    return worst?.drift === undefined
      ? `${name}: nothing propagated`
      : `${name}: highest drift ${
        worst.drift.toFixed(2)
      } on frame ${worst.frame}`;
  }).join("\n");
}
