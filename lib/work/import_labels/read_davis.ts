// DAVIS, and the pictures of SA-V: a folder for each sequence with a palette PNG
// for each frame, or with a folder of such pictures for each object. objects.csv
// names the classes where MedAnnotate wrote it.

import type { IndexImage } from "../../base/image.ts";
import { parseCsv } from "../../formats/csv.ts";
import { splitIndexImage } from "../../formats/davis.ts";
import { bitmapToRle } from "../../masks/rle.ts";
import { readMask } from "../../media/image.ts";
import { decodePalettePng } from "../../media/palette_png.ts";
import type { LabelFrame, LabelReading, LabelShape } from "./label_frame.ts";
import {
  baseOf,
  folderOf,
  type LabelFolder,
  reading,
  stemOf,
} from "./label_folder.ts";

/** One picture of masks. */
type Picture = {
  readonly name: string;
  /** The folder of the sequence, as the images have it too. */
  readonly sequence: string;
  /** Where each object has its own pictures. */
  readonly object?: number;
};

/** Reads the pictures of all sequences. */
export async function readDavis(folder: LabelFolder): Promise<LabelReading> {
  const tags = await readTags(folder);
  const pictures = listPictures(folder.names);
  const byFrame = Map.groupBy(
    pictures,
    ({ sequence, name }) => `${sequence}/${stemOf(name)}`,
  );
  const frames: LabelFrame[] = [];
  for (const [image, own] of byFrame) {
    const shapes: LabelShape[] = [];
    let size: LabelFrame["size"];
    for (const picture of own) {
      const { image, found } = await readPicture(folder, picture);
      size = { width: image.width, height: image.height };
      const key = baseOf(picture.sequence);
      shapes.push(...found.map(({ id, bitmap }) => ({
        tag: tags.get(`${key}/${id}`),
        number: id,
        geometry: { kind: "mask", rle: bitmapToRle(bitmap) } as const,
      })));
    }
    const stem = stemOf(own[0].name);
    frames.push({
      file: own[0].name,
      image,
      ...(/^\d+$/.test(stem) ? { number: Number(stem) } : {}),
      ...(size ? { size } : {}),
      shapes,
    });
  }
  return { frames, passedOver: 0 };
}

/** PNG files below Annotations…, or all where there is no such folder. */
function listPictures(names: readonly string[]): Picture[] {
  const pngs = names.filter((name) => /\.png$/i.test(name));
  const isAnnotation = (name: string) => /(^|\/)Annotations[^/]*\//.test(name);
  const wanted = pngs.some(isAnnotation) ? pngs.filter(isAnnotation) : pngs;
  // SA-V counts objects from 000; ours count from 1.
  const first = wanted.some((name) => /(^|\/)000\/[^/]*$/.test(name)) ? 1 : 0;
  return wanted.map((name) => {
    const folder = folderOf(name);
    if (!isObjectFolder(folder)) return { name, sequence: imageFolder(folder) };
    const object = Number(baseOf(folder)) + first;
    return { name, sequence: imageFolder(folderOf(folder)), object };
  });
}

/** `…/bear/001` is an object, `Annotations/480p/001` a sequence. */
function isObjectFolder(folder: string): boolean {
  if (!/^\d{3}$/.test(baseOf(folder))) return false;
  return !/^(.*\/)?Annotations[^/]*(\/(\d+p|Full-Resolution))?$/.test(
    folderOf(folder),
  );
}

/** `Annotations/480p/bear` holds the masks of `JPEGImages/480p/bear`. */
function imageFolder(folder: string): string {
  return folder.replace(
    /(^|\/)Annotations(_6fps)?(?=\/|$)/,
    (_, start, fps) => `${start}JPEGImages${fps ? "_24fps" : ""}`,
  );
}

async function readPicture(
  folder: LabelFolder,
  { name, object }: Picture,
): Promise<{ image: IndexImage; found: ReturnType<typeof splitIndexImage> }> {
  const bytes = await folder.read(name);
  return await reading(name, async () => {
    const palette = 3;
    const image = bytes[25] === palette // IHDR's colour type
      ? decodePalettePng(bytes).image
      : await readMask(bytes);
    if (object === undefined) return { image, found: splitIndexImage(image) };
    const data = image.data.map((pixel) => pixel > 0 ? 1 : 0);
    const bitmap = { ...image, data };
    const isSeen = data.includes(1);
    return { image, found: isSeen ? [{ id: object, bitmap }] : [] };
  });
}

/** The class of each object, by folder and number. */
async function readTags(folder: LabelFolder): Promise<Map<string, string>> {
  const name = folder.names.find((name) => baseOf(name) === "objects.csv");
  if (name === undefined) return new Map();
  const text = await folder.text(name);
  const [head, ...rows] = await reading(name, () => parseCsv(text));
  const [sequence, object, code] = ["sequence", "object", "code"]
    .map((column) => head?.cells.indexOf(column) ?? -1);
  return new Map(
    rows.map(({ cells }) => [
      `${cells[sequence]}/${cells[object]}`,
      cells[code],
    ]),
  );
}
