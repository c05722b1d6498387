// A YOLO on disk: a checkpoint, or an ONNX file that somebody exported.
//
// `.pt` of Ultralytics (under model or ema, any precision), safetensors that
// training here wrote, `.onnx` of either. What else lies in such a file is said
// by what it is.

import { readModelInfo } from "../onnx/read_model_info.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { openCheckpoint } from "../weights/open_checkpoint.ts";
import { readTensorNames } from "../sam2/tensor_names.ts";
import { designNetwork, yoloSizes } from "../yolo/design.ts";
import { type Network, tensorNames } from "../yolo/network.ts";
import { readYoloOnnx, type YoloOnnx } from "../yolo/onnx_engine.ts";
import { mayBeYolo, type YoloWeights, yoloWeights } from "../yolo/weights.ts";

/** An open YOLO. */
export type YoloFile = YoloCheckpoint | YoloExport;

/** One with weights, from which graphs are built. */
export type YoloCheckpoint = {
  readonly kind: "checkpoint";
  readonly format: Checkpoint["format"];
  readonly weights: YoloWeights;
  readonly checkpoint: Checkpoint;
  /** What the file says of its terms. */
  readonly licence: string | undefined;
  close(): void;
};

/** One that is a graph already. */
export type YoloExport = {
  readonly kind: "export";
  readonly format: "onnx";
  readonly file: YoloOnnx;
  readonly licence: string | undefined;
  close(): void;
};

/**
 * Opens a YOLO, whatever kind of file it is.
 *
 * @throws SyntaxError for a damaged file, RangeError for one that is no YOLO, saying what it is
 */
export function openYoloFile(path: string): YoloFile {
  if (isOnnxFile(path)) {
    const file = readYoloOnnx(readModelInfo(path), path);
    const { licence } = file;
    return { kind: "export", format: "onnx", file, licence, close: () => {} };
  }
  const checkpoint = openCheckpoint(path);
  try {
    refuseOthers(checkpoint);
    const { format, close } = checkpoint;
    const weights = yoloWeights(checkpoint);
    requireTensors(weights, checkpoint);
    const licence = licenceOf(checkpoint);
    return { kind: "checkpoint", format, weights, checkpoint, licence, close };
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}

/** Whether a file is opened as ONNX: by its name. */
export function isOnnxFile(path: string): boolean {
  return path.toLowerCase().endsWith(".onnx");
}

/** Whether a file may be a YOLO rather than SAM 2. */
export function mayBeYoloFile(path: string): boolean {
  if (isOnnxFile(path)) return true;
  const checkpoint = openCheckpoint(path);
  try {
    return mayBeYolo(checkpoint);
  } finally {
    checkpoint.close();
  }
}

/** Says what a checkpoint is that is no YOLO. */
function refuseOthers(checkpoint: Checkpoint) {
  if (mayBeYolo(checkpoint)) return;
  const isSam2 = isIt(() => readTensorNames(checkpoint));
  throw new RangeError(
    `Cannot use ${checkpoint.source} as a detector: it holds ${
      isSam2 ? "SAM 2" : "tensors but no modules"
    }, expected a YOLO as Ultralytics saves it (best.pt, last.pt), as train does here, or as ONNX`,
  );
}

function isIt(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false; // whatever else it is
  }
}

function requireTensors(
  { network }: YoloWeights,
  { source, tensors }: Checkpoint,
) {
  const missing = tensorNames(network).filter((name) => !tensors.has(name));
  if (missing.length === 0) return;
  throw new RangeError(
    `Cannot use ${source}: its network needs ${missing.length} tensors that are not in it, such as ${
      missing[0]
    }`,
  );
}

/** What a checkpoint says of its terms. */
export function licenceOf(
  { details, metadata }: Checkpoint,
): string | undefined {
  const told = details?.license ?? metadata["medannotate.licence"] ??
    metadata.license;
  return typeof told === "string" && told !== "" ? told : undefined;
}

const families = ["yolo11", "yolov8"] as const;

/** The official design that a network's layers are those of, such as `yolo11n`; else `custom`. */
export function designOf(
  network: Network,
  tensors: Checkpoint["tensors"],
): string {
  const backbone = `model.${network.layers.length}.`; // the head differs with the classes
  for (const family of families) {
    for (const size of yoloSizes) {
      const design = designNetwork({ family, size, task: "detect" }, {
        names: ["object"],
        imageSide: network.imageSide,
      });
      if (design.network.layers.length !== network.layers.length) continue;
      const wanted = tensorNames(design.network)
        .filter((name) => !name.startsWith(backbone));
      const own = tensorNames(network)
        .filter((name) => !name.startsWith(backbone));
      const isIt = own.length === wanted.length &&
        wanted.every((name) =>
          tensors.get(name)?.dims.join() ===
            design.shapes.get(name)?.dims.join()
        );
      if (isIt) return `${family}${size}`;
    }
  }
  return "custom";
}
