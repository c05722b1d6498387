// Whether a path stays inside a folder, symbolic links followed.

import { realpath, stat } from "node:fs/promises";
import { relative, sep } from "node:path";

/** A path that was looked at. */
export type Found =
  | { readonly kind: "file" | "folder"; readonly realPath: string }
  | { readonly kind: "outside"; readonly realPath: string }
  /** A device, a pipe, a socket: nothing that may be read. */
  | { readonly kind: "other" }
  | { readonly kind: "missing" };

/** Says what a path leads to; `realRoot` is free of links itself. */
export async function lookInside(
  realRoot: string,
  path: string,
): Promise<Found> {
  const realPath = await realpath(path).catch(() => undefined);
  if (realPath === undefined) return { kind: "missing" };
  if (!isInside(realRoot, realPath)) return { kind: "outside", realPath };
  const found = await stat(realPath).catch(() => undefined);
  if (!found) return { kind: "missing" };
  if (found.isDirectory()) return { kind: "folder", realPath };
  return found.isFile() ? { kind: "file", realPath } : { kind: "other" };
}

/** Whether a path without links is the folder or something in it. */
export function isInside(realRoot: string, realPath: string): boolean {
  const way = relative(realRoot, realPath);
  return way !== ".." && !way.startsWith(`..${sep}`) && !way.startsWith("/") &&
    !/^[A-Za-z]:/.test(way);
}

/** A path as a name inside a folder, with forward slashes. */
export function nameInside(root: string, path: string): string {
  const way = relative(root, path).replaceAll(sep, "/");
  return way.startsWith("../") ? path : way;
}
