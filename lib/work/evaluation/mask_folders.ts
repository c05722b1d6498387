// Folders of mask pictures, in the layouts that video segmentation uses.
//
//   DIR/00000.png                 one sequence
//   DIR/<object>/00000.png        one sequence, a folder for each object
//   DIR/<sequence>/00000.png      several sequences (DAVIS)
//   DIR/<sequence>/<object>/00000.png
//
// A folder named by a number alone is an object. A picture is a palette PNG
// whose pixels are object numbers (255 is void, unless nothing else is there),
// a grey one with object numbers up to 127, or one object in white on black.

import { basename, extname, join } from "node:path";
import type { Bitmap, IndexImage } from "../../base/image.ts";
import type { Size } from "../../base/tensor.ts";
import { splitIndexImage } from "../../formats/davis.ts";
import { readImage, readMask } from "../../media/image.ts";
import { isImage, sortNaturally } from "../../media/image_folder.ts";
import { decodePalettePng } from "../../media/palette_png.ts";

/** The pictures of a sequence, by frame. */
export type MaskSequence = {
  /** The name of its folder. */
  readonly name: string;
  /** A frame is named by its file, a number without leading zeros. */
  readonly frames: ReadonlyMap<string, readonly MaskPicture[]>;
};

type MaskPicture = {
  readonly path: string;
  /** Where each object has a folder of its own. */
  readonly object?: number;
};

/** The masks of one frame. */
export type FrameMasks = {
  readonly width: number;
  readonly height: number;
  readonly objects: ReadonlyMap<number, Bitmap>;
  /** What belongs to nothing and is compared with nothing. */
  readonly voided?: Bitmap;
};

/** Finds the sequences of a folder. */
export async function listMaskSequences(
  folder: string,
): Promise<readonly MaskSequence[]> {
  const { pictures, folders } = await look(folder);
  if (pictures.length > 0 || folders.some(isObjectName)) {
    return [await openSequence(folder)];
  }
  const sequences = await Promise.all(
    folders.map((name) => openSequence(join(folder, name))),
  );
  const filled = sequences.filter(({ frames }) => frames.size > 0);
  if (filled.length === 0) {
    throw new RangeError(
      `Cannot read masks in ${folder}: it holds no pictures, neither itself nor in folders of sequences or objects`,
    );
  }
  return filled;
}

/** Reads all masks of a frame. */
export async function readFrameMasks(
  pictures: readonly MaskPicture[],
): Promise<FrameMasks> {
  const objects = new Map<number, Bitmap>();
  let size: Size | undefined;
  let voided: Bitmap | undefined;
  for (const { path, object } of pictures) {
    const read = object === undefined
      ? await readNumbered(path)
      : await readObject(path, object);
    const { width, height } = read.size;
    if (size && (size.width !== width || size.height !== height)) {
      throw new RangeError(
        `Cannot read masks: ${path} is ${width}x${height}, another object of the frame ${size.width}x${size.height}`,
      );
    }
    size = { width, height };
    voided = read.voided ?? voided;
    for (const { id, bitmap } of read.masks) objects.set(id, bitmap);
  }
  if (!size) {
    throw new RangeError("Cannot read masks: the frame has no picture");
  }
  return { ...size, objects, voided };
}

async function openSequence(folder: string): Promise<MaskSequence> {
  const { pictures, folders } = await look(folder);
  const frames = new Map<string, MaskPicture[]>();
  const add = (path: string, object?: number) => {
    const frame = frameOf(path);
    const own = frames.get(frame) ?? [];
    if (own.some((other) => other.object === object)) {
      throw new RangeError(
        `Cannot read masks: ${path} and ${own[0].path} are the same frame`,
      );
    }
    frames.set(frame, [...own, { path, object }]);
  };
  for (const name of pictures) add(join(folder, name));
  if (pictures.length === 0) {
    for (const object of folders.filter(isObjectName)) {
      const own = await look(join(folder, object));
      for (const name of own.pictures) {
        add(join(folder, object, name), Number(object));
      }
    }
  }
  const name = basename(folder);
  return { name, frames };
}

async function look(folder: string) {
  const pictures: string[] = [];
  const folders: string[] = [];
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    if (name.startsWith(".")) continue;
    if (isFile && isImage(name)) pictures.push(name);
    if (isDirectory) folders.push(name);
  }
  return {
    pictures: sortNaturally(pictures),
    folders: sortNaturally(folders),
  };
}

function isObjectName(name: string): boolean {
  return /^\d+$/.test(name);
}

function frameOf(path: string): string {
  const stem = basename(path, extname(path));
  return /^\d+$/.test(stem) ? String(Number(stem)) : stem;
}

type ReadMasks = {
  readonly size: Size;
  readonly masks: readonly { readonly id: number; readonly bitmap: Bitmap }[];
  readonly voided?: Bitmap;
};

async function readNumbered(path: string): Promise<ReadMasks> {
  const numbers = await readNumbers(path);
  const masks = splitIndexImage(numbers);
  const size = { width: numbers.width, height: numbers.height };
  if (masks.length === 1 && masks[0].id === 255) {
    return { size, masks: [{ id: 1, bitmap: masks[0].bitmap }] };
  }
  return {
    size,
    masks: masks.filter(({ id }) => id < 255),
    voided: masks.find(({ id }) => id === 255)?.bitmap,
  };
}

const paletteType = 3;

/** The object number of every pixel; white on black is object 255. */
async function readNumbers(path: string): Promise<IndexImage> {
  if (extname(path).toLowerCase() === ".png") {
    const bytes = await Deno.readFile(path);
    if (bytes[25] === paletteType) return decodePalettePng(bytes).image; // IHDR's colour type
  }
  const { width, height, data } = await readImage(path);
  const grey = new Uint8Array(width * height);
  let brightest = 0;
  for (let i = 0; i < grey.length; i++) {
    grey[i] = data[3 * i];
    if (data[3 * i] !== data[3 * i + 1] || data[3 * i] !== data[3 * i + 2]) {
      throw new RangeError(
        `Cannot read masks: ${path} is in colours, expected a palette or grey picture`,
      );
    }
    if (grey[i] > brightest) brightest = grey[i];
  }
  return brightest <= 127
    ? { width, height, data: grey }
    : { width, height, data: grey.map((value) => value > 127 ? 255 : 0) };
}

/** One object, whatever its number in the picture: any of a palette, or white. */
async function readObject(path: string, id: number): Promise<ReadMasks> {
  const isPng = extname(path).toLowerCase() === ".png";
  const pixels = isPng ? await readNumbers(path) : await readMask(path);
  const { width, height, data } = pixels;
  const bitmap = {
    width,
    height,
    data: data.map((pixel) => pixel > 0 ? 1 : 0),
  };
  return { size: { width, height }, masks: [{ id, bitmap }] };
}
