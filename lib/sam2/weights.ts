// The weights of one SAM 2 model: recognised, checked, read when needed.

import type { Tensor } from "../base/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { readSam2Config, type Sam2Config, type Sam2Hints } from "./config.ts";
import { checkTensors } from "./expected_tensors.ts";

/** A checked SAM 2 checkpoint. */
export type Sam2Weights = {
  readonly source: string;
  readonly config: Sam2Config;
  /** Reads a tensor; throws RangeError when it holds a value that is no number. */
  read(name: string): Tensor;
};

/**
 * Recognises a SAM 2 checkpoint and checks the name and shape of every tensor.
 *
 * @throws RangeError naming what is missing or does not fit
 */
export function readSam2Weights(
  checkpoint: Checkpoint,
  { hints }: { hints?: Sam2Hints } = {},
): Sam2Weights {
  const { source, tensors } = checkpoint;
  const config = configOf(checkpoint, hints);
  checkTensors(tensors, config, { source });
  return {
    source,
    config,
    read: (name) => {
      const tensor = checkpoint.read(name);
      const bad = tensor.data.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        throw new RangeError(
          `Cannot use ${source}: tensor ${name} holds ${
            tensor.data[bad]
          } at index ${bad}, expected numbers`,
        );
      }
      return tensor;
    },
  };
}

/** The sizes; an error names the file that does not tell them. */
function configOf({ source, tensors }: Checkpoint, hints?: Sam2Hints) {
  try {
    return readSam2Config(tensors, hints);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`Cannot use ${source}: ${error.message}`, {
      cause: error,
    });
  }
}
