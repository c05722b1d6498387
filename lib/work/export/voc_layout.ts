// Pascal VOC: JPEGImages/<stem>.jpg, Annotations/<stem>.xml with a box for every
// object, palette PNGs in SegmentationObject and SegmentationClass, the lists of
// the parts in ImageSets, labelmap.txt with the colours of the classes.
//
// Pixel k of SegmentationObject is the k-th object of the XML; of
// SegmentationClass it is the class number and one, as 0 is background. Where
// objects overlap, the lower one has the pixel: that is what the format loses.

import type { Rgb } from "../../base/image.ts";
import { composeIndexImage, vocColour } from "../../formats/davis.ts";
import { vocVoid, vocXml } from "../../formats/voc.ts";
import { boxOf } from "../../masks/bitmap.ts";
import { rleToBitmap } from "../../masks/rle.ts";
import { encodePalettePng } from "../../media/palette_png.ts";
import {
  type ExportTag,
  type Layout,
  type LayoutFile,
  type PlannedFrame,
  splitNames,
} from "./data_set.ts";
import { classNames } from "./yolo_layout.ts";

/** Arranges a Pascal VOC data set. */
export function vocLayout(
  frames: readonly PlannedFrame[],
  { tags }: { tags: readonly ExportTag[] },
): Layout {
  const names = classNames(tags);
  const palette = Array.from({ length: 256 }, (_, i): Rgb => vocColour(i));
  return {
    imagePath: ({ stem }) => `JPEGImages/${stem}.jpg`,
    labelFiles: (frame) => [
      { path: `Annotations/${frame.stem}.xml`, content: xmlOf(frame, names) },
      ...pictures(frame, palette),
    ],
    endFiles: () => [...imageSets(frames), labelMap(names)],
  };
}

function xmlOf(
  { stem, sequence, masks }: PlannedFrame,
  names: Readonly<Record<number, string>>,
): string {
  return vocXml({
    folder: "JPEGImages",
    fileName: `${stem}.jpg`,
    size: sequence.size,
    segmented: true,
    objects: masks.map(({ rle, tag }) => {
      const box = boxOf(rleToBitmap(rle));
      if (!box) throw new Error("an empty mask has no box"); // the plan has none
      return { name: names[tag.classNumber], box };
    }),
  });
}

function pictures(
  { stem, sequence, masks }: PlannedFrame,
  palette: readonly Rgb[],
): LayoutFile[] {
  const highest = Math.max(
    masks.length,
    ...masks.map(({ tag }) => tag.classNumber + 1),
  );
  if (highest >= vocVoid) {
    throw new RangeError(
      `Cannot export ${stem} as voc: object or class ${highest} is no pixel, expected at most ${
        vocVoid - 1
      }`,
    );
  }
  const objects = composeIndexImage(
    masks.map(({ rle }, i) => ({ id: i + 1, bitmap: rleToBitmap(rle) })),
    sequence.size,
  );
  const classOf = [0, ...masks.map(({ tag }) => tag.classNumber + 1)];
  const classes = { ...objects, data: objects.data.map((i) => classOf[i]) };
  return [
    {
      path: `SegmentationObject/${stem}.png`,
      content: encodePalettePng(objects, palette),
    },
    {
      path: `SegmentationClass/${stem}.png`,
      content: encodePalettePng(classes, palette),
    },
  ];
}

function imageSets(frames: readonly PlannedFrame[]): LayoutFile[] {
  return splitNames.flatMap((part) => {
    const own = frames.filter(({ split }) => split === part);
    if (own.length === 0) return [];
    const content = own.map(({ stem }) => `${stem}\n`).join("");
    return ["Main", "Segmentation"].map((kind) => ({
      path: `ImageSets/${kind}/${part}.txt`,
      content,
    }));
  });
}

/** `name:r,g,b::` for each class, as other tools that write VOC have it. */
function labelMap(names: Readonly<Record<number, string>>): LayoutFile {
  const rows = [
    "background:0,0,0::",
    ...Object.entries(names).map(([number, name]) =>
      `${name.replaceAll(":", " ")}:${
        vocColour(Number(number) + 1).join(",")
      }::`
    ),
  ];
  return {
    path: "labelmap.txt",
    content: ["# label:color_rgb:parts:actions", ...rows, ""].join("\n"),
  };
}
