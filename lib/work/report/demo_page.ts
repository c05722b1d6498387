// The page of the main job: what was clicked, what came of it, where to look.
//
// One HTML file with everything in it except the overlay video and the files it
// links to, which lie beside it. It reads nothing from the network, and its
// content security policy forbids it to.

import { bytesText, hexColour, secondsText } from "./amounts.ts";
import { curvesHtml } from "./curves.ts";
import type {
  DemoReport,
  ReportFile,
  ReportObject,
  ReportPicture,
  ReportStage,
  ReviewRow,
} from "./demo_report.ts";
import { type Html, html } from "./html.ts";
import { pageStyle } from "./page_style.ts";

const policy = [
  "default-src 'none'",
  "img-src data:",
  "media-src 'self' file:",
  "style-src 'unsafe-inline'",
  "script-src 'unsafe-inline'",
].join("; ");

/** Makes the page of a run as one text. */
export function demoPage(report: DemoReport): string {
  const { title, result, source, objects, notes } = report;
  const { width, height } = source.size;
  const rate = source.fps
    ? `, ${Number(source.fps.toFixed(2))} per second`
    : "";
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${policy}">
        <title>${title}</title>
        <style>${{ html: pageStyle }}</style>
      </head>
      <body>
        <header>
    <h1>${title}</h1>
    <p class="result">${result}</p>
    <p class="soft">${source.name}: ${source
      .frames} frames of ${width} × ${height} pixels${rate}</p>
    ${notes.map((note) => html`<p class="note">${note}</p>`)}
        </header>
        <main>
    ${clicksSection(report)}
    ${stripSection(report)}
    <h2>Drift</h2>
    <p>How much each mask should be doubted: the estimated probability that its IoU with the truth is below 0.75. Diamonds are frames that were clicked or verified; where an object is absent, its line is interrupted.</p>
    ${curvesHtml(objects, source.size)}
    ${objectTable(objects)}
    ${reviewSection(report.review, objects)}
    ${stageSection(report.stages)}
    ${fileSection(report.files)}
    ${originSection(report)}
        </main>
      </body>
    </html>
  `.html;
}

function clicksSection({ clicks, clickedBy }: DemoReport): Html | undefined {
  const isMachine = clickedBy === "machine";
  if (clicks.length === 0 && !isMachine) return undefined;
  return html`<h2>Clicks</h2>
${
    isMachine &&
    html`
      <p
        class="note">A machine chose this click: no prompts were given, so what it marks may not be what you look for.</p>
    `
  }
<div class="clicks">${clicks.map((picture) => figure(picture))}</div>`;
}

function stripSection({ strip, video }: DemoReport): Html {
  return html`<h2>Masks over the clip</h2>
<div class="strip">${strip.map((picture) => figure(picture))}</div>
${
    video !== undefined && html`
      <figure class="video">
        <video controls muted loop playsinline preload="metadata"
          src="${relativeUrl(video)}"></video>
        <figcaption>The whole clip: <a href="${relativeUrl(
          video,
        )}">${video}</a></figcaption>
      </figure>
    `
  }`;
}

function figure({ src, size, caption }: ReportPicture): Html {
  return html`<figure><img src="${src}" width="${size.width}" height="${size.height}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`;
}

function objectTable(objects: readonly ReportObject[]): Html {
  return html`
    <table class="cards">
      <thead>
        <tr>
          <th>Object</th>
          <th class="number">Frames with it</th>
          <th class="number">Clicked or verified</th>
          <th class="number">Mean drift</th>
          <th class="number">Highest drift</th>
        </tr>
      </thead>
      <tbody>${objects.map(objectRow)}</tbody>
    </table>
  `;
}

function objectRow(object: ReportObject): Html {
  const { curve } = object;
  const seen = curve.filter(({ areaPx }) => areaPx > 0);
  const drifts = seen.flatMap(({ drift }) => drift ?? []);
  const sum = drifts.reduce((sum, drift) => sum + drift, 0);
  const highest = drifts.reduce((a, b) => Math.max(a, b), 0);
  const numbers = [
    ["frames with it", `${seen.length} of ${curve.length}`],
    ["clicked or verified", curve.filter((p) => p.isCondition).length],
    ["mean drift", drifts.length > 0 ? (sum / drifts.length).toFixed(2) : "–"],
    ["highest drift", drifts.length > 0 ? highest.toFixed(2) : "–"],
  ] as const;
  return html`<tr><td>${nameOf(object)}</td>${
    numbers.map(([label, value]) =>
      html`<td class="number" data-label="${label}">${value}</td>`
    )
  }</tr>`;
}

