// Checkpoints: files of named tensors, read one tensor at a time.
//
// Opening reads the directory of the file and proves that every tensor lies
// inside it; the values stay on disk until somebody asks. Knows no model.

import type { Tensor } from "../base/tensor.ts";
import type { ModuleNode, PlainValue } from "./module_tree.ts";

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
  /** The network as modules, where a `.pt` holds one (Ultralytics). */
  readonly modules?: ModuleNode;
  /** Plain values that a `.pt` holds beside its tensors, such as the arguments of the training. */
  readonly details?: Readonly<Record<string, PlainValue>>;
  /** Reads one tensor as float32, whatever it is stored as. */
  read(name: string): Tensor;
  close(): void;
};
