// Reading the mask files of real data sets, for tests only.

import type { Bitmap, RgbImage } from "../../lib/base/image.ts";
import sharp from "sharp";
import { sharedUrl } from "../shared.ts";

/** Reads a mask of the shared data: inside where the first channel is above 127. */
export async function readSharedMask(path: string): Promise<Bitmap> {
  const { data, info } = await sharp(new URL(path, sharedUrl).pathname)
    .raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const bitmap = new Uint8Array(width * height);
  for (let i = 0; i < bitmap.length; i++) {
    bitmap[i] = data[i * channels] > 127 ? 1 : 0;
  }
  return { width, height, data: bitmap };
}

/** Reads a picture of the shared data. */
export async function readSharedImage(path: string): Promise<RgbImage> {
  const { data, info } = await sharp(new URL(path, sharedUrl).pathname)
    .removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
