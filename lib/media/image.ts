// Pictures and masks as files: PNG, JPEG, WebP, TIFF in; PNG and JPEG out.
//
// Pixels are what the file stores, turned upright by its EXIF orientation:
// colour profiles are ignored and alpha is dropped (the colours below it stay),
// as Pillow's convert("RGB") and OpenCV do it. Grey becomes RGB, 16 bits
// become their upper 8.

import sharp from "sharp";
import { messageOf } from "../base/errors.ts";
import type { Bitmap, RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";

// A file may change between two reads, so nothing is remembered by its path.
sharp.cache(false);

/** Strict about damage, indifferent to colour profiles. */
const READING = { failOn: "error", ignoreIcc: true } as const;

/**
 * Reads a picture from a file or its bytes.
 *
 * @example A red dot survives a PNG
 * ```ts
 * import { encodePng, readImage } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const dot = { width: 1, height: 1, data: Uint8Array.of(200, 10, 20) };
 * deepEqual(await readImage(await encodePng(dot)), dot);
 * ```
 */
export async function readImage(
  source: string | Uint8Array,
): Promise<RgbImage> {
  try {
    const { data, info } = await sharp(source, READING)
      .autoOrient().removeAlpha().toColourspace("srgb")
      .raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels !== 3) throw new Error(`${channels} channels, expected 3`);
    return { width, height, data: plainBytes(data) };
  } catch (cause) {
    throw readError("image", source, cause);
  }
}

/**
 * Reads a mask: a pixel is inside when its brightest channel is above the threshold.
 *
 * The threshold suits masks of 0 and 255, also as JPEG. A palette PNG whose
 * pixels are object numbers is read by `decodePalettePng`.
 */
export async function readMask(
  source: string | Uint8Array,
  { threshold = 127 } = {},
): Promise<Bitmap> {
  const { width, height, data } = await readImage(source);
  const inside = new Uint8Array(width * height);
  for (let i = 0; i < inside.length; i++) {
    const brightest = Math.max(data[3 * i], data[3 * i + 1], data[3 * i + 2]);
    inside[i] = brightest > threshold ? 1 : 0;
  }
  return { width, height, data: inside };
}

/**
 * What a picture file says about itself, without decoding its pixels.
 *
 * @param options.anySize whether the header may promise more than could be decoded
 */
export async function readImageSize(
  source: string | Uint8Array,
  { anySize = false } = {},
): Promise<Size & { readonly pages: number }> {
  try {
    const limit = anySize ? { limitInputPixels: false } : {};
    const { autoOrient, pages = 1 } = await sharp(source, {
      ...READING,
      ...limit,
    }).metadata();
    return { width: autoOrient.width, height: autoOrient.height, pages };
  } catch (cause) {
    throw readError("image", source, cause);
  }
}

/** Encodes a picture as PNG, lossless. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  return plainBytes(await fromRgb(image).png().toBuffer());
}

/** Encodes a picture as JPEG with full colour resolution. */
export async function encodeJpeg(
  image: RgbImage,
  { quality = 90 } = {},
): Promise<Uint8Array> {
  const jpeg = fromRgb(image).jpeg({ quality, chromaSubsampling: "4:4:4" });
  return plainBytes(await jpeg.toBuffer());
}

/** Encodes a mask as 8-bit grey PNG: 0 outside, 255 inside. */
export async function encodeMaskPng(mask: Bitmap): Promise<Uint8Array> {
  const { width, height } = mask;
  const grey = new Uint8Array(mask.data.length);
  for (let i = 0; i < grey.length; i++) grey[i] = mask.data[i] ? 255 : 0;
  const png = sharp(grey, { raw: { width, height, channels: 1 } })
    .toColourspace("b-w").png({ palette: false });
  return plainBytes(await png.toBuffer());
}

/** Resizes a picture, for thumbnails and overviews; sides may change independently. */
export async function resizeImage(
  image: RgbImage,
  size: Size,
): Promise<RgbImage> {
  const { width, height } = size;
  const resized = await fromRgb(image)
    .resize({ width, height, fit: "fill" }).raw().toBuffer();
  return { width, height, data: plainBytes(resized) };
}

function fromRgb({ width, height, data }: RgbImage) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The bytes as a plain array: a Buffer compares and prints differently. */
function plainBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(
    buffer.buffer as ArrayBuffer,
    buffer.byteOffset,
    buffer.byteLength,
  );
}

function readError(
  what: string,
  source: string | Uint8Array,
  cause: unknown,
): Error {
  const name = typeof source === "string"
    ? source
    : `from ${source.length} bytes`;
  return new Error(
    `Cannot read ${what} ${name}: ${messageOf(cause).trim()}. ` +
      `Expected a complete JPEG, PNG, WebP or TIFF file`,
    { cause },
  );
}