function reviewSection(
  rows: readonly ReviewRow[],
  objects: readonly ReportObject[],
): Html | undefined {
  if (rows.length === 0) return undefined;
  return html`
    <h2>To review first</h2>
    <table class="cards review">
      <thead>
        <tr>
          <th>Mask</th>
          <th class="number">Frame</th>
          <th>Object</th>
          <th class="number">Drift</th>
          <th>Why</th>
        </tr>
      </thead>
      <tbody>${rows.map(({ object, point, because, picture }) => {
        const found = objects.find(({ number }) => number === object);
        return html`
          <tr>
            <td><img src="${picture.src}" width="${picture.size
              .width}" height="${picture.size.height}" alt="${picture
              .caption}"></td>
            <td class="number" data-label="frame">${point.frame}</td>
            <td>${found ? nameOf(found) : object}</td>
            <td class="number" data-label="drift">${point.drift?.toFixed(2) ??
              "–"}</td>
            <td>${because}</td>
          </tr>
        `;
      })}</tbody>
    </table>
  `;
}

function stageSection(stages: readonly ReportStage[]): Html {
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  const longest = stages.reduce((most, s) => Math.max(most, s.seconds), 0) || 1;
  return html`
    <h2>Time</h2>
    <table class="bars">
      <tbody>${stages.map(({ name, seconds, detail }) =>
        html`
          <tr>
            <td>${name}${detail !== undefined &&
              html`<br><span class="soft">${detail}</span>`}</td>
            <td class="number">${secondsText(seconds)}</td>
            <td><span class="bar" style="width:${(100 * seconds / longest)
              .toFixed(1)}%"></span></td>
          </tr>
        `
      )}
    <tr><td>Together</td><td class="number">${secondsText(
      total,
    )}</td><td></td></tr></tbody>
    </table>
  `;
}

function fileSection(files: readonly ReportFile[]): Html {
  return html`
    <h2>Files</h2>
    <table>
      <thead>
        <tr>
          <th>File</th>
          <th>What it holds</th>
          <th class="number">Size</th>
        </tr>
      </thead>
      <tbody>${files.map(({ path, bytes, about }) =>
        html`
          <tr>
            <td><a href="${relativeUrl(path)}">${path}</a></td>
            <td>${about}</td>
            <td class="number">${bytesText(bytes)}</td>
          </tr>
        `
      )}</tbody>
    </table>
  `;
}

function originSection({ model, device, machine, date }: DemoReport): Html {
  const rows = [
    ["Model", html`${model.id}`],
    ["Licence", html`${model.licence}`],
    ["sha256", html`<code>${model.sha256}</code>`],
    ["Device", html`${device}`],
    ["Machine", html`${machine}`],
    ["Date", html`${date.toISOString().replace(/\.\d+Z$/, "Z")}`],
  ] as const;
  return html`<h2>Origin</h2>
<dl>${
    rows.map(([name, value]) =>
      html`
        <dt>${name}</dt>
        <dd>${value}</dd>
      `
    )
  }</dl>`;
}

function nameOf({ number, name, colour }: ReportObject): Html {
  return html`
    <span class="swatch"
      style="background:${hexColour(colour)}"></span>${number} ${name}
  `;
}

/** A path below the page as a URL; anything that leaves the folder is an error. */
function relativeUrl(path: string): string {
  const steps = path.replace(/\/$/, "").split(/[\\/]/); // a folder may end in a slash
  const isBelow = steps.every((step) => step !== ".." && step !== "") &&
    !/^[A-Za-z]:/.test(path);
  if (!isBelow) {
    throw new Error(`Cannot link ${path}: expected a path below the page`);
  }
  return steps.map(encodeURIComponent).join("/");
}
