// The wall of a colon, laid out flat once and looked at by a moving camera.
//
// Coordinates are in widths of the picture, (0, 0) its centre. Folds are arcs
// around a dark lumen: towards it each one rises slowly to a bright crest and
// drops into its own shadow.

import type { Size } from "../base/tensor.ts";
import { gradientNoise, layered, mix, smoothstep } from "./noise.ts";
import { drawVessels } from "./vessels.ts";

/** The mapped part of the wall reaches this far from the centre. */
const REACH = { x: 0.78, y: 0.66 };

/** Where the lumen is. */
const LUMEN = { x: -0.2, y: -0.15 };

/** What a place of the wall is like, as {@link Wall} writes it into an array. */
export const WALL = {
  red: 0,
  green: 1,
  blue: 2,
  slopeX: 3,
  slopeY: 4,
  light: 5,
  wet: 6,
};

/** The number of values that describe a place. */
export const WALL_CHANNELS = 7;

/** Writes what the wall is like at a place into `out`, see {@link WALL}. */
export type Wall = (x: number, y: number, out: Float32Array) => void;

/** Builds the wall from a seed, detailed enough for pictures of this width. */
export function buildWall(seed: number, widthPx: number): Wall {
  const pxPerUnit = widthPx * 1.1;
  const size = {
    width: Math.ceil(2 * REACH.x * pxPerUnit),
    height: Math.ceil(2 * REACH.y * pxPerUnit),
  };
  const map = paintWall(size, seed, pxPerUnit);
  return (x, y, out) =>
    sample(map, size, {
      x: (x + REACH.x) * pxPerUnit,
      y: (y + REACH.y) * pxPerUnit,
    }, out);
}

function paintWall(size: Size, seed: number, pxPerUnit: number): Float32Array {
  const { width, height } = size;
  const bend = gradientNoise(seed + 1);
  const tint = layered(gradientNoise(seed + 2), 4);
  const grain = layered(gradientNoise(seed + 3), 3);
  const bumps = layered(gradientNoise(seed + 4), 3);
  const vessels = drawVessels(size, { seed: seed + 5, pxPerUnit });
  const relief = new Float32Array(width * height);
  const map = new Float32Array(width * height * WALL_CHANNELS);

  for (let i = 0, row = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      const x = column / pxPerUnit - REACH.x;
      const y = row / pxPerUnit - REACH.y;
      const fold = foldAt(x, y, bend);
      relief[i] = fold.height + 0.0058 * bumps(x * 9, y * 9) +
        0.0007 * grain(x * 55, y * 55);

      const redness = 0.5 * tint(x * 3, y * 3) + 0.12 * grain(x * 38, y * 38);
      const vessel = vessels[i] * smoothstep(-0.8, 0.1, bend(x * 4 + 9, y * 4));
      const deep = fold.depth;
      const at = i * WALL_CHANNELS;
      map[at + WALL.red] = mix(0.93, 0.72, deep) * (1 + 0.06 * redness) *
        (1 - 0.26 * vessel);
      map[at + WALL.green] = mix(0.5, 0.26, deep) * (1 - 0.2 * redness) *
        (1 - 0.62 * vessel);
      map[at + WALL.blue] = mix(0.42, 0.19, deep) * (1 - 0.22 * redness) *
        (1 - 0.5 * vessel);
      map[at + WALL.light] = fold.light;
      map[at + WALL.wet] = smoothstep(-0.35, 0.5, bend(x * 7 - 4, y * 7 + 2));
    }
  }
  writeSlopes(map, relief, size, pxPerUnit);
  return map;
}

/** Height, light and depth of the folds around the lumen. */
function foldAt(x: number, y: number, bend: (x: number, y: number) => number) {
  const dx = x - LUMEN.x + 0.06 * bend(x * 2.6, y * 2.6);
  const dy = (y - LUMEN.y) * 1.12 + 0.06 * bend(x * 2.6 + 40, y * 2.6);
  const radius = Math.hypot(dx, dy) + 1e-6;
  // Nearer to the lumen the wall is farther away, so folds crowd together.
  const phase = 2.05 * Math.log(radius / 0.055) +
    0.55 * bend(x * 2.2 + 7, y * 2.2 - 3);
  const p = phase - Math.floor(phase); // 0 at a crest, towards 1 just before the next
  const strength = smoothstep(
    -0.75,
    0.35,
    bend(dx / radius * 1.3 + 20, dy / radius * 1.3 + Math.floor(phase) * 3.7),
  ) *
    smoothstep(0.9, 0.42, radius);
  const crest = smoothstep(0, 0.3, p) * (1 - p) ** 1.3; // steep on the lumen's side
  const shadow = smoothstep(1, 0.35, p);
  const depth = smoothstep(0.34, 0.05, radius);
  const hole = smoothstep(0.035, 0.11, radius);
  const light = mix(1, 0.55 + 0.53 * shadow, strength) *
    mix(1, 0.3, depth) * mix(0.06, 1, hole);
  return {
    height: 0.043 * strength * crest * Math.min(1, radius / 0.25),
    light,
    depth,
  };
}

function writeSlopes(
  map: Float32Array,
  relief: Float32Array,
  { width, height }: Size,
  pxPerUnit: number,
) {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * WALL_CHANNELS;
      const row = y * width;
      const left = relief[row + Math.max(0, x - 1)];
      const right = relief[row + Math.min(width - 1, x + 1)];
      const up = relief[Math.max(0, y - 1) * width + x];
      const down = relief[Math.min(height - 1, y + 1) * width + x];
      map[at + WALL.slopeX] = (right - left) * pxPerUnit / 2;
      map[at + WALL.slopeY] = (down - up) * pxPerUnit / 2;
    }
  }
}

/** Blends the four places around a point of the map. */
function sample(
  map: Float32Array,
  { width, height }: Size,
  { x, y }: { x: number; y: number },
  out: Float32Array,
) {
  const cx = Math.min(width - 1.001, Math.max(0, x));
  const cy = Math.min(height - 1.001, Math.max(0, y));
  const x0 = Math.floor(cx);
  const y0 = Math.floor(cy);
  const u = cx - x0;
  const v = cy - y0;
  const at = (y0 * width + x0) * WALL_CHANNELS;
  const below = at + width * WALL_CHANNELS;
  for (let c = 0; c < WALL_CHANNELS; c++) {
    const top = map[at + c] * (1 - u) + map[at + WALL_CHANNELS + c] * u;
    const bottom = map[below + c] * (1 - u) +
      map[below + WALL_CHANNELS + c] * u;
    out[c] = top * (1 - v) + bottom * v;
  }
}
