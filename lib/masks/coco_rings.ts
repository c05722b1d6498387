// Rings to run lengths exactly as pycocotools draws them.
//
// COCO's numbers depend on which pixels a polygon covers, and pycocotools has a
// rule of its own (common/maskApi.c, rleFrPoly, cocodataset/cocoapi, BSD): the
// outline is walked on a grid five times as fine, and where it passes from one
// fine column to the next in the middle of a pixel's column, the run turns at
// that height. polygonsToBitmap, which fills pixel centres, differs by pixels
// along the outline; use it for everything but comparisons with COCO.

import type { Size } from "../base/tensor.ts";
import type { Ring } from "./polygons.ts";
import type { Rle } from "./rle.ts";

const fineness = 5;

/**
 * Draws rings and joins what they cover.
 *
 * @example A square of two by two pixels
 * ```ts
 * import { cocoRingsToRle, rleAreaPx } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const ring = [[1, 1], [3, 1], [3, 3], [1, 3]].map(([x, y]) => ({ x, y }));
 * equal(rleAreaPx(cocoRingsToRle([ring], { width: 4, height: 4 })), 4);
 * ```
 */
export function cocoRingsToRle(
  rings: readonly Ring[],
  { width, height }: Size,
): Rle {
  const runs = rings.flatMap((ring) => runsOf(ring, { width, height }))
    .sort(([a], [b]) => a - b);
  const counts: number[] = [];
  let end = 0; // of what is written
  for (const [from, to] of runs) {
    if (to <= end) continue;
    if (from <= end && counts.length > 0) {
      counts[counts.length - 1] += to - end; // touches the run before
    } else counts.push(from - end, to - from);
    end = to;
  }
  if (end < width * height) counts.push(width * height - end);
  return { size: [height, width], counts };
}

/** What one ring covers, as [start, end) down the columns. */
function runsOf(
  ring: Ring,
  { width, height }: Size,
): [from: number, to: number][] {
  const turns = turnsOf(walk(ring), { width, height });
  turns.push(width * height); // an odd last run goes on to the end
  turns.sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (let i = 0; i + 1 < turns.length; i += 2) {
    if (turns[i] < turns[i + 1]) runs.push([turns[i], turns[i + 1]]);
  }
  return runs;
}

/** The outline on the fine grid, point by point. */
function walk(ring: Ring): { readonly xs: number[]; readonly ys: number[] } {
  const fine = (value: number) => Math.trunc(fineness * value + 0.5);
  const xs: number[] = [];
  const ys: number[] = [];
  for (const [i, a] of ring.entries()) {
    const b = ring[(i + 1) % ring.length];
    const x0 = fine(a.x), y0 = fine(a.y);
    const x1 = fine(b.x), y1 = fine(b.y);
    const width = Math.abs(x1 - x0), height = Math.abs(y1 - y0);
    const steps = Math.max(width, height);
    const isWide = width >= height;
    // Always drawn in the direction that rises, so that both ways agree.
    const isBackward = isWide ? x0 > x1 : y0 > y1;
    const startX = isBackward ? x1 : x0, startY = isBackward ? y1 : y0;
    const rise = steps === 0
      ? 0
      : (isBackward ? -1 : 1) * (isWide ? y1 - y0 : x1 - x0) / steps;
    for (let step = 0; step <= steps; step++) {
      const t = isBackward ? steps - step : step;
      xs.push(isWide ? startX + t : Math.trunc(startX + rise * t + 0.5));
      ys.push(isWide ? Math.trunc(startY + rise * t + 0.5) : startY + t);
    }
  }
  return { xs, ys };
}

/** Where runs begin or end: the crossings of the middle of a column. */
function turnsOf(
  { xs, ys }: { readonly xs: number[]; readonly ys: number[] },
  { width, height }: Size,
): number[] {
  const turns: number[] = [];
  for (let i = 1; i < xs.length; i++) {
    if (xs[i] === xs[i - 1]) continue;
    const left = xs[i] < xs[i - 1] ? xs[i] : xs[i] - 1;
    const x = (left + 0.5) / fineness - 0.5;
    if (!Number.isInteger(x) || x < 0 || x > width - 1) continue;
    const top = Math.min(ys[i], ys[i - 1]);
    const y = (top + 0.5) / fineness - 0.5;
    turns.push(x * height + Math.ceil(Math.min(Math.max(y, 0), height)));
  }
  return turns;
}
