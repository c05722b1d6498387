// The files that labels are read from: a folder with all that is in it, or one
// file. Links that lead out of the folder are refused, not followed.

import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { lookInside } from "../data_set/inside_folder.ts";

/** Where labels are. */
export type LabelFolder = {
  /** As it was given, for messages. */
  readonly path: string;
  /** All files by their names below the folder, with forward slashes, sorted. */
  readonly names: readonly string[];
  read(name: string): Promise<Uint8Array>;
  text(name: string): Promise<string>;
};

/** Opens a folder, or a file as a folder with nothing else; throws when it leads outside. */
export async function openLabelFolder(path: string): Promise<LabelFolder> {
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    throw new RangeError(
      `Cannot import labels ${path}: there is no such file or folder`,
    );
  }
  const root = await realpath(found.isDirectory() ? path : dirname(path));
  const names = found.isDirectory()
    ? await listNames(path, root, "", new Set([root]))
    : [basename(resolve(path))];
  const read = (name: string) => readFile(join(root, name));
  return {
    path,
    names,
    read: async (name) => new Uint8Array(await read(name)),
    async text(name) {
      const decoder = new TextDecoder("utf-8", { fatal: true });
      try {
        return decoder.decode(await read(name));
      } catch (cause) {
        throw new SyntaxError(
          `Cannot import labels ${path}: ${name}: ${messageOf(cause)}`,
          { cause },
        );
      }
    },
  };
}

async function listNames(
  path: string,
  root: string,
  folder: string,
  seen: Set<string>,
): Promise<string[]> {
  const names: string[] = [];
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (entry.name.startsWith(".")) continue;
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) names.push(name);
    else if (entry.isDirectory() || entry.isSymbolicLink()) {
      const target = await lookInside(root, join(root, name));
      if (target.kind === "outside") {
        throw new RangeError(
          `Cannot import labels ${path}: ${name} leads to ${target.realPath}, outside the folder`,
        );
      }
      if (target.kind === "file") names.push(name);
      if (target.kind === "folder" && !seen.has(target.realPath)) {
        seen.add(target.realPath);
        names.push(...await listNames(path, root, name, seen));
      }
    }
  }
  return names;
}

/** A name without its folders and its ending. */
export function stemOf(name: string): string {
  return baseOf(name).replace(/\.[^.]+$/, "");
}

/** A name without its folders; Windows writes them with backslashes. */
export function baseOf(name: string): string {
  return name.split(/[\\/]/).at(-1) ?? name;
}

/** The folder of a name; empty at the top. */
export function folderOf(name: string): string {
  return name.split("/").slice(0, -1).join("/");
}

/** Throws for an image named by a way out of the folder. */
export function requireInside(file: string, image: string): string {
  const parts = image.split(/[\\/]/);
  if (!parts.includes("..") && !image.startsWith("/")) return image;
  throw new RangeError(
    `Cannot import labels: ${file} names the image ${image}, outside its folder`,
  );
}

/** Adds the name of the file to what a reader of text throws. */
export async function reading<Result>(
  name: string,
  work: () => Promise<Result> | Result,
): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof RangeError)) {
      throw cause;
    }
    const message = `Cannot import labels: ${name}: ${cause.message}`;
    throw cause instanceof SyntaxError
      ? new SyntaxError(message, { cause })
      : new RangeError(message, { cause });
  }
}
