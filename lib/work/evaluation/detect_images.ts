// Running a detector over the images of a data set, its classes taken by name.

import type { OnProgress } from "../../base/progress.ts";
import type { YoloEngine } from "../../yolo/engine.ts";
import {
  sampleLoader,
  type TrainingSample,
} from "../../yolo/training/sample.ts";
import { validate, type ValidatedImage } from "../../yolo/validate.ts";
import type { DataSetImage, DataSetProblem } from "../data_set/data_set.ts";
import { sampleOf } from "../data_set/sample_of.ts";
import { checkImages } from "../train/check_images.ts";
import type { EvaluationSettings } from "./detector_evaluation.ts";
import type { ClassMatch } from "./match_classes.ts";

/** What was detected, in the order of the images. */
export type DetectedImages = {
  /** Those that could be decoded. */
  readonly images: readonly DataSetImage[];
  readonly validated: readonly ValidatedImage[];
  /** Names the others. */
  readonly problems: readonly DataSetProblem[];
};

/**
 * Runs a detector; what comes back has the classes of the data set.
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
): Promise<DetectedImages> {
  const { toModel } = classes;
  const samples = images.map((image): TrainingSample => ({
    ...sampleOf(image),
    labels: image.labels.map((label) => ({
      ...label,
      classNumber: toModel[label.classNumber],
    })),
  }));
  const { side, isRect, batch, iouThreshold } = settings;
  const load = sampleLoader(side);
  const checked = await checkImages(samples, { load, onProgress, signal });
  if (checked.kept.length === 0) {
    throw new RangeError(
      `Cannot evaluate: none of ${images.length} images can be decoded; the first: ${
        checked.problems[0]?.message
      }`,
    );
  }
  const found = await validate(checked.kept, {
    load,
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
  const kept = new Set(checked.kept.map(({ name }) => name));
  return {
    images: images.filter(({ name }) => kept.has(name)),
    problems: checked.problems,
    validated: found.map(({ sample, evaluated, detections }) => ({
      sample,
      evaluated: {
        ...evaluated,
        labels: evaluated.labels.map(back),
        detections: evaluated.detections.map(back),
      },
      detections: detections.map(back),
    })),
  };
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
