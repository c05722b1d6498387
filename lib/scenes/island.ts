// The largest connected part of a cover, and how deep each pixel lies inside.

import { type Field, flatField } from "./field.ts";

/** A cover with only its largest part; pixels touch by their sides. */
export function largestIsland({ width, height, data }: Field): Field {
  const label = new Int32Array(width * height);
  const queue = new Int32Array(width * height);
  let best = 0;
  let bestArea = 0;
  for (let start = 0, name = 0; start < data.length; start++) {
    if (data[start] <= 0.5 || label[start] !== 0) continue;
    name++;
    let end = 0;
    queue[end++] = start;
    label[start] = name;
    const visit = (i: number) => {
      if (data[i] <= 0.5 || label[i] !== 0) return;
      label[i] = name;
      queue[end++] = i;
    };
    for (let head = 0; head < end; head++) {
      const i = queue[head];
      const x = i % width;
      if (x > 0) visit(i - 1);
      if (x + 1 < width) visit(i + 1);
      if (i >= width) visit(i - width);
      if (i + width < data.length) visit(i + width);
    }
    if (end > bestArea) [best, bestArea] = [name, end];
  }
  // Half-covered pixels around the part stay with it.
  const kept = flatField(width, height);
  for (let i = 0; i < data.length; i++) {
    const isNear = label[i] === best || label[i - 1] === best ||
      label[i + 1] === best || label[i - width] === best ||
      label[i + width] === best;
    if (best > 0 && isNear && (label[i] === best || label[i] === 0)) {
      kept.data[i] = data[i];
    }
  }
  return kept;
}

/**
 * The distance in pixels from each inside pixel to the outside, 0 outside.
 *
 * Two passes with steps of 1 and 1.4 (a chamfer distance; Borgefors, 1986),
 * within a tenth of the Euclidean distance.
 */
export function depthInside({ width, height, data }: Field): Field {
  const depth = flatField(width, height);
  const d = depth.data;
  for (let i = 0; i < d.length; i++) d[i] = data[i] > 0.5 ? 1e6 : 0;
  const lower = (i: number, x: number, row: number, back: number) => {
    if (d[i] === 0) return;
    let least = d[i];
    const side = x - back >= 0 && x - back < width;
    const other = x + back >= 0 && x + back < width;
    least = Math.min(least, side ? d[i - back] + 1 : 1);
    if (row < 0) least = Math.min(least, 1);
    else {
      least = Math.min(least, d[row + x] + 1);
      least = Math.min(least, side ? d[row + x - back] + 1.4142 : 1);
      least = Math.min(least, other ? d[row + x + back] + 1.4142 : 1);
    }
    d[i] = least;
  };
  for (let y = 0; y < height; y++) {
    const row = (y - 1) * width;
    for (let x = 0; x < width; x++) lower(y * width + x, x, row, 1);
  }
  for (let y = height - 1; y >= 0; y--) {
    const row = y + 1 < height ? (y + 1) * width : -1;
    for (let x = width - 1; x >= 0; x--) lower(y * width + x, x, row, -1);
  }
  return depth;
}
