// Many scenes in one picture, to look at what the generator makes.

import type { RgbImage } from "../base/image.ts";
import { makeScene } from "./scene.ts";
import type { SceneFamily, SceneImage } from "./scene_object.ts";

/** Colours of outlines, by object number. */
const OUTLINES = [
  [0, 255, 0],
  [255, 220, 0],
  [0, 220, 255],
  [255, 0, 255],
  [255, 120, 0],
  [120, 160, 255],
] as const;

/**
 * Draws scenes side by side, with the outlines of all objects on every second
 * one (`"half"`), on all or on none.
 *
 * @example Four scenes in two columns
 * ```ts
 * import { sceneSheet } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const { width, height } = sceneSheet([1, 2, 3, 4], { columns: 2, side: 32 });
 * deepEqual([width, height], [64, 64]);
 * ```
 */
export function sceneSheet(
  seeds: readonly number[],
  { columns = 10, side = 128, frames = 1, outlines = "half", family }: {
    columns?: number;
    side?: number;
    /** Frames of each scene, side by side. */
    frames?: number;
    outlines?: "half" | "all" | "none";
    family?: SceneFamily;
  } = {},
): RgbImage {
  const perRow = Math.max(1, Math.floor(columns / frames));
  const width = perRow * frames * side;
  const height = Math.ceil(seeds.length / perRow) * side;
  const sheet = { width, height, data: new Uint8Array(width * height * 3) };
  seeds.forEach((seed, k) => {
    const scene = makeScene(seed, { side, frames, family });
    const isOutlined = outlines === "all" ||
      (outlines === "half" && k % 2 === 1);
    scene.frames.forEach((frame, t) => {
      const left = ((k % perRow) * frames + t) * side;
      const top = Math.floor(k / perRow) * side;
      paste(isOutlined ? outlined(frame) : frame.image, sheet, left, top);
    });
  });
  return sheet;
}

function paste(from: RgbImage, to: RgbImage, left: number, top: number) {
  for (let y = 0; y < from.height; y++) {
    const row = from.data.subarray(
      y * from.width * 3,
      (y + 1) * from.width * 3,
    );
    to.data.set(row, ((top + y) * to.width + left) * 3);
  }
}

/** A picture with a line on the inside of each object's edge. */
function outlined({ image, identities }: SceneImage): RgbImage {
  const { width, height } = image;
  const ids = identities.data;
  const data = image.data.slice();
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const id = ids[i];
      if (id === 0) continue;
      const isEdge = (x > 0 && ids[i - 1] !== id) ||
        (x + 1 < width && ids[i + 1] !== id) ||
        (y > 0 && ids[i - width] !== id) ||
        (y + 1 < height && ids[i + width] !== id);
      if (isEdge) data.set(OUTLINES[(id - 1) % OUTLINES.length], 3 * i);
    }
  }
  return { width, height, data };
}
