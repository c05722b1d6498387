// Checkpoints: files of named tensors, read one tensor at a time.
//
// Opening reads the directory of the file and proves that every tensor lies
// inside it; the values stay on disk until somebody asks. Knows no model.

import { extname } from "node:path";
import type { Tensor } from "../base/tensor.ts";
import { openSafetensors } from "./safetensors.ts";
import { openTorchFile } from "./torch_file.ts";

/** How the values of a tensor are stored. */
export type ElementType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint8"
  | "bool";

/** A tensor of a checkpoint, without its values. */
export type TensorInfo = {
  readonly dims: readonly number[];
  readonly type: ElementType;
};

/** Named tensors in a file; {@link Checkpoint.close} frees the file. */
export type Checkpoint = {
  readonly source: string;
  readonly format: "pt" | "safetensors";
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Text beside the tensors (safetensors metadata); empty for `.pt`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Reads one tensor as float32, whatever it is stored as. */
  read(name: string): Tensor;
  close(): void;
};

/**
 * Opens a `.pt` or `.safetensors` checkpoint, told apart by its first bytes.
 *
 * @throws SyntaxError naming the place, when the file is damaged or hostile
 */
export function openCheckpoint(path: string): Checkpoint {
  const head = new Uint8Array(4);
  const file = Deno.openSync(path);
  try {
    file.readSync(head);
  } finally {
    file.close();
  }
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  if (isZip) return openTorchFile(path);
  if (extname(path) === ".safetensors") return openSafetensors(path);
  throw new SyntaxError(
    `Cannot read checkpoint ${path}: it starts with bytes ${[
      ...head,
    ]}, expected a zip archive (.pt) or a .safetensors file`,
  );
}
