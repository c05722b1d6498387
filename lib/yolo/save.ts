// Saving a YOLO as safetensors: the official tensor names, and the network as
// JSON in the metadata, so that the file needs nothing beside it.

import { writeSafetensors } from "../weights/safetensors.ts";
import { tensorNames } from "./network.ts";
import { networkKey, type YoloWeights } from "./weights.ts";

/**
 * Writes a network with its weights, complete or not at all.
 *
 * @param options.metadata more to say in the file: origin, licence, …
 * @param options.precision float16 halves the file and rounds every value to 11 bits
 */
export function saveYolo(
  path: string,
  { network, read }: YoloWeights,
  { metadata = {}, precision }: {
    metadata?: Readonly<Record<string, string>>;
    precision?: "float32" | "float16";
  } = {},
): void {
  const tensors = new Map(
    tensorNames(network).map((name) => [name, read(name)] as const),
  );
  writeSafetensors(path, tensors, {
    metadata: { ...metadata, [networkKey]: JSON.stringify(network) },
    precision,
  });
}
