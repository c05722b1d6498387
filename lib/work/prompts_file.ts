// prompts.json: clicks, boxes and masks for the objects of a clip.

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { bitmapToRle } from "../masks/rle.ts";
import { readMask } from "../media/image.ts";
import { checkInside } from "../sam2/interact.ts";
import type { Prompt } from "../store/prompts.ts";
import type { Sequence } from "../store/sequences.ts";

const place = {
  object: z.int().positive(),
  frame: z.int().nonnegative(),
  tag: z.string().min(1).optional(),
};
const Entry = z.discriminatedUnion("kind", [
  z.object({
    ...place,
    kind: z.literal("point"),
    x: z.number(),
    y: z.number(),
    sign: z.enum(["+", "-"]),
  }),
  z.object({
    ...place,
    kind: z.literal("box"),
    x0: z.number(),
    y0: z.number(),
    x1: z.number(),
    y1: z.number(),
  }),
  z.object({ ...place, kind: z.literal("mask"), png: z.string() }),
]);
const PromptsFile = z.object({ prompts: z.array(Entry).min(1) });

/** A prompt of a file, for the object with this number. */
export type FilePrompt = {
  readonly object: number;
  readonly frame: number;
  readonly tag: string | undefined;
  readonly prompt: Prompt;
};

/**
 * Reads prompts and checks them against the frames they are for.
 *
 * @throws RangeError naming the entry that does not fit
 */
export async function readPromptsFile(
  path: string,
  sequence: Pick<Sequence, "width" | "height" | "frameCount">,
): Promise<readonly FilePrompt[]> {
  const entries = parseEntries(path, await readText(path));
  const { width, height, frameCount } = sequence;
  const prompts: FilePrompt[] = [];
  for (const [i, entry] of entries.entries()) {
    const fail = (why: string) =>
      new RangeError(`Cannot use ${path}: prompts[${i}]: ${why}`);
    const { object, frame, tag } = entry;
    if (frame >= frameCount) {
      throw fail(
        `frame ${frame} is past the end, the sequence has frames 0 to ${
          frameCount - 1
        }`,
      );
    }
    try {
      const { prompt, checked } = await readPrompt(entry, path);
      checkInside(checked, { width, height });
      prompts.push({ object, frame, tag, prompt });
    } catch (error) {
      throw fail(messageOf(error));
    }
  }
  return prompts;
}

function parseEntries(path: string, text: string) {
  const fail = (why: string) => new RangeError(`Cannot use ${path}: ${why}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail(messageOf(error));
  }
  const parsed = PromptsFile.safeParse(json);
  if (parsed.success) return parsed.data.prompts;
  const [{ path: at, message }] = parsed.error.issues;
  const [first = "the file", ...rest] = at;
  const place = rest.map((key) =>
    typeof key === "number" ? `[${key}]` : `.${String(key)}`
  );
  throw fail(`${String(first)}${place.join("")}: ${message}`);
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new RangeError(`Cannot use ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The prompt as it is stored, and as it is checked. */
async function readPrompt(entry: z.infer<typeof Entry>, path: string) {
  if (entry.kind === "mask") {
    const mask = await readMask(resolve(dirname(path), entry.png));
    const prompt: Prompt = { kind: "mask", rle: bitmapToRle(mask) };
    return { prompt, checked: { kind: "mask" as const, mask } };
  }
  if (entry.kind === "point") {
    const { kind, x, y, sign } = entry;
    return { prompt: { kind, x, y, sign }, checked: { kind, x, y, sign } };
  }
  const { kind, x0, y0, x1, y1 } = entry;
  return {
    prompt: { kind, x0, y0, x1, y1 },
    checked: { kind, x0, y0, x1, y1 },
  };
}
