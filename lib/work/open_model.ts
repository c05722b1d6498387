// Choosing a model: an id of the registry or a file, a side, a device.

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type DeviceChoice,
  openRuntime,
  type Runtime,
} from "../runtime/runtime.ts";
import { modelRegistry } from "../runtime/registry.ts";
import { type Engine, openEngine } from "../sam2/engine.ts";
import { openSam2File, sha256OfFile } from "./model_file.ts";

/** Where the shipped and fetched models lie. */
export const modelsFolder = fileURLToPath(
  new URL("../../models/", import.meta.url),
);

/** What a person may choose; what is left out is chosen for them. */
export type ModelChoice = {
  /** An id of the registry or a checkpoint file; default `sam2-nano`. */
  readonly model?: string;
  /** Side of the input in pixels, a multiple of 32. */
  readonly size?: number;
  readonly device?: DeviceChoice;
};

/** A model that is ready to run; close it when done. */
export type OpenModel = {
  readonly id: string;
  readonly path: string;
  readonly sha256: string;
  readonly licence: string;
  readonly engine: Engine;
  readonly runtime: Runtime;
  close(): Promise<void>;
};

const officialSide = 1024;
const cpuSide = 512; // of official models: a fifth of the work of 1024

/**
 * Opens a model and builds its graphs where they are not on disk yet.
 *
 * @param options.cache folder for built graphs
 * @throws RangeError for an id that is not known, a file that is not there or does not fit
 */
export async function openModel(
  { model = modelRegistry[0].id, size, device = "auto" }: ModelChoice = {},
  { cache = join(modelsFolder, "cache") }: { cache?: string } = {},
): Promise<OpenModel> {
  const { id, path, licence } = await findModel(model);
  const sha256 = await sha256OfFile(path);
  const file = openSam2File(path);
  try {
    const runtime = await openRuntime({ device });
    try {
      const trained = file.weights.config.imageSize;
      const isLarge = trained === officialSide && runtime.device === "cpu";
      const side = size ?? (isLarge ? cpuSide : trained);
      const engine = await openEngine(file.weights, runtime, {
        sha256,
        cache,
        side,
      });
      const close = async () => {
        await engine.close();
        runtime.close();
      };
      return { id, path, sha256, licence, engine, runtime, close };
    } catch (error) {
      runtime.close();
      throw error;
    }
  } finally {
    file.close();
  }
}

/** Finds the file of a model by id or path. */
export async function findModel(
  model: string,
): Promise<{ id: string; path: string; licence: string }> {
  const record = modelRegistry.find(({ id }) => id === model);
  const path = record ? join(modelsFolder, record.file) : resolve(model);
  const isThere = await Deno.stat(path).then((s) => s.isFile, () => false);
  if (isThere) {
    return { id: model, path, licence: record?.licence ?? "unknown" };
  }
  if (record) {
    throw new RangeError(
      `Model ${model} is not installed: put ${record.file} from ${record.source} into ${modelsFolder}`,
    );
  }
  throw new RangeError(
    `There is no model ${model}: neither a checkpoint file nor one of ${
      modelRegistry.map(({ id }) => id).join(", ")
    }`,
  );
}
