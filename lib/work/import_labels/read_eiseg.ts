// EISeg's output: annotations.json keeps objects apart and comes first; else the
// grey PNGs with the label list, in which one label is one object; else its JSON,
// older or as labelme has it.

import type { IndexImage } from "../../base/image.ts";
import { splitIndexImage } from "../../formats/davis.ts";
import { parseEisegJson } from "../../formats/eiseg.ts";
import { type EisegLabel, parseEisegLabels } from "../../formats/tag_list.ts";
import { bitmapToRle } from "../../masks/rle.ts";
import { readImage } from "../../media/image.ts";
import type { LabelFrame, LabelReading } from "./label_frame.ts";
import {
  baseOf,
  folderOf,
  type LabelFolder,
  reading,
  stemOf,
} from "./label_folder.ts";
import { isCoco, readCoco } from "./read_coco.ts";
import { isLabelme, readLabelme } from "./read_labelme.ts";

/** Reads what EISeg saved, from the most exact of its files. */
export async function readEiseg(folder: LabelFolder): Promise<LabelReading> {
  const jsons = await Promise.all(
    folder.names.filter((name) => /\.json$/i.test(name))
      .map(async (name) => ({ name, text: await folder.text(name) })),
  );
  if (jsons.some(({ text }) => isCoco(text))) return await readCoco(folder);
  const list = folder.names.find((name) =>
    /(label|labels)\.txt$/i.test(name) && baseOf(name) !== "labels.txt"
  );
  const pictures = folder.names.filter((name) =>
    /\.png$/i.test(name) && !/_(pseudo|cutout)\.png$/i.test(name) &&
    baseOf(folderOf(name)) === "label"
  );
  if (list !== undefined && pictures.length > 0) {
    const text = await folder.text(list);
    const { labels } = await reading(list, () => parseEisegLabels(text));
    return await readPictures(folder, pictures, labels);
  }
  if (jsons.some(({ text }) => isLabelme(text))) {
    return await readLabelme(folder);
  }
  const frames: LabelFrame[] = [];
  for (const { name, text } of jsons) {
    if (!text.includes('"labelIdx"')) continue;
    const polygons = await reading(name, () => parseEisegJson(text));
    frames.push({
      file: name,
      image: stemOf(name),
      shapes: polygons.map((polygon) => ({
        tag: polygon.name,
        geometry: { kind: "rings", rings: [polygon.points] },
      })),
    });
  }
  return { frames, passedOver: 0 };
}

async function readPictures(
  folder: LabelFolder,
  pictures: readonly string[],
  labels: readonly EisegLabel[],
): Promise<LabelReading> {
  const names = new Map(labels.map(({ number, name }) => [number, name]));
  const frames: LabelFrame[] = [];
  for (const file of pictures) {
    const image = await reading(file, () => readGrey(folder, file));
    const shapes = splitIndexImage(image).map(({ id, bitmap }) => {
      const tag = names.get(id);
      if (tag === undefined) {
        throw new RangeError(
          `Cannot import labels: ${file} has label ${id}, which the label list does not name`,
        );
      }
      const geometry = { kind: "mask", rle: bitmapToRle(bitmap) } as const;
      return { tag, geometry };
    });
    const { width, height } = image;
    frames.push({ file, image: stemOf(file), size: { width, height }, shapes });
  }
  return { frames, passedOver: 0 };
}

/** The grey of each pixel, which is the same in all three channels. */
async function readGrey(
  folder: LabelFolder,
  name: string,
): Promise<IndexImage> {
  const { width, height, data } = await readImage(await folder.read(name));
  const grey = Uint8Array.from(
    { length: width * height },
    (_, i) => data[3 * i],
  );
  return { width, height, data: grey };
}
