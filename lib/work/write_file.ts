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
