// The pictures of masks on disk: `masks/<sequence>/<object number>/<frame>-<hash>.png`.
//
// The name carries a checksum of the mask, so a new mask never writes over the
// file that a row still names: the new file appears complete (temporary name,
// then rename), the row changes, the old file goes. Whatever a killed process
// leaves between these steps is a file that no row names.

import { dirname, join } from "node:path";
import type { Bitmap } from "../base/image.ts";
import { encodeMaskPng } from "../media/image.ts";
import { sha256Of } from "./canonical.ts";

/** Names the file of a mask, relative to the store's folder. */
export function maskFileName(
  { sequenceId, objectNumber, frame }: {
    sequenceId: number;
    objectNumber: number;
    frame: number;
  },
  { width, height, counts }: { width: number; height: number; counts: string },
): string {
  const hash = sha256Of(`${width}x${height} ${counts}`).slice(0, 8);
  const digits = String(frame).padStart(5, "0");
  return `${maskFolder(sequenceId)}/${objectNumber}/${digits}-${hash}.png`;
}

/** The folder of a sequence's masks, relative to the store's folder. */
export function maskFolder(sequenceId: number): string {
  return `masks/${sequenceId}`;
}

/** Writes a mask as PNG; the file is there completely or not at all. */
export async function writeMaskFile(
  folder: string,
  file: string,
  bitmap: Bitmap,
): Promise<void> {
  const path = join(folder, file);
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const png = await encodeMaskPng(bitmap);
  try {
    await writeInFolder(temporary, png);
    await Deno.rename(temporary, path);
  } catch (error) {
    await removeMaskFiles(folder, [`${file}${temporary.slice(path.length)}`]);
    throw error;
  }
}

/** Removes files; what cannot be removed now is swept by the next writer. */
export async function removeMaskFiles(
  folder: string,
  files: readonly string[],
): Promise<void> {
  for (const file of files) {
    await Deno.remove(join(folder, file)).catch(() => {});
  }
}

/** Lists the mask files of a sequence with their sizes, temporary ones included; files of other names are not ours. */
export async function listMaskFiles(
  folder: string,
  sequenceId: number,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const number of await listNames(join(folder, maskFolder(sequenceId)))) {
    const directory = `${maskFolder(sequenceId)}/${number}`;
    for (const name of await listNames(join(folder, directory))) {
      if (!/^\d{5,}-[0-9a-f]{8}\.png(\.[0-9a-f-]{36}\.tmp)?$/.test(name)) {
        continue;
      }
      const { size } = await Deno.stat(join(folder, directory, name));
      sizes.set(`${directory}/${name}`, size);
    }
  }
  return sizes;
}

/** Removes all mask files of a sequence. */
export async function removeMaskFolder(
  folder: string,
  sequenceId: number,
): Promise<void> {
  try {
    const path = join(folder, maskFolder(sequenceId));
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function writeInFolder(path: string, bytes: Uint8Array) {
  try {
    await Deno.writeFile(path, bytes);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.mkdir(dirname(path), { recursive: true }); // the object's first mask
    await Deno.writeFile(path, bytes);
  }
}

/** The names in a folder; none when it does not exist. */
async function listNames(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.map(({ name }) => name);
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return [];
    throw error;
  }
}
