// The true masks of a clip, from a file or a folder.
//
// A file is JSON as `deno task sample` writes it. A folder holds masks as
// pictures: one for each frame with the number of an object in every pixel, as
// DAVIS keeps them; one for each frame with one object, black and white; or a
// folder of such pictures for each object, named by its number, which is what
// `propagate --out` leaves. Beside a volume it is a label volume
// (truth_volume.ts). A picture belongs to the frame whose file has its
// name, or whose index is the number it is named by. Frames without a picture
// have no truth and are not measured.

import { basename, extname, join } from "node:path";
import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import type { Bitmap } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { splitIndexImage } from "../formats/davis.ts";
import { createBitmap } from "../masks/bitmap.ts";
import { decodeCounts, rleToBitmap } from "../masks/rle.ts";
import { readMask } from "../media/image.ts";
import type { VolumeView } from "../media/frames.ts";
import { isImage, sortNaturally } from "../media/image_folder.ts";
import { decodePalettePng } from "../media/palette_png.ts";
import { isVolume } from "../media/read_volume.ts";
import { readVolumeTruth } from "./truth_volume.ts";

/** What is known to be right. */
export type Truth = {
  /** The numbers of the objects. */
  readonly objects: readonly number[];
  /** The frames for which the truth is known, in order. */
  readonly frames: readonly number[];
  /** Reads a mask; empty where the object is not there. */
  maskAt(object: number, frame: number): Promise<Bitmap>;
};

/** What a truth has to fit: open frames, or what is known of them. */
export type TruthClip = {
  readonly size: Size;
  /** The file name of every frame; empty in a video or a volume. */
  readonly infos: readonly { readonly name: string }[];
  /** How the slices of a volume are cut; nothing for other clips. */
  readonly volume?: Pick<VolumeView, "axis"> | null;
};

/**
 * Reads the truth of a clip.
 *
 * @throws RangeError for pictures that belong to no frame or have another size
 */
export async function readTruth(
  path: string,
  clip: TruthClip,
): Promise<Truth> {
  const found = await Deno.stat(path).catch(() => undefined);
  if (!found) {
    throw new RangeError(
      `Cannot read truth ${path}: there is no such file or folder`,
    );
  }
  if (found.isDirectory) return await readFolder(path, clip);
  return isVolume(basename(path))
    ? await readLabels(path, clip)
    : await readFile(path, clip);
}

async function readLabels(
  path: string,
  { size, infos, volume }: TruthClip,
): Promise<Truth> {
  if (!volume) {
    throw new RangeError(
      `Cannot read truth ${path}: it is a volume, the clip is none`,
    );
  }
  const { axis } = volume;
  return await readVolumeTruth(path, { size, count: infos.length, axis });
}

const TruthFile = z.object({
  size: z.tuple([z.int(), z.int()]), // [height, width]
  objects: z.array(z.object({ id: z.int().positive() })),
  frames: z.array(z.object({
    index: z.int().nonnegative(),
    rle: z.record(z.string(), z.string()),
  })),
});

async function readFile(path: string, clip: TruthClip): Promise<Truth> {
  const { size, objects, frames } = parseFile(
    path,
    await Deno.readTextFile(path),
  );
  const [height, width] = size;
  requireFits(path, { width, height }, clip);
  const byFrame = new Map(frames.map(({ index, rle }) => [index, rle]));
  const past = frames.find(({ index }) => index >= clip.infos.length);
  if (past) throw pastEnd(path, past.index, clip);
  return {
    objects: objects.map(({ id }) => id),
    frames: [...byFrame.keys()].sort((a, b) => a - b),
    maskAt(object, frame) {
      const counts = byFrame.get(frame)?.[object];
      return Promise.resolve(
        counts === undefined
          ? createBitmap(clip.size)
          : rleToBitmap({ size, counts: decodeCounts(counts) }),
      );
    },
  };
}

