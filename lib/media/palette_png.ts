// PNG files whose pixels are numbers: the masks of DAVIS, MOSE and YouTube-VOS.
//
// Image libraries expand palettes to colours on reading and make their own on
// writing, so the numbers would not survive. PNG 1.2 is short enough to be
// read and written here: https://www.w3.org/TR/2003/REC-PNG-20031110/
// Not read: other colour types, interlacing, transparency.

import { crc32, deflateSync, inflateSync } from "node:zlib";
import { messageOf } from "../base/errors.ts";
import type { IndexImage, Rgb } from "../base/image.ts";

/** Pictures above this are refused before memory is taken. */
const MAX_PIXELS = 2 ** 27;

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

/**
 * Encodes an image of object numbers as an 8-bit palette PNG.
 *
 * @param palette the colour of each number; numbers without a colour are an error
 *
 * @example Numbers and colours survive
 * ```ts
 * import { decodePalettePng, encodePalettePng } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const image = { width: 3, height: 1, data: Uint8Array.of(0, 2, 1) };
 * const palette = [[0, 0, 0], [128, 0, 0], [0, 128, 0]] as const;
 * const png = encodePalettePng(image, palette);
 * deepEqual(decodePalettePng(png), { image, palette });
 * ```
 */
export function encodePalettePng(
  image: IndexImage,
  palette: readonly Rgb[],
): Uint8Array {
  const highest = image.data.reduce((a, b) => Math.max(a, b), 0);
  if (palette.length > 256 || highest >= palette.length) {
    throw new RangeError(
      `Cannot encode palette PNG: the highest number is ${highest}, the ` +
        `palette has ${palette.length} colours (at most 256)`,
    );
  }
  return encode(image, {
    colourType: 3,
    colours: [chunk("PLTE", Uint8Array.from(palette.flat()))],
  });
}

/** Encodes an image of numbers as an 8-bit grey PNG, where grey is the number. */
export function encodeGreyPng(image: IndexImage): Uint8Array {
  return encode(image, { colourType: 0, colours: [] });
}

function encode(
  { width, height, data }: IndexImage,
  { colourType, colours }: { colourType: 0 | 3; colours: Uint8Array[] },
): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colourType, 0, 0, 0], 8); // 8 bits, deflate, filters, not interlaced
  const rows = new Uint8Array(height * (width + 1));
  for (let y = 0; y < height; y++) { // a 0 before each row: no filter
    rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  return concat([
    SIGNATURE,
    chunk("IHDR", header),
    ...colours,
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** Decodes a palette PNG into its numbers and colours, never through colours. */
export function decodePalettePng(
  bytes: Uint8Array,
): { image: IndexImage; palette: Rgb[] } {
  try {
    return decode(readChunks(bytes));
  } catch (cause) {
    throw new Error(`Cannot read palette PNG: ${messageOf(cause)}`, { cause });
  }
}

type Chunk = { readonly type: string; readonly data: Uint8Array };

function decode(
  chunks: readonly Chunk[],
): { image: IndexImage; palette: Rgb[] } {
  const { width, height, depth } = parseHeader(chunks);
  const colours = chunks.find((chunk) => chunk.type === "PLTE")?.data;
  if (!colours || colours.length === 0 || colours.length % 3 !== 0) {
    throw new Error("it has no palette");
  }
  const palette = Array.from(
    { length: colours.length / 3 },
    (_, i): Rgb => [colours[3 * i], colours[3 * i + 1], colours[3 * i + 2]],
  );

  const stride = Math.ceil(width * depth / 8);
  const parts = chunks.filter((chunk) => chunk.type === "IDAT");
  const expected = height * (stride + 1);
  const filtered = inflateSync(concat(parts.map((part) => part.data)), {
    maxOutputLength: expected,
  });
  if (filtered.length !== expected) {
    throw new Error(`${filtered.length} bytes of pixels, expected ${expected}`);
  }
  const rows = unfilter(filtered, stride, height);
  return {
    image: { width, height, data: unpack(rows, { width, height, depth }) },
    palette,
  };
}

function parseHeader(chunks: readonly Chunk[]) {
  const [header] = chunks;
  if (header?.type !== "IHDR" || header.data.length !== 13) {
    throw new Error("it does not start with a header");
  }
  const view = new DataView(header.data.buffer, header.data.byteOffset, 13);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const [depth, colourType, , , interlace] = header.data.subarray(8);
  if (colourType !== 3) {
    throw new Error(`its colour type is ${colourType}, expected 3 (palette)`);
  }
  if (![1, 2, 4, 8].includes(depth)) throw new Error(`it has ${depth} bits`);
  if (interlace !== 0) {
    throw new Error("it is interlaced; save it without interlacing");
  }
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) {
    throw new Error(
      `it has ${width}x${height} pixels, expected 1 to ${MAX_PIXELS}`,
    );
  }
  return { width, height, depth };
}

function readChunks(bytes: Uint8Array): Chunk[] {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    throw new Error("the PNG signature is missing");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let at = 8;
  while (at + 12 <= bytes.length) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) break;
    const type = new TextDecoder().decode(bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      throw new Error(`the checksum of its ${type} part is wrong`);
    }
    chunks.push({ type, data: bytes.subarray(at + 8, end) });
    if (type === "IEND") return chunks;
    at = end + 4;
  }
  throw new Error(`it ends after ${bytes.length} bytes, before its end mark`);
}

/** Undoes the filter of each row; one byte holds at least one pixel, so "left" is one byte back. */
function unfilter(
  filtered: Uint8Array,
  stride: number,
  height: number,
): Uint8Array {
  const rows = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (stride + 1)];
    if (filter > 4) {
      throw new Error(`row ${y} has the unknown filter ${filter}`);
    }
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x > 0 ? rows[at - 1] : 0;
      const up = y > 0 ? rows[at - stride] : 0;
      const upLeft = x > 0 && y > 0 ? rows[at - stride - 1] : 0;
      const guess = filter === 1
        ? left
        : filter === 2
        ? up
        : filter === 3
        ? (left + up) >> 1
        : filter === 4
        ? paeth(left, up, upLeft)
        : 0;
      rows[at] = filtered[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return rows;
}

/** The neighbour that is nearest to left + up - upLeft (PNG, section 9.4). */
function paeth(left: number, up: number, upLeft: number): number {
  const toLeft = Math.abs(up - upLeft);
  const toUp = Math.abs(left - upLeft);
  const toUpLeft = Math.abs(left + up - 2 * upLeft);
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

/** Rows of 1, 2, 4 or 8 bits per pixel to one byte per pixel. */
function unpack(
  rows: Uint8Array,
  { width, height, depth }: { width: number; height: number; depth: number },
): Uint8Array {
  if (depth === 8) return rows;
  const stride = rows.length / height;
  const perByte = 8 / depth;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = rows[y * stride + Math.floor(x / perByte)];
      const shift = 8 - depth * (x % perByte + 1); // the leftmost pixel is the highest
      data[y * width + x] = (byte >> shift) & (2 ** depth - 1);
    }
  }
  return data;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
