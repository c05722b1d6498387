// Pictures for cells: frames side by side, and drawings as a raster.

import { Buffer } from "node:buffer";
import sharp from "sharp";
import type { Size } from "../base/tensor.ts";
import { type Html, html } from "../work/report/html.ts";
import type { ReportPicture } from "../work/report/demo_report.ts";
import type { DrawnChart } from "./chart.ts";
import { notebookQuality, type Picture } from "./display.ts";

/** Quality of pictures that are compressed once more here. */
export const drawnQuality = 95;

const notebookJpeg = { quality: notebookQuality, mozjpeg: true } as const;

/** A picture of a page as one of a cell. */
export async function asPicture(
  { src, size }: ReportPicture,
): Promise<Picture> {
  const bytes = await sharp(jpegOf(src)).jpeg(notebookJpeg).toBuffer();
  return jpegPicture(bytes, size.width);
}

const gapPx = 6;

/** Puts pictures of one size into a row, each with the number of its frame. */
export async function joinPictures(
  pictures: readonly ReportPicture[],
): Promise<Picture> {
  const { width, height } = pictures[0]?.size ?? { width: 1, height: 1 };
  const step = width + gapPx;
  const whole = { width: Math.max(1, pictures.length * step - gapPx), height };
  const tiles = pictures.map(({ src }, i) => (
    { input: jpegOf(src), left: i * step, top: 0 }
  ));
  const numbers = svgOf(
    pictures.map(({ frame }, i) => numberSvg(frame, i * step)),
    whole,
  );
  const paper = { ...whole, channels: 3, background: "#fff" } as const;
  const bytes = await sharp({ create: paper })
    .composite([...tiles, { input: Buffer.from(numbers) }])
    .jpeg(notebookJpeg).toBuffer();
  return jpegPicture(bytes, whole.width);
}

function jpegPicture(bytes: Buffer, widthPx: number): Picture {
  return { mime: "image/jpeg", bytes: new Uint8Array(bytes), widthPx };
}

/** White on a dark patch, readable over any tissue. */
function numberSvg(frame: number, left: number): Html {
  const width = 9 + 8 * String(frame).length;
  return html`
    <rect x="${left}" y="0" width="${width}" height="18" fill="#000"
      fill-opacity="0.6" />
    <text x="${left +
      width / 2}" y="14" text-anchor="middle" fill="#fff">${frame}</text>
  `;
}

/** Draws a chart as a PNG with half as many pixels again, sharp on a screen and on paper. */
export async function drawPicture(
  { content, size }: DrawnChart,
): Promise<Picture> {
  const paper = html`<rect width="100%" height="100%" fill="#fff" />`; // on dark pages too
  const svg = new TextEncoder().encode(svgOf([paper, ...content], size));
  const bytes = await sharp(svg, { density: 108 }) // at 72 a px is one pixel
    .flatten().png({ palette: true, colours: 16, dither: 0, effort: 10 })
    .toBuffer();
  return {
    mime: "image/png",
    bytes: new Uint8Array(bytes),
    widthPx: size.width,
  };
}

function svgOf(content: readonly Html[], { width, height }: Size): string {
  return html`
    <svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"
      viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12"
      fill="#333">${content}</svg>
  `.html;
}

function jpegOf(src: string): Buffer {
  return Buffer.from(src.slice(src.indexOf(",") + 1), "base64");
}
