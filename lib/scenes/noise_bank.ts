// A bank of noise: fields that are made once and then cropped, turned, scaled.
//
// Sums of octaves of cubic value noise on a torus, so that a crop may start
// anywhere. A fifth is ridged, two fifths are stretched. The bank is a
// constant: it is made from a seed of its own when it is first used.

import { type Random, seededRandom } from "../base/random.ts";
import { anyAngle, happens, normal, pick, uniform, whole } from "./chance.ts";
import type { Field } from "./field.ts";

/** One square field with mean 0 and deviation 1, and its half-size version. */
type Tile = { readonly full: Float32Array; readonly half: Float32Array };

type NoiseBank = {
  readonly rough: readonly Tile[];
  readonly smooth: readonly Tile[];
  /** Independent normal numbers. */
  readonly white: Float32Array;
};

/** Pixels along one side of a tile: a power of two. */
const TILE = 256;

let bank: NoiseBank | undefined;

/** The bank, made when it is first asked for. */
export function noiseBank(): NoiseBank {
  return bank ??= makeBank(seededRandom(20_260_719));
}

/**
 * A piece of noise of mean 0 and deviation 1 of any size.
 *
 * `unit` is the length in pixels of 1/128 of the picture's side, so that a
 * larger picture shows the same things larger.
 */
export function noiseField(
  random: Random,
  width: number,
  height: number,
  { smooth = false, unit = 1, scale = 2 ** uniform(random, -1.2, 0.6) }: {
    smooth?: boolean;
    unit?: number;
    scale?: number;
  } = {},
): Field {
  const { rough, smooth: calm } = noiseBank();
  const tile = pick(random, smooth ? calm : rough);
  const pixelsPerCell = scale * unit;
  const isSmall = pixelsPerCell < 0.7;
  const side = isSmall ? TILE / 2 : TILE;
  const data = new Float32Array(width * height);
  sampleTorus(isSmall ? tile.half : tile.full, side, data, {
    width,
    height,
    step: side / TILE / pixelsPerCell,
    angle: anyAngle(random),
    x: random() * side,
    y: random() * side,
    isFlipped: happens(random, 0.5),
  });
  return { width, height, data };
}

/** Reads a turned and scaled window of a torus, bilinear. */
function sampleTorus(
  tile: Float32Array,
  side: number,
  to: Float32Array,
  { width, height, step, angle, x, y, isFlipped }: {
    width: number;
    height: number;
    step: number;
    angle: number;
    x: number;
    y: number;
    isFlipped: boolean;
  },
) {
  const mask = side - 1;
  const shift = Math.log2(side);
  const [ux, uy] = [Math.cos(angle) * step, Math.sin(angle) * step];
  const flip = isFlipped ? -1 : 1;
  // Far enough from zero that cutting off the fraction rounds down.
  const away = side * Math.ceil(2 + 2 * step * (width + height) / side);
  for (let row = 0, i = 0; row < height; row++) {
    let fx = x + away - flip * uy * row;
    let fy = y + away + flip * ux * row;
    for (let column = 0; column < width; column++, i++) {
      const x0 = fx | 0;
      const y0 = fy | 0;
      const u = fx - x0;
      const left = x0 & mask;
      const right = (x0 + 1) & mask;
      const top = (y0 & mask) << shift;
      const bottom = ((y0 + 1) & mask) << shift;
      const a = tile[top + left];
      const b = tile[bottom + left];
      const above = a + (tile[top + right] - a) * u;
      const below = b + (tile[bottom + right] - b) * u;
      to[i] = above + (below - above) * (fy - y0);
      fx += ux;
      fy += uy;
    }
  }
}

function makeBank(random: Random): NoiseBank {
  const rough = Array.from({ length: 128 }, () => roughTile(random));
  const smooth = Array.from(
    { length: 40 },
    () => tileOf(octaves(random, { cells: 2, count: 2, fade: 0.4 })),
  );
  const white = Float32Array.from(
    { length: 1 << 16 },
    () => normal(random, 0, 1),
  );
  return { rough, smooth, white };
}

