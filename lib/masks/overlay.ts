// Pictures of annotations: masks, clicks and boxes drawn over a frame.
//
// Every function returns a new image. Lines and discs grow with the image, so
// that a capsule frame of 336 pixels and a full HD frame look alike.

import type { Bitmap, Rgb, RgbImage } from "../base/image.ts";
import type { Box, Point, Size } from "../base/tensor.ts";
import { boxOf } from "./bitmap.ts";
import { complementOf, dilate } from "./morphology.ts";
import type { Click } from "./next_click.ts";
import { requireSameSize } from "./same_size.ts";

/** Colours far from each other and from the reds of tissue. */
const palette: readonly Rgb[] = [
  [0, 220, 150],
  [60, 150, 255],
  [255, 205, 0],
  [225, 80, 240],
  [120, 235, 40],
  [0, 215, 245],
  [255, 135, 20],
  [150, 105, 255],
  [255, 130, 190],
  [190, 200, 120],
  [0, 150, 140],
  [175, 215, 255],
];

const white: Rgb = [255, 255, 255];

/** A colour for an object by its number; the first twelve are picked by hand. */
export function objectColour(n: number): Rgb {
  if (n >= 1 && n <= palette.length) return palette[n - 1];
  // Golden angle: each new hue falls into the widest gap left.
  const hue = ((n * 137.50776405) % 360 + 360) % 360;
  const channel = (offset: number) => {
    const k = (offset + hue / 30) % 12;
    return Math.round(
      255 * (0.6 - 0.4 * Math.max(-1, Math.min(k - 3, 9 - k, 1))),
    );
  };
  return [channel(0), channel(8), channel(4)]; // HSL with 60 % lightness
}

/**
 * Tints a mask and draws its outline, inside its edge.
 *
 * @example A mask of two pixels, all of it outline
 * ```ts
 * import { drawMask } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const image = { width: 3, height: 1, data: new Uint8Array(9) };
 * const bitmap = { width: 3, height: 1, data: Uint8Array.of(1, 1, 0) };
 * const drawn = drawMask(image, bitmap, { colour: [0, 200, 0], outlinePx: 1 });
 * deepEqual([...drawn.data], [0, 90, 0, 0, 200, 0, 0, 0, 0]); // 200 * 0.45 = 90
 * ```
 */
export function drawMask(
  image: RgbImage,
  bitmap: Bitmap,
  { colour, opacity = 0.45, outlinePx = lineWidthPx(image) }: {
    colour: Rgb;
    opacity?: number;
    outlinePx?: number;
  },
): RgbImage {
  requireSameSize(image, bitmap);
  const drawn = copyOf(image);
  const box = boxOf(bitmap);
  if (!box) return drawn;
  const near = outlinePx > 0 ? dilate(complementOf(bitmap), outlinePx) : bitmap;
  for (let y = box.y0; y < box.y1; y++) {
    for (let x = box.x0; x < box.x1; x++) {
      const i = y * image.width + x;
      if (bitmap.data[i] === 0) continue;
      const isOutline = outlinePx > 0 && near.data[i] > 0;
      blend(drawn, i, colour, isOutline ? 1 : opacity);
    }
  }
  return drawn;
}

/** Draws a click as a green disc with a plus or a red one with a minus, white rimmed. */
export function drawClick(image: RgbImage, { x, y, sign }: Click): RgbImage {
  const drawn = copyOf(image);
  const radius = Math.max(5, Math.min(image.width, image.height) / 55);
  const rim = Math.max(1.25, radius * 0.2);
  const arm = radius * 0.5;
  const thick = Math.max(0.75, radius * 0.14);
  const fill: Rgb = sign === "+" ? [16, 160, 72] : [214, 40, 40];
  const centre = { x: x + 0.5, y: y + 0.5 }; // of the clicked pixel

  paint(drawn, centre, radius + rim + 2, (dx, dy) => {
    const distance = Math.hypot(dx, dy);
    const across = cover(Math.max(Math.abs(dx) - arm, Math.abs(dy) - thick));
    const upright = cover(Math.max(Math.abs(dy) - arm, Math.abs(dx) - thick));
    const mark = sign === "+" ? Math.max(across, upright) : across;
    return [
      [[0, 0, 0], 0.4 * cover(distance - radius - rim - 1)], // a soft shadow
      [white, cover(distance - radius - rim)],
      [fill, cover(distance - radius)],
      [white, mark],
    ];
  });
  return drawn;
}

/** Draws the frame of a box, inside its edges. */
export function drawBox(
  image: RgbImage,
  box: Box,
  { colour, linePx = lineWidthPx(image) }: { colour: Rgb; linePx?: number },
): RgbImage {
  const drawn = copyOf(image);
  const x0 = Math.round(box.x0), x1 = Math.round(box.x1);
  const y0 = Math.round(box.y0), y1 = Math.round(box.y1);
  for (let y = Math.max(0, y0); y < Math.min(image.height, y1); y++) {
    for (let x = Math.max(0, x0); x < Math.min(image.width, x1); x++) {
      const depth = Math.min(x - x0, x1 - 1 - x, y - y0, y1 - 1 - y);
      if (depth < linePx) blend(drawn, y * image.width + x, colour, 1);
    }
  }
  return drawn;
}

/** The width of a line that looks thin but clear: 1 pixel at 336, 3 at 1080. */
function lineWidthPx({ width, height }: Size): number {
  return Math.max(1, Math.round(Math.min(width, height) / 360));
}

/** How much of a pixel a shape covers whose edge is so far away (negative inside). */
function cover(distance: number): number {
  return Math.min(1, Math.max(0, 0.5 - distance));
}

/** Blends layers into the pixels around a point, given their distance from it. */
function paint(
  image: RgbImage,
  { x, y }: Point,
  reach: number,
  layersAt: (dx: number, dy: number) => readonly (readonly [Rgb, number])[],
) {
  const x0 = Math.max(0, Math.floor(x - reach));
  const x1 = Math.min(image.width, Math.ceil(x + reach));
  const y0 = Math.max(0, Math.floor(y - reach));
  const y1 = Math.min(image.height, Math.ceil(y + reach));
  for (let row = y0; row < y1; row++) {
    for (let column = x0; column < x1; column++) {
      for (
        const [colour, opacity] of layersAt(column + 0.5 - x, row + 0.5 - y)
      ) blend(image, row * image.width + column, colour, opacity);
    }
  }
}

function blend(
  { data }: RgbImage,
  pixel: number,
  colour: Rgb,
  opacity: number,
) {
  for (let c = 0; c < 3; c++) {
    const old = data[pixel * 3 + c];
    data[pixel * 3 + c] = Math.round(old + (colour[c] - old) * opacity);
  }
}

function copyOf({ width, height, data }: RgbImage): RgbImage {
  return { width, height, data: data.slice() };
}
