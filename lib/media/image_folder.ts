// A folder of pictures as Frames, in the order a person would number them.
//
// Opening reads only the headers; pixels are read when asked for.

import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import type { Size } from "../base/tensor.ts";
import { checkFrameIndex, FOLDER_FPS, type Frames } from "./frames.ts";
import { readImage, readImageSize } from "./image.ts";

/** File name endings that are read as pictures. */
export const IMAGE_ENDINGS: readonly string[] = [
  ".jpg",
  ".jpeg",
  ".png",
  ".webp",
  ".tif",
  ".tiff",
];

/**
 * Opens the pictures of a folder, sorted so that 2 comes before 10.
 *
 * Other files and folders in it are passed over. All pictures must have one size.
 *
 * @example Two pictures are two frames
 * ```ts
 * import { encodePng, openImageFolder } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const dot = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
 * for (const name of ["10.png", "2.png"]) {
 *   await Deno.writeFile(`${folder}/${name}`, await encodePng(dot));
 * }
 * const frames = await openImageFolder(folder);
 * deepEqual(frames.infos.map((info) => info.name), ["2.png", "10.png"]);
 * await frames.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openImageFolder(path: string): Promise<Frames> {
  const source = resolve(path);
  const found = await stat(source).catch(() => undefined);
  if (!found?.isDirectory()) {
    const reason = found ? "it is a file" : "there is no such folder";
    throw new Error(`Cannot open image folder ${source}: ${reason}`);
  }
  const entries = await readdir(source, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const names = sortNaturally(files.map((file) => file.name).filter(isImage));
  if (names.length === 0) {
    throw new Error(
      `Cannot open image folder ${source}: it holds ${files.length} files but ` +
        `no picture. Expected files ending in ${IMAGE_ENDINGS.join(" ")}`,
    );
  }
  return await openImageFiles(source, names.map((name) => join(source, name)));
}

/** Opens picture files as the frames of one sequence, in the given order. */
export async function openImageFiles(
  source: string,
  paths: readonly string[],
): Promise<Frames> {
  return readFiles(source, paths, await commonSize(source, paths));
}

function readFiles(
  source: string,
  paths: readonly string[],
  size: Size,
): Frames {
  const count = paths.length;
  let isClosed = false;
  return {
    kind: "folder",
    source,
    size,
    count,
    fps: undefined,
    infos: paths.map((path, index) => (
      { index, timeMs: index * 1000 / FOLDER_FPS, name: basename(path) }
    )),
    async read(index) {
      checkFrameIndex(index, count, source);
      if (isClosed) throw new Error(`The image folder is closed: ${source}`);
      const image = await readImage(paths[index]);
      if (image.width === size.width && image.height === size.height) {
        return image;
      }
      throw new Error(`${paths[index]} has changed its size since opening`);
    },
    again: () => Promise.resolve(readFiles(source, paths, size)),
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
}

/** Whether a file name is that of a picture; hidden files are not. */
export function isImage(name: string): boolean {
  return !name.startsWith(".") &&
    IMAGE_ENDINGS.includes(extname(name).toLowerCase());
}

/** Sorts names with their numbers as numbers: 2 before 10; the same everywhere. */
export function sortNaturally(names: readonly string[]): string[] {
  const collator = new Intl.Collator("en", { numeric: true });
  return names.toSorted((a, b) => collator.compare(a, b) || (a < b ? -1 : 1));
}

async function commonSize(source: string, paths: readonly string[]) {
  const first = await readImageSize(paths[0]);
  for (const path of paths) {
    const { width, height, pages } = await readImageSize(path);
    if (pages > 1) {
      throw new Error(
        `Cannot open ${path}: it holds ${pages} pages, expected one picture per file`,
      );
    }
    if (width !== first.width || height !== first.height) {
      throw new Error(
        `Cannot open image folder ${source}: ${basename(paths[0])} has ` +
          `${first.width}x${first.height} pixels, but ${basename(path)} ` +
          `has ${width}x${height}. Expected one size`,
      );
    }
  }
  return { width: first.width, height: first.height };
}
