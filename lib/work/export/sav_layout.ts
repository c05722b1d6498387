// SA-V: JPEGImages_24fps/<video>/%05d.jpg, the masks of every object in
// Annotations_6fps/<video>/%03d/%05d.png, and all of a video in
// sav_<part>/<video>_manual.json.
//
// SA-V labels every fourth frame of its videos, and its names of folders say so;
// here every frame that is labelled is there, and a reader has to be told to
// step by 1 (SAVDataset: annot_sample_rate=1). Classes are in labels.csv, as
// SA-V has none.

import { savJson } from "../../formats/sav.ts";
import type { CocoRle } from "../../formats/coco.ts";
import { encodeCounts, rleToBitmap } from "../../masks/rle.ts";
import { encodePalettePng } from "../../media/palette_png.ts";
import { vocColour } from "../../formats/davis.ts";
import {
  type Layout,
  type LayoutFile,
  type PlannedFrame,
  splitNames,
} from "./data_set.ts";
import { nameFolders } from "./sequence_folders.ts";

/** Arranges a data set like SA-V. */
export function savLayout(frames: readonly PlannedFrame[]): Layout {
  const folderOf = nameFolders(frames);
  const palette = [vocColour(0), vocColour(1)];
  return {
    imagePath: (frame) =>
      `JPEGImages_24fps/${folderOf(frame)}/${numberOf(frame)}.jpg`,
    labelFiles: (frame) =>
      frame.masks.map(({ object, rle }) => ({
        path: `Annotations_6fps/${folderOf(frame)}/${
          String(object).padStart(3, "0")
        }/${numberOf(frame)}.png`,
        content: encodePalettePng(rleToBitmap(rle), palette),
      })),
    endFiles: () => [...masklets(frames, folderOf), ...lists(frames, folderOf)],
  };
}

function numberOf({ frame }: PlannedFrame): string {
  return String(frame.index).padStart(5, "0");
}

/** One file for each video, a row for each of its frames up to the last exported one. */
function masklets(
  frames: readonly PlannedFrame[],
  folderOf: (frame: PlannedFrame) => string,
): LayoutFile[] {
  return [...Map.groupBy(frames, folderOf)].map(([videoId, own]) => {
    const [{ sequence, split }] = own;
    const objects = [
      ...new Set(own.flatMap(({ masks }) => masks.map((mask) => mask.object))),
    ].sort((a, b) => a - b);
    const byIndex = new Map(own.map((frame) => [frame.frame.index, frame]));
    const frameCount = Math.max(...byIndex.keys()) + 1;
    const masklet = Array.from({ length: frameCount }, (_, index) => {
      const masks = byIndex.get(index)?.masks ?? [];
      return objects.map((object): CocoRle | null => {
        const rle = masks.find((mask) => mask.object === object)?.rle;
        if (!rle) return null;
        const [height, width] = rle.size;
        return { size: [height, width], counts: encodeCounts(rle.counts) };
      });
    });
    const { size } = sequence;
    return {
      path: `sav_${split}/${videoId}_manual.json`,
      content: savJson({ videoId, size, frameCount, objects, masklet }),
    };
  });
}

function lists(
  frames: readonly PlannedFrame[],
  folderOf: (frame: PlannedFrame) => string,
): LayoutFile[] {
  return splitNames.flatMap((part): LayoutFile[] => {
    const own = frames.filter(({ split }) => split === part);
    const names = [...new Set(own.map(folderOf))];
    if (names.length === 0) return [];
    return [{ path: `sav_${part}.txt`, content: names.join("\n") + "\n" }];
  });
}
