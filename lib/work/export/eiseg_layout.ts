// EISeg: <part>/<stem>.jpg, and in <part>/label what EISeg saves there: grey
// PNGs whose pixels are labels, the same with a palette (_pseudo), COCO with
// polygons (annotations.json, which it reads again) and the label list
// (autosave_label.txt).
//
// A label is the class number and one. Polygons keep every corner of the pixels,
// so they lose nothing where the even-odd rule fills them; holes are joined by
// bridges. In the PNGs objects of one class become one, and where objects overlap
// the lower label has the pixel. EISeg drops labels whose name has a space:
// underscores are written.

import type { Rgb } from "../../base/image.ts";
import { composeIndexImage } from "../../formats/davis.ts";
import { writeEisegLabels } from "../../formats/tag_list.ts";
import { boxOf, unionOf } from "../../masks/bitmap.ts";
import { ringArea } from "../../masks/polygons.ts";
import { bitmapToYoloRings } from "../../masks/rings.ts";
import { rleToBitmap } from "../../masks/rle.ts";
import { encodeGreyPng, encodePalettePng } from "../../media/palette_png.ts";
import {
  type ExportTag,
  type Layout,
  type LayoutFile,
  type PlannedFrame,
  splitNames,
} from "./data_set.ts";
import { labelColour } from "./label_colours.ts";
import { classNames } from "./yolo_layout.ts";

/** Arranges what EISeg saves. */
export function eisegLayout(
  frames: readonly PlannedFrame[],
  { tags }: { tags: readonly ExportTag[] },
): Layout {
  const names = classNames(tags);
  const nameOf = (tag: ExportTag) =>
    names[tag.classNumber].trim().replace(/\s+/g, "_");
  const palette = paletteOf(tags);
  return {
    imagePath: ({ split, stem }) => `${split}/${stem}.jpg`,
    labelFiles: (frame) => {
      const image = labelImage(frame);
      const path = `${frame.split}/label/${frame.stem}`;
      return [
        { path: `${path}.png`, content: encodeGreyPng(image) },
        {
          path: `${path}_pseudo.png`,
          content: encodePalettePng(image, palette),
        },
      ];
    },
    endFiles: () =>
      splitNames.flatMap((part): LayoutFile[] => {
        const own = frames.filter(({ split }) => split === part);
        if (own.length === 0) return [];
        return [
          {
            path: `${part}/label/annotations.json`,
            content: cocoOf(own, tags, nameOf),
          },
          {
            path: `${part}/label/autosave_label.txt`,
            content: writeEisegLabels(tags.map((tag) => ({
              number: tag.classNumber + 1,
              name: nameOf(tag),
              colour: labelColour(tag),
            }))),
          },
        ];
      }),
  };
}

/** The label of each pixel. */
function labelImage({ stem, sequence, masks }: PlannedFrame) {
  const byLabel = Map.groupBy(masks, ({ tag }) => tag.classNumber + 1);
  const highest = Math.max(0, ...byLabel.keys());
  if (highest > 255) {
    throw new RangeError(
      `Cannot export ${stem} as eiseg: label ${highest} is no pixel, expected at most 255`,
    );
  }
  const labels = [...byLabel].map(([id, own]) => {
    const [first, ...others] = own.map(({ rle }) => rleToBitmap(rle));
    return { id, bitmap: unionOf(first, ...others) };
  });
  return composeIndexImage(labels, sequence.size);
}

function paletteOf(tags: readonly ExportTag[]): Rgb[] {
  const colours = new Map(
    tags.map((tag) => [tag.classNumber + 1, labelColour(tag)]),
  );
  return Array.from(
    { length: 256 },
    (_, i): Rgb => colours.get(i) ?? [0, 0, 0],
  );
}

/** All images of a part with the polygons of their objects. */
function cocoOf(
  frames: readonly PlannedFrame[],
  tags: readonly ExportTag[],
  nameOf: (tag: ExportTag) => string,
): string {
  const annotations = frames.flatMap(({ masks }, image) =>
    masks.map(({ rle, tag }) => ({ image, tag, bitmap: rleToBitmap(rle) }))
  );
  return JSON.stringify({
    info: { description: "MedAnnotate export" },
    images: frames.map(({ stem, sequence: { size } }, i) => ({
      id: i + 1,
      width: size.width,
      height: size.height,
      file_name: `${stem}.jpg`,
      license: "",
      flickr_url: "",
      coco_url: "",
      date_captured: "",
    })),
    annotations: annotations.map(({ image, tag, bitmap }, i) => {
      const rings = bitmapToYoloRings(bitmap, { parts: "split" });
      const box = boxOf(bitmap);
      if (!box) throw new Error("an empty mask has no box"); // the plan has none
      return {
        id: i + 1,
        iscrowd: 0,
        image_id: image + 1,
        category_id: tag.classNumber + 1,
        segmentation: rings.map((ring) => ring.flatMap(({ x, y }) => [x, y])),
        area: rings.reduce((sum, ring) => sum + Math.abs(ringArea(ring)), 0),
        bbox: [box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0],
      };
    }),
    categories: tags.map((tag) => ({
      id: tag.classNumber + 1,
      name: nameOf(tag),
      color: labelColour(tag),
      supercategory: tag.category,
    })),
  });
}
