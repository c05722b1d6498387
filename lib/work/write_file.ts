// Writing a file whole or not at all.

import { dirname, join } from "node:path";
import { messageOf } from "../base/errors.ts";

/** Writes bytes or text under a temporary name and renames; folders are made. */
export async function writeFileWhole(
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => undefined); // it may never have been made
    throw new Error(`Cannot write ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Writes a small file into a folder and removes it: the only sure way to learn that there is space. */
export async function requireWritable(folder: string): Promise<void> {
  const probe = join(folder, `.probe-${crypto.randomUUID()}`);
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeFile(probe, new Uint8Array(4096));
  } catch (error) {
    throw new Error(
      `Cannot write into ${folder}: ${
        messageOf(error)
      }. Expected a folder with space that can be written`,
      { cause: error },
    );
  } finally {
    await Deno.remove(probe).catch(() => {}); // it may never have been made
  }
}

/** Removes what a killed {@link writeFileWhole} left in a folder; none when it does not exist. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  });
  for (const { name } of entries) {
    if (/\.[0-9a-f-]{36}\.tmp$/.test(name)) {
      await Deno.remove(`${folder}/${name}`);
    }
  }
}
