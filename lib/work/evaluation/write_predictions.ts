// What was detected as a COCO results file, and what was labelled as the COCO
// file it belongs to, so that any other program can measure the same.
//
// Pixels are those of the images; image ids count from 1, category ids are the
// class number of the data set + 1.

import { join } from "node:path";
import type { Box, Size } from "../../base/tensor.ts";
import {
  cocoAnnotation,
  cocoCategories,
  cocoImage,
  cocoRing,
} from "../../formats/coco.ts";
import { cocoRingsToRle } from "../../masks/coco_rings.ts";
import { encodeCounts, rleAreaPx } from "../../masks/rle.ts";
import type { Detection, Label } from "../../yolo/detection.ts";
import { writeFileWhole } from "../write_file.ts";

/** An image with its labels and what was detected. */
export type PredictedFile = {
  readonly name: string;
  readonly size: Size;
  readonly labels: readonly Label[];
  readonly detections: readonly Detection[];
};

/** Names of the two files. */
export const predictionFiles = {
  truth: "truth.json",
  predictions: "predictions.json",
} as const;

/** Writes both files into a folder; gives their names. */
export async function writePredictions(
  folder: string,
  images: readonly PredictedFile[],
  classNames: readonly string[],
): Promise<string[]> {
  const { truth, predictions } = predictionFiles;
  await writeFileWhole(
    join(folder, truth),
    JSON.stringify(truthOf(images, classNames)) + "\n",
  );
  const rows = images.flatMap(({ detections }, i) =>
    detections.map((detection) => JSON.stringify(resultOf(detection, i + 1)))
  );
  await writeFileWhole(
    join(folder, predictions),
    `[${rows.join(",\n")}]\n`,
  );
  return [truth, predictions];
}

function truthOf(
  images: readonly PredictedFile[],
  classNames: readonly string[],
) {
  let id = 0;
  return {
    images: images.map(({ name, size }, i) => cocoImage(i + 1, name, size)),
    categories: cocoCategories({ ...classNames }),
    annotations: images.flatMap(({ labels, size }, i) =>
      labels.map(({ classNumber, box, ring }) =>
        cocoAnnotation({
          id: ++id,
          imageId: i + 1,
          classNumber,
          segmentation: ring ? [cocoRing(ring)] : [cornersOf(box)],
          box,
          areaPx: ring
            ? rleAreaPx(cocoRingsToRle([ring], size))
            : (box.x1 - box.x0) * (box.y1 - box.y0),
        })
      )
    ),
  };
}

function cornersOf({ x0, y0, x1, y1 }: Box): number[] {
  return [x0, y0, x1, y0, x1, y1, x0, y1];
}

function resultOf(
  { classNumber, confidence, box: { x0, y0, x1, y1 }, mask }: Detection,
  imageId: number,
) {
  return {
    image_id: imageId,
    category_id: classNumber + 1,
    bbox: [x0, y0, x1 - x0, y1 - y0].map((value) => round(value, 3)),
    score: round(confidence, 6),
    ...(mask && {
      segmentation: { size: mask.size, counts: encodeCounts(mask.counts) },
    }),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