function roughTile(random: Random): Tile {
  const data = octaves(random, {
    cells: whole(random, 2, 9),
    count: whole(random, 3, 6),
    fade: uniform(random, 0.35, 0.85),
    stretch: happens(random, 0.4) ? 2 ** uniform(random, -1, 1) : 1,
  });
  if (happens(random, 0.2)) {
    for (let i = 0; i < data.length; i++) data[i] = Math.abs(data[i]);
  }
  return tileOf(data);
}

/** Adds octaves of value noise, each with twice the cells of the last. */
function octaves(
  random: Random,
  { cells, count, fade, stretch = 1 }: {
    cells: number;
    count: number;
    fade: number;
    stretch?: number;
  },
): Float32Array {
  const sum = new Float32Array(TILE * TILE);
  for (let octave = 0, weight = 1; octave < count; octave++, weight *= fade) {
    const n = cells * 2 ** octave;
    if (n > TILE * 0.75) break;
    const across = Math.max(2, Math.min(TILE, Math.round(n * stretch)));
    const down = Math.max(2, Math.min(TILE, Math.round(n / stretch)));
    addOctave(sum, random, across, down, weight);
  }
  return sum;
}

/** Adds one lattice of normal numbers, spread by cubic B-splines along x, then y. */
function addOctave(
  sum: Float32Array,
  random: Random,
  across: number,
  down: number,
  weight: number,
) {
  const lattice = Float32Array.from(
    { length: across * down },
    () => normal(random, 0, weight),
  );
  const wide = new Float32Array(TILE * down);
  const horizontal = splineTable(across);
  for (let row = 0; row < down; row++) {
    for (let x = 0; x < TILE; x++) {
      let value = 0;
      for (let k = 4 * x; k < 4 * x + 4; k++) {
        value += horizontal.weights[k] *
          lattice[row * across + horizontal.places[k]];
      }
      wide[row * TILE + x] = value;
    }
  }
  const vertical = splineTable(down);
  for (let y = 0; y < TILE; y++) {
    const at = y * TILE;
    const [p0, p1, p2, p3] = vertical.places.subarray(4 * y, 4 * y + 4);
    const [w0, w1, w2, w3] = vertical.weights.subarray(4 * y, 4 * y + 4);
    for (let x = 0; x < TILE; x++) {
      sum[at + x] += w0 * wide[p0 * TILE + x] + w1 * wide[p1 * TILE + x] +
        w2 * wide[p2 * TILE + x] + w3 * wide[p3 * TILE + x];
    }
  }
}

/** For each pixel of a tile, the four cells around it and their weights. */
function splineTable(cells: number) {
  const places = new Int32Array(4 * TILE);
  const weights = new Float32Array(4 * TILE);
  for (let x = 0; x < TILE; x++) {
    const f = x * cells / TILE;
    const cell = Math.floor(f);
    const t = f - cell;
    for (let k = 0; k < 4; k++) {
      places[4 * x + k] = (cell + k - 1 + cells) % cells;
    }
    weights[4 * x] = (1 - t) ** 3 / 6;
    weights[4 * x + 1] = (3 * t ** 3 - 6 * t * t + 4) / 6;
    weights[4 * x + 2] = (-3 * t ** 3 + 3 * t * t + 3 * t + 1) / 6;
    weights[4 * x + 3] = t ** 3 / 6;
  }
  return { places, weights };
}

/** Brings a field to mean 0 and deviation 1 and adds its half-size version. */
function tileOf(full: Float32Array): Tile {
  let sum = 0;
  let squares = 0;
  for (const value of full) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / full.length;
  const gain = 1 / (Math.sqrt(squares / full.length - mean * mean) + 1e-6);
  for (let i = 0; i < full.length; i++) full[i] = (full[i] - mean) * gain;
  const side = TILE / 2;
  const half = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = 2 * y * TILE + 2 * x;
      half[y * side + x] =
        (full[at] + full[at + 1] + full[at + TILE] + full[at + TILE + 1]) / 4;
    }
  }
  return { full, half };
}
