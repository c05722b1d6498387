// Outlines filled into covers: how much of each pixel a polygon hides, 0 to 1.
//
// Rows are cut into four lines; along a line the cover is exact.

import { type Field, flatField } from "./field.ts";

/** A closed ring of points in pixels, x0, y0, x1, y1, …; (0, 0) is a corner. */
export type Outline = readonly number[];

const LINES = 4;

/** Adds a filled outline to a cover; `value` 0 takes it away instead. */
export function fillOutline(cover: Field, outline: Outline, value: 0 | 1 = 1) {
  const { width, height, data } = cover;
  let top = Infinity;
  let bottom = -Infinity;
  for (let k = 1; k < outline.length; k += 2) {
    top = Math.min(top, outline[k]);
    bottom = Math.max(bottom, outline[k]);
  }
  const first = Math.max(0, Math.floor(top));
  const last = Math.min(height - 1, Math.floor(bottom));
  const line = new Float32Array(width + 2);
  for (let y = first; y <= last; y++) {
    line.fill(0);
    for (let k = 0; k < LINES; k++) {
      addLine(line, width, crossings(outline, y + (k + 0.5) / LINES));
    }
    for (let x = 0, sum = 0; x < width; x++) {
      sum += line[x];
      const part = Math.min(1, Math.max(0, sum / LINES));
      const i = y * width + x;
      data[i] = value === 1
        ? Math.max(data[i], part)
        : Math.min(data[i], 1 - part);
    }
  }
}

/** A cover of one or more outlines. */
export function coverOf(
  width: number,
  height: number,
  outlines: readonly Outline[],
): Field {
  const cover = flatField(width, height);
  for (const outline of outlines) fillOutline(cover, outline);
  return cover;
}

/** Where a ring crosses a horizontal line: x with the sign of the direction. */
function crossings(outline: Outline, y: number): [number, number][] {
  const found: [number, number][] = [];
  const n = outline.length;
  for (let k = 0; k < n; k += 2) {
    const y0 = outline[k + 1];
    const y1 = outline[(k + 3) % n];
    if ((y0 <= y) === (y1 <= y)) continue;
    const x0 = outline[k];
    const x1 = outline[(k + 2) % n];
    found.push([x0 + (y - y0) * (x1 - x0) / (y1 - y0), y1 > y0 ? 1 : -1]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}

/** Adds the inside of one line as differences: what is wound around counts. */
function addLine(line: Float32Array, width: number, at: [number, number][]) {
  let winding = 0;
  for (let k = 0; k < at.length; k++) {
    const was = winding;
    winding += at[k][1];
    if (was === 0) addStep(line, width, at[k][0], 1);
    if (winding === 0) addStep(line, width, at[k][0], -1);
  }
}

/** From x on, the line is higher by `sign`; the pixel that holds x gets its share. */
function addStep(line: Float32Array, width: number, x: number, sign: number) {
  const clipped = Math.min(width, Math.max(0, x));
  const pixel = Math.floor(clipped);
  const share = 1 - (clipped - pixel);
  line[pixel] += sign * share;
  line[pixel + 1] += sign * (1 - share);
}

/** A closed curve around a centre: an ellipse with waves, turned. */
export function wavyEllipse(
  { x, y, rx, ry, turn = 0, waves = [] }: {
    x: number;
    y: number;
    rx: number;
    ry: number;
    turn?: number;
    /** Strength and phase of two waves around, of three, of four, … */
    waves?: readonly (readonly [strength: number, phase: number])[];
  },
): Outline {
  const points: number[] = [];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const count = 64;
  for (let k = 0; k < count; k++) {
    const angle = 2 * Math.PI * k / count;
    let radius = 1;
    waves.forEach(([strength, phase], n) => {
      radius += strength * Math.cos((n + 2) * angle + phase);
    });
    radius = Math.min(1.6, Math.max(0.25, radius));
    const px = radius * Math.cos(angle) * rx;
    const py = radius * Math.sin(angle) * ry;
    points.push(x + px * cos - py * sin, y + px * sin + py * cos);
  }
  return points;
}

/** A straight bar from one point to another with round ends, as thick as told at each. */
export function bar(
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  thick0Px: number,
  thick1Px: number,
): Outline {
  const along = Math.atan2(y1 - y0, x1 - x0);
  const points: number[] = [];
  for (let k = 0; k <= 8; k++) {
    const angle = along + Math.PI / 2 + Math.PI * k / 8;
    points.push(
      x0 + Math.cos(angle) * thick0Px / 2,
      y0 + Math.sin(angle) * thick0Px / 2,
    );
  }
  for (let k = 0; k <= 8; k++) {
    const angle = along - Math.PI / 2 + Math.PI * k / 8;
    points.push(
      x1 + Math.cos(angle) * thick1Px / 2,
      y1 + Math.sin(angle) * thick1Px / 2,
    );
  }
  return points;
}
