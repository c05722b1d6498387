// labelme's JSON, a file for each image. Shapes of one label and group are one
// object; without a group each is its own.

import type { Point } from "../../base/tensor.ts";
import {
  type LabelmeFile,
  type LabelmeShape,
  parseLabelme,
} from "../../formats/labelme.ts";
import type {
  LabelFrame,
  LabelGeometry,
  LabelReading,
  LabelShape,
} from "./label_frame.ts";
import {
  baseOf,
  folderOf,
  type LabelFolder,
  reading,
  stemOf,
} from "./label_folder.ts";

/** Reads the files of labelme among the JSON files of a folder. */
export async function readLabelme(folder: LabelFolder): Promise<LabelReading> {
  const frames: LabelFrame[] = [];
  let passedOver = 0;
  for (const file of folder.names.filter((name) => /\.json$/i.test(name))) {
    const text = await folder.text(file);
    if (!isLabelme(text)) continue;
    const found = await reading(file, () => parseLabelme(text));
    passedOver += found.passedOver;
    frames.push({
      file,
      image: imageOf(file, found),
      size: found.size,
      shapes: toShapes(found.shapes),
    });
  }
  return { frames, passedOver };
}

/** Whether a text has what makes a file of labelme. */
export function isLabelme(text: string): boolean {
  return text.includes('"shapes"') && text.includes('"imageHeight"');
}

/** The image beside the file; only its name counts, wherever it once lay. */
function imageOf(file: string, { imagePath }: LabelmeFile): string {
  const name = imagePath === "" ? stemOf(file) : baseOf(imagePath);
  const folder = folderOf(file);
  return folder === "" ? name : `${folder}/${name}`;
}

function toShapes(shapes: readonly LabelmeShape[]): LabelShape[] {
  const objects = Map.groupBy(
    shapes.map((shape, i) => ({ shape, i })),
    ({ shape: { label, group }, i }) =>
      group === null ? `${i}` : `${label}\n${group}`,
  );
  return [...objects.values()].map((own): LabelShape => {
    const { label, group } = own[0].shape;
    return {
      tag: label,
      ...(group === null ? {} : { identity: `${label} ${group}` }),
      geometry: geometryOf(own.map(({ shape }) => shape)),
    };
  });
}

/** Rectangles alone are a box; with polygons all are drawn. */
function geometryOf(shapes: readonly LabelmeShape[]): LabelGeometry {
  const [first, ...others] = shapes;
  if (first.kind === "rectangle" && others.length === 0) {
    const [a, b] = first.points;
    const box = {
      x0: Math.min(a.x, b.x),
      y0: Math.min(a.y, b.y),
      x1: Math.max(a.x, b.x),
      y1: Math.max(a.y, b.y),
    };
    return { kind: "box", box };
  }
  return { kind: "rings", rings: shapes.map(ringOf) };
}

function ringOf({ kind, points }: LabelmeShape): readonly Point[] {
  if (kind === "polygon") return points;
  const [a, b] = points;
  if (kind === "rectangle") {
    return [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
  }
  const radius = Math.hypot(b.x - a.x, b.y - a.y);
  const count = Math.max(12, Math.ceil(2 * Math.PI * radius)); // a corner a pixel
  return Array.from({ length: count }, (_, i) => {
    const angle = 2 * Math.PI * i / count;
    return {
      x: a.x + radius * Math.cos(angle),
      y: a.y + radius * Math.sin(angle),
    };
  });
}
