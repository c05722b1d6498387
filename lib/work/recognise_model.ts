// Recognising a checkpoint: which network it is, and that every value can be read.

import type { ModelRecord } from "../runtime/registry.ts";
import type { Naming } from "../sam2/tensor_names.ts";
import { sizeOf } from "../base/tensor.ts";
import { tensorNames } from "../yolo/network.ts";
import { openSam2File, sha256OfFile, type SideSource } from "./model_file.ts";
import { designOf, mayBeYoloFile, openYoloFile } from "./yolo_file.ts";

/** What a checkpoint file turned out to be. */
export type RecognisedModel = RecognisedSam2 | RecognisedYolo;

type Recognised = Pick<ModelRecord, "size" | "imageSize"> & {
  readonly bytes: number;
  readonly sha256: string;
};

/** A SAM 2. */
export type RecognisedSam2 = Recognised & {
  readonly family: "sam2.1" | "sam2.0";
  readonly sideFrom: SideSource;
  readonly parameters: number;
  readonly naming: Naming;
};

/** A YOLO. */
export type RecognisedYolo = Recognised & {
  readonly family: "yolo";
  readonly task: "detect" | "segment";
  /** Class names by number. */
  readonly classes: readonly string[];
  readonly format: "pt" | "safetensors" | "onnx";
  /** As the official code counts them, with the bins of the boxes; undefined of an ONNX file. */
  readonly parameters?: number;
  /** What the file says of its terms. */
  readonly licenceInside?: string;
};

/**
 * Recognises a checkpoint and reads every tensor once.
 *
 * @throws SyntaxError for a damaged file, RangeError for one that does not fit
 *   or holds a value that is no number
 */
export async function recogniseModel(path: string): Promise<RecognisedModel> {
  const found = mayBeYoloFile(path) ? recogniseYolo(path) : recogniseSam2(path);
  return {
    ...found,
    bytes: (await Deno.stat(path)).size,
    sha256: await sha256OfFile(path),
  };
}

function recogniseSam2(
  path: string,
): Omit<RecognisedSam2, "bytes" | "sha256"> {
  const { weights, naming, sideFrom, parameters, shapes, close } = openSam2File(
    path,
  );
  try {
    for (const name of shapes.keys()) weights.read(name);
    const { family, name, imageSize } = weights.config;
    return { family, size: name, imageSize, sideFrom, parameters, naming };
  } finally {
    close();
  }
}

function recogniseYolo(path: string): Omit<RecognisedYolo, "bytes" | "sha256"> {
  const file = openYoloFile(path);
  try {
    const { format, licence } = file;
    const inside = licence === undefined ? {} : { licenceInside: licence };
    if (file.kind === "export") {
      const { task, names, imageSide } = file.file;
      return {
        family: "yolo",
        size: "exported",
        imageSize: imageSide,
        task,
        classes: names,
        format,
        ...inside,
      };
    }
    const { network, read } = file.weights;
    let parameters = network.head.bins; // a fixed convolution in official files
    for (const name of tensorNames(network)) {
      requireFinite(path, name, read(name).data);
      if (!/\.running_(mean|var)$/.test(name)) {
        parameters += sizeOf(file.checkpoint.tensors.get(name)?.dims ?? []);
      }
    }
    return {
      family: "yolo",
      size: designOf(network, file.checkpoint.tensors),
      imageSize: network.imageSide,
      task: network.task,
      classes: network.names,
      format,
      parameters,
      ...inside,
    };
  } finally {
    file.close();
  }
}

function requireFinite(path: string, name: string, data: Float32Array) {
  if (data.every(Number.isFinite)) return;
  throw new RangeError(
    `Cannot use ${path}: tensor ${name} holds a value that is no number`,
  );
}
