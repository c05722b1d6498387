// Recognising a checkpoint: which network it is, and that every value can be read.

import type { ModelRecord } from "../runtime/registry.ts";
import type { Naming } from "../sam2/tensor_names.ts";
import { openSam2File, sha256OfFile, type SideSource } from "./model_file.ts";

/** What a checkpoint file turned out to be. */
export type RecognisedModel =
  & Pick<ModelRecord, "family" | "size" | "imageSize">
  & {
    readonly sideFrom: SideSource;
    readonly parameters: number;
    readonly naming: Naming;
    readonly bytes: number;
    readonly sha256: string;
  };

/**
 * Recognises a checkpoint and reads every tensor once.
 *
 * @throws SyntaxError for a damaged file, RangeError for one that does not fit
 *   or holds a value that is no number
 */
export async function recogniseModel(path: string): Promise<RecognisedModel> {
  const { weights, naming, sideFrom, parameters, shapes, close } = openSam2File(
    path,
  );
  try {
    for (const name of shapes.keys()) weights.read(name);
    const { family, name, imageSize } = weights.config;
    return {
      family,
      size: name,
      imageSize,
      sideFrom,
      parameters,
      naming,
      bytes: (await Deno.stat(path)).size,
      sha256: await sha256OfFile(path),
    };
  } finally {
    close();
  }
}
