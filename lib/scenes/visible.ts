// Whether a picture shows something to learn from.

import type { SceneImage } from "./scene_object.ts";

/** An object is seen on at least this part of the picture, … */
const LEAST_PART = 0.002;

/** … and its edge is a step of at least this many grey levels on average. */
const LEAST_STEP = 3;

/** True when one object is large enough and differs from what is beside it. */
export function showsObject({ image, identities }: SceneImage): boolean {
  const { width, data: ids } = identities;
  const areas = new Uint32Array(256);
  const edges = new Uint32Array(256);
  const steps = new Float64Array(256);
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i];
    areas[id]++;
    const x = i % width;
    if (x < 1 || x + 2 >= width || ids[i + 1] === id) continue;
    // Across the edge and a pixel farther on both sides, where it is soft.
    const step = largestStep(image.data, 3 * (i - 1), 3 * (i + 2));
    for (const side of [id, ids[i + 1]]) {
      edges[side]++;
      steps[side] += step;
    }
  }
  const least = LEAST_PART * ids.length;
  for (let id = 1; id < 256; id++) {
    // An object without an edge fills the picture from left to right.
    const isSeen = edges[id] === 0 || steps[id] >= LEAST_STEP * edges[id];
    if (areas[id] >= least && isSeen) return true;
  }
  return false;
}

function largestStep(rgb: Uint8Array, p: number, q: number): number {
  return Math.max(
    Math.abs(rgb[p] - rgb[q]),
    Math.abs(rgb[p + 1] - rgb[q + 1]),
    Math.abs(rgb[p + 2] - rgb[q + 2]),
  );
}