function parseFile(path: string, text: string): z.infer<typeof TruthFile> {
  try {
    return TruthFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new RangeError(`Cannot read truth ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

async function readFolder(path: string, clip: TruthClip): Promise<Truth> {
  const folders = await listObjectFolders(path);
  if (folders.length === 0) return await readFlatFolder(path, clip);
  const byObject = new Map<number, ReadonlyMap<number, string>>();
  for (const name of folders) {
    byObject.set(Number(name), await listPictures(join(path, name), clip));
  }
  const frames = new Set([...byObject.values()].flatMap((m) => [...m.keys()]));
  return {
    objects: [...byObject.keys()].sort((a, b) => a - b),
    frames: [...frames].sort((a, b) => a - b),
    async maskAt(object, frame) {
      const picture = byObject.get(object)?.get(frame);
      return picture === undefined
        ? createBitmap(clip.size)
        : checked(picture, await readMask(picture), clip);
    },
  };
}

/** One picture for each frame: numbers of objects, or one object in white. */
async function readFlatFolder(path: string, clip: TruthClip): Promise<Truth> {
  const pictures = await listPictures(path, clip);
  const objects = new Set<number>();
  for (const picture of pictures.values()) {
    for (const { id } of await splitPicture(picture, clip)) objects.add(id);
  }
  return {
    objects: [...objects].sort((a, b) => a - b),
    frames: [...pictures.keys()].sort((a, b) => a - b),
    async maskAt(object, frame) {
      const picture = pictures.get(frame);
      const found = picture ? await splitPicture(picture, clip) : [];
      return found.find(({ id }) => id === object)?.bitmap ??
        createBitmap(clip.size);
    },
  };
}

async function splitPicture(picture: string, clip: TruthClip) {
  const numbers = extname(picture).toLowerCase() === ".png"
    ? readNumbers(await Deno.readFile(picture))
    : undefined;
  if (!numbers) {
    return [{ id: 1, bitmap: checked(picture, await readMask(picture), clip) }];
  }
  return splitIndexImage(checked(picture, numbers, clip));
}

/** The pixels of a palette PNG; undefined for other PNGs, which are black and white. */
function readNumbers(png: Uint8Array) {
  const palette = 3;
  return png[25] === palette ? decodePalettePng(png).image : undefined; // IHDR's colour type
}

async function listObjectFolders(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory && /^\d+$/.test(name)) names.push(name);
  }
  return names;
}

/** The pictures of a folder by the frame they belong to. */
async function listPictures(
  path: string,
  clip: TruthClip,
): Promise<ReadonlyMap<number, string>> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(path)) {
    if (isFile && isImage(name)) names.push(name);
  }
  if (names.length === 0) {
    throw new RangeError(`Cannot read truth ${path}: it holds no picture`);
  }
  const stems = new Map(clip.infos.map(({ name }, i) => [stemOf(name), i]));
  return new Map(
    sortNaturally(names).map((name) => {
      const stem = stemOf(name);
      const frame = stems.get(stem) ??
        (/^\d+$/.test(stem) ? Number(stem) : undefined);
      if (frame === undefined) {
        throw new RangeError(
          `Cannot read truth ${path}: ${name} has the name of no frame, and is not named by a number`,
        );
      }
      if (frame >= clip.infos.length) throw pastEnd(path, frame, clip);
      return [frame, join(path, name)];
    }),
  );
}

function stemOf(name: string): string {
  return basename(name, extname(name));
}

function checked<Pixels extends Size>(
  path: string,
  pixels: Pixels,
  clip: TruthClip,
): Pixels {
  requireFits(path, pixels, clip);
  return pixels;
}

function requireFits(path: string, found: Size, { size }: TruthClip) {
  if (found.width === size.width && found.height === size.height) return;
  throw new RangeError(
    `Cannot read truth ${path}: it has ${found.width}x${found.height} pixels, the clip ${size.width}x${size.height}`,
  );
}

function pastEnd(path: string, frame: number, { infos }: TruthClip) {
  return new RangeError(
    `Cannot read truth ${path}: it has frame ${frame}, the clip frames 0 to ${
      infos.length - 1
    }`,
  );
}
