// The weights of a YOLO: a network and its tensors.
//
// Read from checkpoints of Ultralytics (.pt, as modules), or from our own
// safetensors, whose metadata holds the network as JSON.

import type { Tensor } from "../base/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { type Network, parseNetwork } from "./network.ts";
import { readNetwork } from "./read_network.ts";

/** A network with its tensors, read when asked for. */
export type YoloWeights = {
  readonly network: Network;
  read(name: string): Tensor;
};

/** The metadata key under which our own files keep the network. */
export const networkKey = "medannotate.yolo";

/** Says whether a checkpoint holds a network that a YOLO could be. */
export function mayBeYolo(checkpoint: Checkpoint): boolean {
  return checkpoint.modules !== undefined || networkKey in checkpoint.metadata;
}

/**
 * Reads the network of a checkpoint.
 *
 * @throws RangeError naming the module that is not known, or that it is none
 */
export function yoloWeights(checkpoint: Checkpoint): YoloWeights {
  const { modules, metadata, source } = checkpoint;
  const read = (name: string) => checkpoint.read(name);
  const own = metadata[networkKey];
  if (own !== undefined) return { network: parseNetwork(own), read };
  if (modules) return { network: readNetwork(modules, { source }), read };
  throw new RangeError(
    `Cannot build ${source}: it holds tensors but no modules, expected a YOLO as Ultralytics saves it or as train does here`,
  );
}
