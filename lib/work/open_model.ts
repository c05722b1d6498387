// Choosing a model: an id of the registry or a file, a side, a device.

import { join, resolve } from "node:path";
import {
  type DeviceChoice,
  openRuntime,
  type Runtime,
} from "../runtime/runtime.ts";
import { modelRegistry } from "../runtime/registry.ts";
import { type Engine, openEngine, type Precision } from "../sam2/engine.ts";
import {
  findInstalled,
  listInstalled,
  type ModelPlace,
  modelsFolder,
  ownModels,
} from "./installed_models.ts";
import { openSam2File, sha256OfFile } from "./model_file.ts";

/** What a person may choose; what is left out is chosen for them. */
export type ModelChoice = {
  /** An id of the registry, the name of an added model or a checkpoint file; default `sam2-nano`. */
  readonly model?: string;
  /** Side of the input in pixels, a multiple of 32. */
  readonly size?: number;
  readonly device?: DeviceChoice;
  /** int8 is faster and a little coarser; on the CPU only, which `auto` then means. Default float32. */
  readonly precision?: Precision;
  /** Whether features of frames are kept on disk, in half precision; default on the CPU. */
  readonly keepFeatures?: boolean;
  /** How many threads of the CPU are used; default all. */
  readonly threads?: number;
};

/** A model that is ready to run; close it when done. */
export type OpenModel = {
  readonly id: string;
  readonly path: string;
  readonly sha256: string;
  readonly licence: string;
  readonly engine: Engine;
  readonly runtime: Runtime;
  /** Features of frames are kept beside the data, in half precision. */
  readonly keepsFeatures: boolean;
  close(): Promise<void>;
};

const officialSide = 1024;
const cpuSide = 512; // of official models: a fifth of the work of 1024

/**
 * Opens a model and builds its graphs where they are not on disk yet.
 *
 * @param options.cache folder for built graphs
 * @param options.place where models are installed
 * @throws RangeError for an id that is not known, a file that is not there or
 * does not fit, int8 on another device than the CPU
 */
export async function openModel(
  {
    model = modelRegistry[0].id,
    size,
    device = "auto",
    precision,
    keepFeatures,
    threads,
  }: ModelChoice = {},
  { cache = join(modelsFolder, "cache"), place = ownModels }: {
    cache?: string;
    place?: ModelPlace;
  } = {},
): Promise<OpenModel> {
  const { id, path, licence } = await findModel(model, place);
  const sha256 = await sha256OfFile(path);
  const file = openSam2File(path);
  try {
    const runtime = await openRuntime({
      device: precision === "int8" && device === "auto" ? "cpu" : device,
      threads,
    });
    try {
      const trained = file.weights.config.imageSize;
      const isLarge = trained === officialSide && runtime.device === "cpu";
      const side = size ?? (isLarge ? cpuSide : trained);
      const engine = await openEngine(file.weights, runtime, {
        sha256,
        cache,
        side,
        precision,
      });
      const close = async () => {
        await engine.close();
        runtime.close();
      };
      const keepsFeatures = keepFeatures ?? runtime.device === "cpu";
      const identity = { id, path, sha256, licence };
      return { ...identity, engine, runtime, keepsFeatures, close };
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
  place: ModelPlace = ownModels,
): Promise<{ id: string; path: string; licence: string }> {
  const installed = await findInstalled(model, place);
  if (installed) {
    const { path, record: { id, licence } } = installed;
    return { id, path, licence };
  }
  const record = place.registry.find(({ id }) => id === model);
  if (record) {
    throw new RangeError(
      `Model ${model} is not installed: put ${record.file} from ${record.source} into ${place.folder}, or run deno task models fetch ${model}`,
    );
  }
  const path = resolve(model);
  const isThere = await Deno.stat(path).then((s) => s.isFile, () => false);
  if (isThere) return { id: model, path, licence: "unknown" };
  const known = new Set([
    ...place.registry.map(({ id }) => id),
    ...(await listInstalled(place)).map(({ record }) => record.id),
  ]);
  throw new RangeError(
    `There is no model ${model}: neither a checkpoint file nor one of ${
      [...known].join(", ")
    }`,
  );
}
