// Pictures of what a detector found: masks, boxes and words over a frame.
//
// All findings of a frame are painted onto one copy of it, since videos have
// many frames; the functions of overlay.ts copy the image for each thing drawn.

import type { Rgb, RgbImage } from "../base/image.ts";
import type { Box, Size } from "../base/tensor.ts";
import { letterRows, letterSize } from "./pixel_font.ts";
import type { Rle } from "./rle.ts";

/** Something found, as it is drawn. */
export type Finding = {
  readonly box: Box;
  readonly colour: Rgb;
  /** What stands at the box. */
  readonly words: string;
  /** At the size of the image. */
  readonly mask?: Rle;
};

/**
 * Draws findings, the first on top.
 *
 * @example The frame of a box
 * ```ts
 * import { drawFindings } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const image = { width: 3, height: 3, data: new Uint8Array(27) };
 * const box = { x0: 0, y0: 0, x1: 3, y1: 3 };
 * const drawn = drawFindings(image, [{ box, colour: [200, 0, 0], words: "" }]);
 * deepEqual([...drawn.data.slice(0, 3), ...drawn.data.slice(12, 15)], [200, 0, 0, 0, 0, 0]);
 * ```
 */
export function drawFindings(
  image: RgbImage,
  findings: readonly Finding[],
): RgbImage {
  const { width, height } = image;
  const canvas: RgbImage = { width, height, data: image.data.slice() };
  const linePx = Math.max(1, Math.round(Math.min(width, height) / 300));
  const scale = Math.max(1, Math.round(Math.min(width, height) / 320));
  const bottomUp = findings.toReversed();
  for (const { mask, colour } of bottomUp) {
    if (mask) tint(canvas, mask, colour);
  }
  for (const { box, colour } of bottomUp) frame(canvas, box, colour, linePx);
  for (const { box, colour, words } of bottomUp) {
    if (words) write(canvas, words, { box, colour, scale });
  }
  return canvas;
}

const opacity = 0.4;

/** Mixes a colour into the pixels of a mask, along its runs. */
function tint(
  { width, data }: RgbImage,
  { size: [height], counts }: Rle,
  colour: Rgb,
) {
  let at = 0; // counts down the columns
  for (const [run, count] of counts.entries()) {
    const end = at + count;
    for (; run % 2 === 1 && at < end; at++) {
      const pixel = ((at % height) * width + Math.floor(at / height)) * 3;
      for (let c = 0; c < 3; c++) {
        data[pixel + c] += (colour[c] - data[pixel + c]) * opacity;
      }
    }
    at = end;
  }
}

function frame(canvas: RgbImage, box: Box, colour: Rgb, linePx: number) {
  const { x0, y0, x1, y1 } = wholeBox(box);
  const bar = (x0: number, y0: number, x1: number, y1: number) =>
    fill(canvas, { x0, y0, x1, y1 }, colour);
  bar(x0, y0, x1, y0 + linePx);
  bar(x0, y1 - linePx, x1, y1);
  bar(x0, y0, x0 + linePx, y1);
  bar(x1 - linePx, y0, x1, y1);
}

/** At least one pixel each way, so that the smallest finding is seen. */
function wholeBox(box: Box): Box {
  const x0 = Math.round(box.x0), y0 = Math.round(box.y0);
  const x1 = Math.max(x0 + 1, Math.round(box.x1));
  const y1 = Math.max(y0 + 1, Math.round(box.y1));
  return { x0, y0, x1, y1 };
}

function fill(
  { width, height, data }: RgbImage,
  { x0, y0, x1, y1 }: Box,
  [red, green, blue]: Rgb,
) {
  for (let y = Math.max(0, y0); y < Math.min(height, y1); y++) {
    for (let x = Math.max(0, x0); x < Math.min(width, x1); x++) {
      const pixel = (y * width + x) * 3;
      data[pixel] = red;
      data[pixel + 1] = green;
      data[pixel + 2] = blue;
    }
  }
}

/** Writes words on a plate above a box; inside it where there is no room above. */
function write(
  canvas: RgbImage,
  words: string,
  { box, colour, scale }: {
    readonly box: Box;
    readonly colour: Rgb;
    readonly scale: number;
  },
) {
  const rows = letterRows(words);
  const step = (letterSize.width + 1) * scale;
  const plate: Size = {
    width: rows.length * step + scale,
    height: (letterSize.height + 2) * scale,
  };
  const { x0, y0 } = wholeBox(box);
  const left = Math.max(0, Math.min(x0, canvas.width - plate.width));
  const top = y0 >= plate.height ? y0 - plate.height : Math.max(0, y0);
  fill(canvas, {
    x0: left,
    y0: top,
    x1: left + plate.width,
    y1: top + plate.height,
  }, colour);
  const ink = inkOn(colour);
  for (const [i, letter] of rows.entries()) {
    for (const [row, bits] of letter.entries()) {
      for (let column = 0; column < letterSize.width; column++) {
        if ((bits >> (letterSize.width - 1 - column) & 1) === 0) continue;
        const x = left + scale + i * step + column * scale;
        const y = top + scale + row * scale;
        fill(canvas, { x0: x, y0: y, x1: x + scale, y1: y + scale }, ink);
      }
    }
  }
}

/** Black on light colours, white on dark ones. */
function inkOn([red, green, blue]: Rgb): Rgb {
  const light = 0.299 * red + 0.587 * green + 0.114 * blue; // as the eye weighs them
  return light > 130 ? [0, 0, 0] : [255, 255, 255];
}
