// Saving a detector as ONNX, for programs that know nothing of MedAnnotate.

import { dirname } from "node:path";
import { requireWritable } from "./write_file.ts";
import { writeYoloOnnx } from "../yolo/write_onnx.ts";
import { type ModelPlace, ownModels } from "./installed_models.ts";
import { findModel } from "./open_model.ts";
import { openYoloFile } from "./yolo_file.ts";

/** How a detector is exported. */
export type ExportModelOptions = {
  /** Side of the square input in pixels, a multiple of 32; default what it was trained on. */
  readonly side?: number;
  /** Images at once; default 1. */
  readonly batch?: number;
};

/** What was exported. */
export type ExportedModel = {
  readonly task: "detect" | "segment";
  readonly classes: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly batch: number;
  readonly licence: string;
  readonly bytes: number;
};

/**
 * Writes a detector as ONNX; its metadata say what Ultralytics' exports say.
 *
 * @param model an id, the name of an added model or a checkpoint file
 * @throws RangeError for a model that is no YOLO, or is ONNX already
 */
export async function exportModel(
  model: string,
  out: string,
  { side, batch = 1 }: ExportModelOptions = {},
  place: ModelPlace = ownModels,
): Promise<ExportedModel> {
  const { path, licence: known } = await findModel(model, place);
  const file = openYoloFile(path);
  try {
    if (file.kind === "export") {
      throw new RangeError(
        `Cannot export ${path}: it is ONNX already, expected a checkpoint`,
      );
    }
    const licence = known === "unknown" ? file.licence ?? known : known;
    const { network } = file.weights;
    const width = side ?? network.imageSide;
    const size = { width, height: width };
    await requireWritable(dirname(out));
    writeYoloOnnx(out, file.weights, { size, batch, licence });
    return {
      task: network.task,
      classes: network.names,
      ...size,
      batch,
      licence,
      bytes: (await Deno.stat(out)).size,
    };
  } finally {
    file.close();
  }
}
