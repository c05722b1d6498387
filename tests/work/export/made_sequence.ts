// Small sequences for export tests: every frame another picture, masks as text.

import type { Bitmap, RgbImage } from "../../../lib/base/image.ts";
import type { Size } from "../../../lib/base/tensor.ts";
import { seededRandom } from "../../../lib/base/random.ts";
import {
  bitmapToRle,
  type ExportSequence,
  type ExportTag,
  framesSha256,
} from "medannotate";

export const tags: readonly ExportTag[] = [
  { code: "f1", name: "polyp", category: "finding", classNumber: 0 },
  { code: "i1", name: "forceps", category: "instrument", classNumber: 2 },
];

/** A picture of noise; the same seed gives the same pixels. */
export function noise({ width, height }: Size, seed: number): RgbImage {
  const random = seededRandom(seed);
  const data = Uint8Array.from(
    { length: 3 * width * height },
    () => 256 * random(),
  );
  return { width, height, data };
}

/** A sequence whose frames have the given masks: by frame, then by object number. */
export function madeSequence(
  id: number,
  frames: readonly Readonly<Record<number, Bitmap>>[],
  { size, patient, seed = 100 * id, verified = true }: {
    size: Size;
    patient?: string;
    seed?: number;
    verified?: boolean;
  },
): ExportSequence {
  const readImage = (index: number) =>
    Promise.resolve(noise(size, seed + index));
  return {
    id,
    name: "clip",
    ...(patient ? { patient } : {}),
    size,
    frames: frames.map((_, index) => ({
      index,
      name: String(index).padStart(5, "0"),
      sha256: framesSha256(noise(size, seed + index)),
    })),
    objects: [
      { number: 1, tag: "f1", colour: [0, 220, 150] },
      { number: 2, tag: "i1", colour: [60, 150, 255] },
    ],
    masks: frames.flatMap((masks, frame) =>
      Object.entries(masks).map(([object, bitmap]) => ({
        object: Number(object),
        frame,
        rle: bitmapToRle(bitmap),
        verified,
        origin: "drawn",
      }))
    ),
    readImage,
  };
}

/** A disc with a round hole, drawn at pixel centres. */
export function ring(
  size: Size,
  { x, y, outer, inner = 0 }: {
    x: number;
    y: number;
    outer: number;
    inner?: number;
  },
): Bitmap {
  const data = new Uint8Array(size.width * size.height);
  for (let i = 0; i < data.length; i++) {
    const far = Math.hypot(
      i % size.width + 0.5 - x,
      Math.floor(i / size.width) + 0.5 - y,
    );
    data[i] = far <= outer && far > inner ? 1 : 0;
  }
  return { ...size, data };
}

/** All names below a folder. */
export async function listTree(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) names.push(name);
    else {
      const below = await listTree(`${folder}/${name}`);
      names.push(...below.map((other) => `${name}/${other}`));
    }
  }
  return names.sort();
}
