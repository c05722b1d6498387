// COCO: images/<part>/<stem>.jpg and annotations/instances_<part>.json, masks as
// compressed run lengths, so that holes and parts stay exact.

import {
  type CocoAnnotation,
  cocoAnnotation,
  type CocoImage,
  cocoImage,
} from "../../formats/coco.ts";
import { boxOf } from "../../masks/bitmap.ts";
import { encodeCounts, rleAreaPx, rleToBitmap } from "../../masks/rle.ts";
import {
  type ExportTag,
  type Layout,
  type LayoutFile,
  type PlannedFrame,
  splitNames,
} from "./data_set.ts";

/** Arranges a COCO data set. */
export function cocoLayout(
  frames: readonly PlannedFrame[],
  { tags }: { tags: readonly ExportTag[] },
): Layout {
  return {
    imagePath: ({ split, stem }) => `images/${split}/${stem}.jpg`,
    labelFiles: () => [],
    endFiles: () => {
      const imageIds = new Map(frames.map((frame, i) => [frame, i + 1]));
      return splitNames.flatMap((part): LayoutFile[] => {
        const own = frames.filter(({ split }) => split === part);
        if (own.length === 0) return [];
        const content = JSON.stringify({
          info: { description: `MedAnnotate export, part ${part}` },
          ...instancesOf(own, imageIds),
          categories: tags.map(({ classNumber, name, category }) => ({
            id: classNumber + 1,
            name,
            supercategory: category,
          })),
        });
        return [{ path: `annotations/instances_${part}.json`, content }];
      });
    },
  };
}

function instancesOf(
  frames: readonly PlannedFrame[],
  imageIds: ReadonlyMap<PlannedFrame, number>,
) {
  const images: CocoImage[] = [];
  const annotations: CocoAnnotation[] = [];
  for (const frame of frames) {
    const imageId = imageIds.get(frame) ?? 0;
    images.push(cocoImage(imageId, `${frame.stem}.jpg`, frame.sequence.size));
    for (const { rle, tag } of frame.masks) {
      const box = boxOf(rleToBitmap(rle));
      if (!box) continue; // the plan has no empty masks
      const [height, width] = rle.size;
      annotations.push(cocoAnnotation({
        id: annotations.length + 1,
        imageId,
        classNumber: tag.classNumber,
        segmentation: {
          size: [height, width],
          counts: encodeCounts(rle.counts),
        },
        box,
        areaPx: rleAreaPx(rle),
      }));
    }
  }
  return { images, annotations };
}
