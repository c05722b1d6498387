// Reading the JSON files that a report is made from.

import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../../base/errors.ts";

/** The text of a file in a folder; undefined where there is none. */
export async function readTextIfThere(
  folder: string,
  name: string,
): Promise<string | undefined> {
  return await Deno.readTextFile(join(folder, name)).catch((error) => {
    const isNone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isNone) return undefined;
    throw error;
  });
}

/** A parsed and checked JSON file; undefined where there is none. */
export async function readJsonIfThere<Out>(
  folder: string,
  name: string,
  shape: z.ZodType<Out>,
): Promise<Out | undefined> {
  const text = await readTextIfThere(folder, name);
  if (text === undefined) return undefined;
  const path = join(folder, name);
  const parsed = shape.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data;
  throw new SyntaxError(
    `Cannot report ${path}: ${z.prettifyError(parsed.error)}`,
  );
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot report ${path}: it is not JSON (${messageOf(cause)})`,
      { cause },
    );
  }
}

/** The kind that a record of ours says it is; undefined for others. */
export const Kind = z.looseObject({ kind: z.string().optional() });
