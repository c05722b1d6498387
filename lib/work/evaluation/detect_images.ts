// Running a detector over the images of a data set, its classes taken by name.

import type { OnProgress } from "../../base/progress.ts";
import { readImage } from "../../media/image.ts";
import type { YoloEngine } from "../../yolo/engine.ts";
import {
  sampleLoader,
  type TrainingSample,
} from "../../yolo/training/sample.ts";
import { validate, type ValidatedImage } from "../../yolo/validate.ts";
import type { DataSetImage } from "../data_set/data_set.ts";
import type { EvaluationSettings } from "./detector_evaluation.ts";
import type { ClassMatch } from "./match_classes.ts";

/**
 * Runs a detector; what comes back is in the order of the images and has the
 * classes of the data set.
 *
 * @param options.hasImageMasks whether detections also get masks at the size of their image
 */
export async function detectImages(
  engine: YoloEngine,
  { images, classes, settings }: {
    readonly images: readonly DataSetImage[];
    readonly classes: ClassMatch;
    readonly settings: EvaluationSettings;
  },
  { hasImageMasks, onProgress, signal }: {
    readonly hasImageMasks: boolean;
    readonly onProgress?: OnProgress;
    readonly signal?: AbortSignal;
  },
): Promise<ValidatedImage[]> {
  const toModel = classes.toModel;
  const samples = images.map((image): TrainingSample => ({
    name: image.name,
    size: image.size,
    labels: image.labels.map((label) => ({
      ...label,
      classNumber: toModel[label.classNumber],
    })),
    read: () => readImage(image.path),
  }));
  const { side, isRect, batch, iouThreshold } = settings;
  const found = await validate(samples, {
    load: sampleLoader(side, { keepBytes: 0 }), // each is read once
    run: ({ images }) => engine.run(images),
    classCount: engine.names.length,
    hasMasks: measuresMasks(engine, images),
  }, {
    ...{ side, isRect, batch, iouThreshold, onProgress, signal },
    fixedSize: engine.fixedSize,
    hasImageMasks,
    classes: [...classes.toData.keys()],
  });
  const back = <Kind extends { readonly classNumber: number }>(one: Kind) => ({
    ...one,
    classNumber: classes.toData.get(one.classNumber) ?? -1, // all were chosen
  });
  return found.map(({ sample, evaluated, detections }) => ({
    sample,
    evaluated: {
      ...evaluated,
      labels: evaluated.labels.map(back),
      detections: evaluated.detections.map(back),
    },
    detections: detections.map(back),
  }));
}

/** Whether masks are compared: where the model makes them and the data set has outlines. */
export function measuresMasks(
  { task }: { readonly task: string },
  images: readonly DataSetImage[],
): boolean {
  const hasRings = images.some(({ labels }) =>
    labels.some(({ ring }) => ring !== undefined)
  );
  return task === "segment" && hasRings;
}
