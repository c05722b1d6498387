// Label Studio's JSON: tasks of images, and of videos with rectangles.

import {
  type LabelStudioRegion,
  parseLabelStudio,
} from "../../formats/label_studio.ts";
import { bitmapToRle } from "../../masks/rle.ts";
import type {
  LabelFrame,
  LabelGeometry,
  LabelReading,
  LabelShape,
  LabelTarget,
} from "./label_frame.ts";
import { type LabelFolder, reading } from "./label_folder.ts";

/** Reads the exports of tasks among the JSON files of a folder. */
export async function readLabelStudio(
  folder: LabelFolder,
  target: LabelTarget,
): Promise<LabelReading> {
  const frames: LabelFrame[] = [];
  let passedOver = 0;
  for (const file of folder.names.filter((name) => /\.json$/i.test(name))) {
    const text = await folder.text(file);
    if (!isLabelStudio(text)) continue;
    for (const task of await reading(file, () => parseLabelStudio(text))) {
      passedOver += task.passedOver;
      const image = imageOf(task.source);
      const size = task.regions.find(({ size }) => size)?.size;
      const shapes = task.regions.flatMap(toShape);
      const isVideo = task.regions.some(({ shape }) => shape.kind === "video");
      if (isVideo) frames.push(...videoFrames(file, task.regions, target));
      else frames.push({ file, image, ...(size ? { size } : {}), shapes });
    }
  }
  return { frames, passedOver };
}

/** Whether a text is a list of tasks. */
export function isLabelStudio(text: string): boolean {
  return /^\s*\[/.test(text) && text.includes('"data"') &&
    /"(annotations|completions)"/.test(text);
}

/** `/data/local-files/?d=images/a.jpg`, `/data/upload/1/0a1b2c3d-a.jpg`, `s3://…/a.jpg`. */
function imageOf(source: string): string {
  const local = /[?&]d=([^&]*)/.exec(source);
  try {
    return decodeURIComponent(local ? local[1] : source.replace(/\?.*$/, ""));
  } catch {
    return source;
  }
}

function toShape({ label, shape }: LabelStudioRegion): LabelShape[] {
  if (shape.kind === "video") return [];
  const geometry: LabelGeometry = shape.kind === "brush"
    ? { kind: "mask", rle: bitmapToRle(shape.mask) }
    : shape.kind === "polygon"
    ? { kind: "rings", rings: [shape.ring] }
    : shape;
  return [{ tag: label, geometry }];
}

function videoFrames(
  file: string,
  regions: readonly LabelStudioRegion[],
  { size: { width, height } }: LabelTarget,
): LabelFrame[] {
  const byFrame = new Map<number, LabelShape[]>();
  for (const { id, label, shape } of regions) {
    if (shape.kind !== "video") continue;
    for (const { frame, boxNorm: { x0, y0, x1, y1 } } of shape.boxes) {
      const box = {
        x0: x0 * width,
        y0: y0 * height,
        x1: x1 * width,
        y1: y1 * height,
      };
      const geometry = { kind: "box", box } as const;
      const here = byFrame.get(frame) ?? [];
      here.push({ tag: label, identity: `region ${id}`, geometry });
      byFrame.set(frame, here);
    }
  }
  return [...byFrame].sort(([a], [b]) => a - b)
    .map(([number, shapes]) => ({ file, number, shapes }));
}
