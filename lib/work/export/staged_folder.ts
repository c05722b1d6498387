// A folder that appears complete or not at all.
//
// Files go into a folder beside the wanted one, which is renamed at the end. An
// earlier export of ours is replaced; anything else that is there is refused.

import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** A file of the folder, named with forward slashes. */
export type StagedFile = { readonly path: string; readonly bytes: number };

/** Takes files and at the end becomes the wanted folder. */
export type StagedFolder = {
  /** Everything written so far, in the order of writing. */
  readonly files: readonly StagedFile[];
  write(path: string, content: Uint8Array | string): Promise<void>;
  /** Gives the folder its name. */
  finish(): Promise<void>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
};

/**
 * Opens a folder beside `out`; throws when `out` holds something else.
 *
 * @param options.isOurs reads a mark in the folder that is there and says whether it may go
 */
export async function stageFolder(
  out: string,
  { mark, isOurs }: {
    /** Name of the file by which an earlier export is known. */
    mark: string;
    isOurs: (text: string) => boolean;
  },
): Promise<StagedFolder> {
  const target = resolve(out);
  await requireReplaceable(target, mark, isOurs);
  const unique = crypto.randomUUID().slice(0, 8);
  const partial = `${target}.${unique}.part`;
  const old = `${target}.${unique}.old`;
  const firstMade = await mkdir(partial, { recursive: true }) ?? partial;
  const files: StagedFile[] = [];
  const folders = new Set<string>();

  return {
    files,
    async write(path, content) {
      const file = join(partial, path);
      if (!folders.has(dirname(file))) {
        await mkdir(dirname(file), { recursive: true });
        folders.add(dirname(file));
      }
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : content;
      await writeFile(file, bytes, { flag: "wx" }); // a name given twice is a mistake
      files.push({ path, bytes: bytes.length });
    },
    async finish() {
      await requireReplaceable(target, mark, isOurs);
      const isThere = await exists(target);
      if (isThere) await rename(target, old);
      try {
        await rename(partial, target);
      } catch (error) {
        if (isThere) await rename(old, target);
        throw error;
      }
      await rm(old, { recursive: true, force: true });
    },
    async abort() {
      await rm(partial, { recursive: true, force: true });
      // The folders above it that were made for it, where they are still empty.
      let above = dirname(partial);
      while (above.length >= firstMade.length) {
        await rmdir(above).catch(() => {});
        above = dirname(above);
      }
    },
  };
}

async function requireReplaceable(
  target: string,
  mark: string,
  isOurs: (text: string) => boolean,
) {
  const found = await stat(target).catch(() => undefined);
  if (!found) return;
  if (!found.isDirectory()) {
    throw new Error(
      `Cannot write to ${target}: it is a file, expected a folder`,
    );
  }
  const names = await readdir(target);
  if (names.length === 0) return;
  const text = await readFile(join(target, mark), "utf8").catch(() =>
    undefined
  );
  if (text !== undefined && isOurs(text)) return;
  throw new Error(
    `Cannot write to ${target}: it holds ${names.length} files that are not an earlier export ` +
      `(no ${mark} of ours). Choose a new or an empty folder`,
  );
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}
