// Saving a SAM 2 as safetensors: Meta's tensor names, and in the metadata what
// the weights do not tell, so that the file needs nothing beside it.

import { writeSafetensors } from "../weights/safetensors.ts";
import type { Sam2Config } from "./config.ts";
import type { Sam2Weights } from "./weights.ts";

/**
 * Writes weights, complete or not at all.
 *
 * @param names the tensors to write
 * @param options.precision float16 halves the file; 11 bits of every value stay
 * @param options.metadata more to say in the file: origin, licence, …
 */
export function saveSam2(
  path: string,
  weights: Sam2Weights,
  names: Iterable<string>,
  { precision = "float32", metadata = {} }: {
    precision?: "float32" | "float16";
    metadata?: Readonly<Record<string, string>>;
  } = {},
): void {
  const tensors = new Map(
    [...names].map((name) => [name, weights.read(name)] as const),
  );
  writeSafetensors(path, tensors, {
    precision,
    metadata: { ...metadata, sam2: JSON.stringify(hintsOf(weights.config)) },
  });
}

/** What a reader has to be told beside the weights. */
function hintsOf(config: Sam2Config) {
  const { name, imageSize, decoderHeads, multimaskForTracking, trunk } = config;
  const { firstHeads, windowPerStage, globalAttentionBlocks } = trunk;
  return {
    name,
    imageSize,
    decoderHeads,
    firstHeads,
    windowPerStage,
    globalAttentionBlocks,
    behaviour: { multimaskForTracking },
  };
}
