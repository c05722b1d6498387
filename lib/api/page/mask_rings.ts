// The outline of a mask from its run lengths.
//
// Only the box around the mask is decoded, so that a small mask in a large frame
// costs little.

import type { Size } from "../../base/tensor.ts";
import { bitmapToPolygons, type Ring } from "../../masks/polygons.ts";
import { decodeCounts } from "../../masks/rle.ts";

/** The rings of a mask in pixels of the frame, to be filled by the even-odd rule. */
export function maskRings(counts: string, { height }: Size): Ring[] {
  const runs = decodeCounts(counts);

  // The box around the mask, from the runs.
  let x0 = Infinity, x1 = 0, y0 = height, y1 = 0;
  let at = 0;
  for (const [i, run] of runs.entries()) {
    if (i % 2 === 1 && run > 0) {
      const first = Math.floor(at / height);
      const last = Math.floor((at + run - 1) / height);
      x0 = Math.min(x0, first);
      x1 = Math.max(x1, last + 1);
      const wraps = last > first;
      y0 = wraps ? 0 : Math.min(y0, at % height);
      y1 = wraps ? height : Math.max(y1, at % height + run);
    }
    at += run;
  }
  if (x1 === 0) return [];

  const width = x1 - x0;
  const data = new Uint8Array(width * (y1 - y0));
  at = 0;
  for (const [i, run] of runs.entries()) {
    if (i % 2 === 1) {
      for (let k = at; k < at + run; k++) {
        const x = Math.floor(k / height);
        data[(k - x * height - y0) * width + x - x0] = 1;
      }
    }
    at += run;
  }
  const move = (ring: Ring) =>
    ring.map(({ x, y }) => ({ x: x + x0, y: y + y0 }));
  return bitmapToPolygons({ width, height: y1 - y0, data })
    .flatMap(({ outer, holes }) => [outer, ...holes].map(move));
}
