// COCO instance files, also those that EISeg reads again. Run lengths and rings
// become masks; an annotation without either is a box; crowds are passed over.

import {
  type CocoAnnotation,
  type CocoFile,
  parseCoco,
} from "../../formats/coco.ts";
import { decodeCounts, type Rle } from "../../masks/rle.ts";
import type { LabelFrame, LabelGeometry, LabelReading } from "./label_frame.ts";
import { type LabelFolder, reading, requireInside } from "./label_folder.ts";

/** Reads the instance files among the JSON files of a folder. */
export async function readCoco(folder: LabelFolder): Promise<LabelReading> {
  const frames: LabelFrame[] = [];
  let passedOver = 0;
  for (const file of folder.names.filter((name) => /\.json$/i.test(name))) {
    const text = await folder.text(file);
    if (!isCoco(text)) continue;
    const found = await reading(file, () => readFile(file, parseCoco(text)));
    frames.push(...found.frames);
    passedOver += found.passedOver;
  }
  if (frames.length > 0) return { frames, passedOver };
  throw new RangeError(
    `Cannot import labels ${folder.path}: no JSON file in it lists images and annotations`,
  );
}

/** Whether a text has what makes an instance file. */
export function isCoco(text: string): boolean {
  return ["images", "annotations", "categories"]
    .every((key) => text.includes(`"${key}"`));
}

function readFile(
  file: string,
  { images, annotations, categories }: CocoFile,
): LabelReading {
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  const byImage = Map.groupBy(annotations, ({ image_id }) => image_id);
  let passedOver = 0;
  const frames = images.map(({ id, file_name, width, height }): LabelFrame => {
    const own = byImage.get(id) ?? [];
    const single = own.filter(({ iscrowd }) => iscrowd === 0);
    passedOver += own.length - single.length;
    return {
      file,
      image: requireInside(file, file_name),
      size: { width, height },
      shapes: single.map((annotation) => ({
        tag: names.get(annotation.category_id),
        geometry: geometryOf(annotation),
      })),
    };
  });
  return { frames, passedOver };
}

function geometryOf({ segmentation, bbox }: CocoAnnotation): LabelGeometry {
  if (segmentation && "counts" in segmentation) {
    const { size, counts } = segmentation;
    const rle: Rle = {
      size,
      counts: typeof counts === "string" ? decodeCounts(counts) : counts,
    };
    return { kind: "mask", rle };
  }
  if (segmentation && segmentation.length > 0) {
    const rings = segmentation.map((flat) =>
      Array.from({ length: flat.length / 2 }, (_, i) => ({
        x: flat[2 * i],
        y: flat[2 * i + 1],
      }))
    );
    return { kind: "rings", rings };
  }
  const [x, y, width, height] = bbox;
  return { kind: "box", box: { x0: x, y0: y, x1: x + width, y1: y + height } };
}
