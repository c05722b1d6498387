// A SAM 2 checkpoint file with what stands beside it.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { messageOf } from "../base/errors.ts";
import { readSam2Weights, type Sam2Weights } from "../sam2/weights.ts";
import { Sam2Hints } from "../sam2/config.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { openCheckpoint } from "../weights/open_checkpoint.ts";

/** An open SAM 2 checkpoint. */
export type Sam2File = {
  readonly weights: Sam2Weights;
  close(): void;
};

/**
 * Opens and checks a SAM 2 checkpoint; `NAME.json` beside it, or the metadata of
 * a safetensors file, may tell what weights do not.
 *
 * @throws SyntaxError for a damaged file, RangeError for one that does not fit
 */
export function openSam2File(path: string): Sam2File {
  const checkpoint = openCheckpoint(path);
  try {
    const hints = readHints(path, checkpoint);
    const weights = readSam2Weights(checkpoint, { hints });
    return { weights, close: checkpoint.close };
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}

function readHints(
  path: string,
  { metadata }: Checkpoint,
): Sam2Hints | undefined {
  const beside = path.replace(/\.[^./\\]+$/, ".json");
  const text = readIfThere(beside) ?? metadata.sam2;
  if (text === undefined) return undefined;
  const hints = Sam2Hints.safeParse(parseJson(text, path, beside));
  if (hints.success) return hints.data;
  throw new RangeError(
    `Cannot use ${path}: ${beside} does not tell its sizes (${
      hints.error.issues.map(({ path, message }) =>
        `${path.join(".")}: ${message}`
      ).join("; ")
    })`,
  );
}

function parseJson(text: string, path: string, beside: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RangeError(
      `Cannot use ${path}: what tells its sizes (${beside}, or its own metadata) is no JSON: ${
        messageOf(error)
      }`,
      { cause: error },
    );
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The sha256 of a file, in hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
