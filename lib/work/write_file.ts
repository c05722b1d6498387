// Writing a file whole or not at all.

import { dirname } from "node:path";

/** Writes bytes or text under a temporary name and renames; folders are made. */
export async function writeFileWhole(
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  try {
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => undefined); // it may never have been made
    throw error;
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
