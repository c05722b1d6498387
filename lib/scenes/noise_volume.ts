// Noise in space: fields of 64³ on a torus, made once and then read anywhere.

import { type Random, seededRandom } from "../base/random.ts";
import { normal } from "./chance.ts";

/** Cells along one side: a power of two. */
const SIDE = 64;
const SHIFT = 6;
const MASK = SIDE - 1;

/** A field in space with mean 0 and deviation 1 that repeats after 64 cells. */
export type NoiseVolume = Float32Array;

type VolumeBank = {
  readonly rough: readonly NoiseVolume[];
  readonly smooth: readonly NoiseVolume[];
};

let bank: VolumeBank | undefined;

/** The fields, made when they are first asked for. */
export function noiseVolumes(): VolumeBank {
  if (bank) return bank;
  const random = seededRandom(20_260_720);
  const make = (cells: number, octaves: number, fade: number) =>
    octavesOf(random, cells, octaves, fade);
  return bank = {
    rough: [
      make(4, 4, 0.5),
      make(8, 3, 0.6),
      make(8, 3, 0.8),
      make(16, 2, 0.7),
      make(32, 1, 1),
    ],
    smooth: [make(2, 2, 0.4), make(3, 2, 0.4), make(4, 2, 0.3), make(4, 1, 1)],
  };
}

/** The value between the cells around a point, in cells. */
export function volumeAt(
  field: NoiseVolume,
  x: number,
  y: number,
  z: number,
): number {
  // Far enough from zero that cutting off the fraction rounds down.
  x += 4096;
  y += 4096;
  z += 4096;
  const x0 = x | 0;
  const y0 = y | 0;
  const z0 = z | 0;
  const u = x - x0;
  const v = y - y0;
  const left = x0 & MASK;
  const right = (x0 + 1) & MASK;
  const top = (y0 & MASK) << SHIFT;
  const bottom = ((y0 + 1) & MASK) << SHIFT;
  const front = (z0 & MASK) << (2 * SHIFT);
  const back = ((z0 + 1) & MASK) << (2 * SHIFT);
  const near = square(field, front, left, right, top, bottom, u, v);
  const far = square(field, back, left, right, top, bottom, u, v);
  return near + (far - near) * (z - z0);
}

function square(
  field: NoiseVolume,
  plane: number,
  left: number,
  right: number,
  top: number,
  bottom: number,
  u: number,
  v: number,
): number {
  const a = field[plane + top + left];
  const b = field[plane + bottom + left];
  const above = a + (field[plane + top + right] - a) * u;
  const below = b + (field[plane + bottom + right] - b) * u;
  return above + (below - above) * v;
}

/** Adds octaves of value noise and brings the sum to mean 0 and deviation 1. */
function octavesOf(
  random: Random,
  cells: number,
  octaves: number,
  fade: number,
): NoiseVolume {
  const sum = new Float32Array(SIDE ** 3);
  for (let k = 0, weight = 1; k < octaves; k++, weight *= fade) {
    const n = cells * 2 ** k;
    const lattice = Float32Array.from(
      { length: n ** 3 },
      () => normal(random, 0, weight),
    );
    addLattice(sum, lattice, n);
  }
  let squares = 0;
  let mean = 0;
  for (const value of sum) mean += value / sum.length;
  for (const value of sum) squares += (value - mean) ** 2 / sum.length;
  const gain = 1 / Math.sqrt(squares);
  return sum.map((value) => (value - mean) * gain);
}

/** Adds a coarse lattice, eased between its points, axis by axis. */
function addLattice(sum: Float32Array, lattice: Float32Array, n: number) {
  let values = lattice;
  // The last axis is spread each time and becomes the first: three turns.
  for (let turn = 0, rest = n * n; turn < 3; turn++) {
    const spread = new Float32Array(rest * SIDE);
    for (let row = 0; row < rest; row++) {
      for (let x = 0; x < SIDE; x++) {
        const f = x * n / SIDE;
        const x0 = Math.floor(f);
        const t = f - x0;
        const ease = t * t * (3 - 2 * t);
        const a = values[row * n + x0];
        const b = values[row * n + (x0 + 1) % n];
        spread[x * rest + row] = a + (b - a) * ease;
      }
    }
    values = spread;
    rest = rest * SIDE / n;
  }
  for (let i = 0; i < sum.length; i++) sum[i] += values[i];
}
