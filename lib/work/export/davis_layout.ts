// DAVIS: JPEGImages/Full-Resolution/<sequence>/%05d.jpg, palette PNG of the same
// names below Annotations, ImageSets/2017/<part>.txt with the sequences.
//
// A pixel is the number of its object and a file name the index of its frame.
// Where objects of a sequence overlap on any frame, one image would lose pixels:
// then each object of the sequence has a folder of its own (<sequence>/%03d/),
// with 0 and 1, as SAM 2's tools/vos_inference.py reads and writes them.

import { writeCsv } from "../../formats/csv.ts";
import { composeIndexImage, vocColour } from "../../formats/davis.ts";
import type { IndexImage, Rgb } from "../../base/image.ts";
import { rleIntersectionPx, rleToBitmap } from "../../masks/rle.ts";
import { encodePalettePng } from "../../media/palette_png.ts";
import {
  type Layout,
  type LayoutFile,
  type PlannedFrame,
  splitNames,
} from "./data_set.ts";
import { nameFolders } from "./sequence_folders.ts";

/** The name DAVIS has for pictures of native size. */
const RESOLUTION = "Full-Resolution";

/** Arranges a DAVIS data set. */
export function davisLayout(frames: readonly PlannedFrame[]): Layout {
  const palette = Array.from({ length: 256 }, (_, i): Rgb => vocColour(i));
  const overlapping = new Set(
    frames.filter(hasOverlap).map(({ sequence }) => sequence),
  );
  const folderOf = nameFolders(frames);
  const fileOf = ({ frame }: PlannedFrame) =>
    String(frame.index).padStart(5, "0");

  return {
    imagePath: (frame) =>
      `JPEGImages/${RESOLUTION}/${folderOf(frame)}/${fileOf(frame)}.jpg`,
    labelFiles: (frame) => {
      const folder = `Annotations/${RESOLUTION}/${folderOf(frame)}`;
      const images = overlapping.has(frame.sequence)
        ? objectImages(frame)
        : [{ folder: "", image: indexImage(frame) }];
      return images.map((part) => ({
        path: `${folder}/${part.folder}${fileOf(frame)}.png`,
        content: encodePalettePng(part.image, palette),
      }));
    },
    endFiles:
      () => [...imageSets(frames, folderOf), objectList(frames, folderOf)],
  };
}

/** All objects of a frame in one image. */
function indexImage({ sequence, masks }: PlannedFrame): IndexImage {
  const objects = masks.map(({ object, rle }) => ({
    id: object,
    bitmap: rleToBitmap(rle),
  }));
  return composeIndexImage(objects, sequence.size);
}

/** Every object of the sequence in an image of its own, absent ones empty. */
function objectImages({ sequence, masks }: PlannedFrame) {
  const { width, height } = sequence.size;
  return sequence.objects.map(({ number }) => {
    const mask = masks.find(({ object }) => object === number);
    const image = mask
      ? rleToBitmap(mask.rle)
      : { width, height, data: new Uint8Array(width * height) };
    return { folder: `${String(number).padStart(3, "0")}/`, image };
  });
}

function hasOverlap({ masks }: PlannedFrame): boolean {
  return masks.some((a, i) =>
    masks.slice(i + 1).some((b) => rleIntersectionPx(a.rle, b.rle) > 0)
  );
}

function imageSets(
  frames: readonly PlannedFrame[],
  folderOf: (frame: PlannedFrame) => string,
): LayoutFile[] {
  return splitNames.flatMap((part): LayoutFile[] => {
    const own = frames.filter(({ split }) => split === part);
    const names = [...new Set(own.map(folderOf))];
    if (names.length === 0) return [];
    return [{
      path: `ImageSets/2017/${part}.txt`,
      content: names.join("\n") + "\n",
    }];
  });
}

/** What DAVIS has no place for: the class of each object. */
function objectList(
  frames: readonly PlannedFrame[],
  folderOf: (frame: PlannedFrame) => string,
): LayoutFile {
  const rows = new Map<string, string[]>();
  for (const frame of frames) {
    for (const { object, tag } of frame.masks) {
      const cells = [
        folderOf(frame),
        String(object),
        String(tag.classNumber),
        tag.code,
        tag.name,
      ];
      rows.set(cells.slice(0, 2).join("/"), cells);
    }
  }
  const header = ["sequence", "object", "class", "code", "name"];
  return { path: "objects.csv", content: writeCsv([header, ...rows.values()]) };
}
