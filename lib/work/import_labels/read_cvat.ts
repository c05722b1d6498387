// CVAT XML, of images and of videos. Frames of a video are the pictures in the
// folder `images` beside the XML in lexical order, where there is one.

import type { Size } from "../../base/tensor.ts";
import {
  type CvatFile,
  type CvatShape,
  parseCvatXml,
} from "../../formats/cvat.ts";
import { bitmapToRle } from "../../masks/rle.ts";
import { rowRunsToBitmap } from "../../masks/row_runs.ts";
import { isImage } from "../../media/image_folder.ts";
import type {
  LabelFrame,
  LabelGeometry,
  LabelReading,
  LabelShape,
  LabelTarget,
} from "./label_frame.ts";
import {
  baseOf,
  folderOf,
  type LabelFolder,
  reading,
  requireInside,
} from "./label_folder.ts";

/** Reads all annotation files of a folder. */
export async function readCvat(
  folder: LabelFolder,
  target: LabelTarget,
): Promise<LabelReading> {
  const frames: LabelFrame[] = [];
  let passedOver = 0;
  for (const name of folder.names.filter((name) => /\.xml$/i.test(name))) {
    const text = await folder.text(name);
    if (!/<annotations[\s>]/.test(text)) continue;
    const images = imagesBeside(folder, name);
    const found = await reading(name, () => {
      const file = parseCvatXml(text);
      passedOver += file.passedOver;
      return [
        ...imageFrames(name, file),
        ...videoFrames(name, file, { target, images }),
      ];
    });
    frames.push(...found);
  }
  return { frames, passedOver };
}

/** The pictures that the frames of a video are, in the order CVAT counts them. */
function imagesBeside(folder: LabelFolder, xml: string): string[] {
  const beside = `${folderOf(xml)}/images/`.replace(/^\//, "");
  return folder.names.filter((name) =>
    name.startsWith(beside) && isImage(baseOf(name))
  );
}

function imageFrames(file: string, { images }: CvatFile): LabelFrame[] {
  return images.map(({ name, size, shapes }) => ({
    ...{ file, size },
    image: requireInside(file, name),
    shapes: shapes.map(({ label, group, shape }) => ({
      tag: label,
      ...(group === undefined ? {} : { identity: `${label} ${group}` }),
      geometry: geometryOf(shape, size),
    })),
  }));
}

function videoFrames(
  file: string,
  { tracks, size: own }: CvatFile,
  { target, images }: { target: LabelTarget; images: readonly string[] },
): LabelFrame[] {
  const size = own ?? target.size;
  const byFrame = new Map<number, LabelShape[]>();
  for (const { id, label, group, shapes } of tracks) {
    // Masks come as tracks of one frame; their group says which belong together.
    const identity = group === undefined ? `track ${id}` : `${label} ${group}`;
    for (const { frame, outside, shape } of shapes) {
      if (outside) continue;
      const here = byFrame.get(frame) ?? [];
      const geometry = geometryOf(shape, size);
      here.push({ tag: label, identity, geometry });
      byFrame.set(frame, here);
    }
  }
  return [...byFrame].sort(([a], [b]) => a - b).map(([number, shapes]) => {
    const image = images[number];
    if (images.length > 0 && image === undefined) {
      throw new RangeError(
        `it has frame ${number}, the folder beside it ${images.length} images`,
      );
    }
    const place = image === undefined ? { number } : { image };
    return { ...{ file, size, shapes }, ...place };
  });
}

function geometryOf(shape: CvatShape, size: Size): LabelGeometry {
  if (shape.kind === "box") return shape;
  if (shape.kind === "polygon") return { kind: "rings", rings: [shape.points] };
  const { counts, left, top, width, height } = shape;
  const box = { x0: left, y0: top, x1: left + width, y1: top + height };
  return { kind: "mask", rle: bitmapToRle(rowRunsToBitmap(counts, box, size)) };
}
