// Choosing a detector: an id, a checkpoint or an ONNX file, a side, a device.

import { join } from "node:path";
import {
  type DeviceChoice,
  openRuntime,
  type Runtime,
} from "../runtime/runtime.ts";
import { openYoloEngine, type YoloEngine } from "../yolo/engine.ts";
import { onnxEngine } from "../yolo/onnx_engine.ts";
import { modelsFolder } from "./installed_models.ts";
import { sha256OfFile } from "./model_file.ts";
import { findModel } from "./open_model.ts";
import { openYoloFile, type YoloFile } from "./yolo_file.ts";

/** What a person may choose; what is left out is chosen for them. */
export type DetectorChoice = {
  /** An id of the registry, the name of an added model, a checkpoint or an ONNX file. */
  readonly model: string;
  /** Longest side of the input in pixels, a multiple of 32; default what it was trained on. */
  readonly size?: number;
  readonly device?: DeviceChoice;
};

/** A detector that is ready to run; close it when done. */
export type OpenDetector = {
  readonly id: string;
  readonly path: string;
  readonly sha256: string;
  /** What the file or the registry says of its terms. */
  readonly licence: string;
  readonly engine: YoloEngine;
  readonly runtime: Runtime;
  close(): Promise<void>;
};

/**
 * Opens a detector.
 *
 * @param options.cache folder for built graphs
 * @throws RangeError for an id that is not known, a file that is no YOLO, a size that it does not take
 */
export async function openDetector(
  { model, size, device = "auto" }: DetectorChoice,
  { cache = join(modelsFolder, "cache") }: { readonly cache?: string } = {},
): Promise<OpenDetector> {
  const { id, path, licence } = await findModel(model);
  const file = openYoloFile(path);
  try {
    if (size !== undefined) requireSize(file, size, path);
    const sha256 = await sha256OfFile(path);
    const runtime = await openRuntime({ device });
    try {
      const engine = file.kind === "export"
        ? onnxEngine(file.file, await runtime.load(path), path)
        : openYoloEngine(file.weights, runtime, { sha256, cache });
      return {
        id,
        path,
        sha256,
        licence: licence === "unknown" ? file.licence ?? licence : licence,
        engine: size === undefined ? engine : { ...engine, imageSide: size },
        runtime,
        close: async () => {
          await engine.close();
          runtime.close();
          file.close();
        },
      };
    } catch (error) {
      runtime.close();
      throw error;
    }
  } catch (error) {
    file.close();
    throw error;
  }
}

function requireSize(file: YoloFile, size: number, path: string) {
  const stride = file.kind === "export" ? file.file.stride : 32;
  if (size < stride || size % stride !== 0) {
    throw new RangeError(
      `Cannot use ${path} at ${size} pixels, expected a multiple of ${stride}`,
    );
  }
  const fixed = file.kind === "export" ? file.file.fixedSize : undefined;
  if (!fixed || Math.max(fixed.width, fixed.height) === size) return;
  throw new RangeError(
    `Cannot use ${path} at ${size} pixels: it was exported for ${fixed.width}x${fixed.height} alone`,
  );
}
