// Pixels in memory: colour images and masks, both row-major and plain data.

import type { Box } from "./tensor.ts";

/** An 8-bit RGB image, `[height, width, 3]`, row-major. */
export type RgbImage = {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
};

/** A mask, `[height, width]`, row-major; 1 is inside the object, 0 outside. */
export type Bitmap = {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
};

/** An image of object numbers, `[height, width]`, row-major; 0 is background. */
export type IndexImage = {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
};

/** A colour, each channel 0..255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Cuts a box of whole pixels out of an image; the whole image is given back as it is. */
export function cropImage(
  image: RgbImage,
  { x0, y0, x1, y1 }: Box,
): RgbImage {
  const width = x1 - x0;
  const height = y1 - y0;
  if (width === image.width && height === image.height) return image;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const at = ((y + y0) * image.width + x0) * 3;
    data.set(image.data.subarray(at, at + width * 3), y * width * 3);
  }
  return { width, height, data };
}
