// A SAM 2 checkpoint file with what stands beside it.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { sizeOf } from "../base/tensor.ts";
import { expectedTensors } from "../sam2/expected_tensors.ts";
import { type Naming, readTensorNames } from "../sam2/tensor_names.ts";
import { readSam2Weights, type Sam2Weights } from "../sam2/weights.ts";
import { Sam2Hints } from "../sam2/config.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { openCheckpoint } from "../weights/open_checkpoint.ts";

/** What told the side of the input; SAM 2's own default is 1024. */
export type SideSource =
  | "json beside it"
  | "its metadata"
  | "config.json beside it"
  | "its file name"
  | "the default of SAM 2";

/** An open SAM 2 checkpoint. */
export type Sam2File = {
  readonly weights: Sam2Weights;
  readonly naming: Naming;
  readonly sideFrom: SideSource;
  /** Trained values, as the official code counts them: without the matrix of the position code. */
  readonly parameters: number;
  /** Every tensor that the network reads, by Meta's name, with its shape. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** What a file has to hold for the official code: these, and one that nobody reads. */
  readonly storedNames: readonly string[];
  close(): void;
};

/**
 * Opens and checks a SAM 2 checkpoint: files of Meta, of Hugging Face, of
 * training scripts (a state dict at top level, under "model" or "state_dict",
 * with "module." or "_orig_mod." before the names), in 16 or 32 bits.
 *
 * `NAME.json` beside it, or the metadata of a safetensors file, may tell what
 * weights do not; MedSAM2 is known by its file name.
 *
 * @throws SyntaxError for a damaged file, RangeError for one that does not fit
 */
export function openSam2File(path: string): Sam2File {
  const opened = openCheckpoint(path);
  try {
    const { checkpoint, naming } = readTensorNames(opened);
    const told = readHints(path, checkpoint) ??
      sideOfOthers(path, naming, () => readSam2Weights(checkpoint));
    const weights = readSam2Weights(checkpoint, { hints: told?.hints });
    const shapes = expectedTensors(weights.config, checkpoint.tensors);
    return {
      weights,
      naming,
      sideFrom: told?.from ?? "the default of SAM 2",
      parameters: countParameters(shapes, checkpoint),
      shapes,
      storedNames: [...shapes.keys(), ...unreadNames(checkpoint)],
      close: opened.close,
    };
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** Trained once, then of no use; the official loader wants it. */
function unreadNames({ tensors }: Checkpoint): readonly string[] {
  return ["no_mem_pos_enc"].filter((name) => tensors.has(name));
}

function countParameters(
  shapes: Sam2File["shapes"],
  { tensors }: Checkpoint,
): number {
  const unread = tensors.get("no_mem_pos_enc"); // trained, but of no use
  let count = unread ? sizeOf(unread.dims) : 0;
  for (const [name, dims] of shapes) {
    if (!name.endsWith("gaussian_matrix")) count += sizeOf(dims);
  }
  return count;
}

type Told = { readonly hints: Sam2Hints; readonly from: SideSource };

function readHints(path: string, { metadata }: Checkpoint): Told | undefined {
  const beside = jsonBeside(path);
  const file = readIfThere(beside);
  const text = file ?? metadata.sam2;
  if (text === undefined) return undefined;
  const hints = Sam2Hints.safeParse(parseJson(text, path, beside));
  if (hints.success) {
    const from = file === undefined ? "its metadata" : "json beside it";
    return { hints: hints.data, from };
  }
  throw new RangeError(
    `Cannot use ${path}: ${beside} does not tell its sizes (${
      hints.error.issues.map(({ path, message }) =>
        `${path.join(".")}: ${message}`
      ).join("; ")
    })`,
  );
}

/** The JSON that belongs to a checkpoint. */
export function jsonBeside(path: string): string {
  return path.replace(/\.[^./\\]+$/, "") + ".json";
}

/** The side of a network of an official size, from what others write around it. */
function sideOfOthers(
  path: string,
  naming: Naming,
  read: () => Sam2Weights,
): Told | undefined {
  const side = (imageSize: number, from: SideSource) => ({
    hints: Sam2Hints.parse({ imageSize }),
    from,
  });
  if (isMedSam2(path)) {
    const { family, name } = read().config;
    if (family === "sam2.1" && name === "tiny") {
      return side(512, "its file name");
    }
  }
  if (naming !== "Hugging Face") return undefined;
  const beside = join(dirname(path), "config.json");
  const text = readIfThere(beside);
  const found = HuggingFaceConfig.safeParse(
    text === undefined ? {} : parseJson(text, path, beside),
  );
  const imageSize = found.data?.prompt_encoder_config.image_size;
  return imageSize === undefined
    ? undefined
    : side(imageSize, "config.json beside it");
}

/** MedSAM2 is SAM 2.1 tiny trained at 512; nothing but its name says so. */
export function isMedSam2(path: string): boolean {
  return /^MedSAM2[_.-]/i.test(basename(path));
}

const HuggingFaceConfig = z.object({
  prompt_encoder_config: z.object({
    image_size: z.int().positive().multipleOf(32),
  }),
});

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
