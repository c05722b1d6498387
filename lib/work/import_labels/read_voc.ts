// Pascal VOC: an XML file for each image; where there is a PNG of its name in
// SegmentationObject, pixel k of it is the k-th object of the XML.

import type { IndexImage } from "../../base/image.ts";
import { parseVocXml, vocVoid } from "../../formats/voc.ts";
import { bitmapToRle } from "../../masks/rle.ts";
import { decodePalettePng } from "../../media/palette_png.ts";
import type { LabelFrame, LabelReading } from "./label_frame.ts";
import {
  type LabelFolder,
  reading,
  requireInside,
  stemOf,
} from "./label_folder.ts";

/** Reads all annotations of a folder with their masks. */
export async function readVoc(folder: LabelFolder): Promise<LabelReading> {
  const pictures = new Map(
    folder.names.filter((name) => /(^|\/)SegmentationObject\//.test(name))
      .map((name) => [stemOf(name), name]),
  );
  const frames: LabelFrame[] = [];
  for (const file of folder.names.filter((name) => /\.xml$/i.test(name))) {
    const text = await folder.text(file);
    if (!/<annotation[\s>]/.test(text)) continue;
    const { fileName, size, objects } = await reading(
      file,
      () => parseVocXml(text),
    );
    const picture = pictures.get(stemOf(file));
    const masks = picture === undefined
      ? undefined
      : await readObjects(folder, picture, objects.length);
    frames.push({
      file,
      image: requireInside(file, fileName === "" ? stemOf(file) : fileName),
      size: masks ?? size,
      shapes: objects.map(({ name, box }, i) => ({
        tag: name,
        geometry: masks
          ? { kind: "mask", rle: bitmapToRle(maskOf(masks, i + 1)) }
          : { kind: "box", box },
      })),
    });
  }
  return { frames, passedOver: 0 };
}

async function readObjects(
  folder: LabelFolder,
  name: string,
  count: number,
): Promise<IndexImage> {
  const { image } = await reading(
    name,
    async () => decodePalettePng(await folder.read(name)),
  );
  const past = image.data.find((pixel) => pixel > count && pixel !== vocVoid);
  if (past === undefined) return image;
  throw new RangeError(
    `Cannot import labels: ${name} has a pixel of object ${past}, its XML file has ${count} objects`,
  );
}

function maskOf({ width, height, data }: IndexImage, object: number) {
  return { width, height, data: data.map((pixel) => pixel === object ? 1 : 0) };
}
