// Smooth noise that is the same for the same seed: the raw material of tissue.
//
// Gradient noise after Perlin, "Improving Noise" (2002), with hashed gradients
// instead of a permutation table.

/** A smooth function of the plane, about -1 to 1, with features of size 1. */
export type Noise = (x: number, y: number) => number;

/** Makes a noise function from a seed. */
export function gradientNoise(seed: number): Noise {
  return (x, y) => {
    const x0 = Math.floor(x);
    const y0 = Math.floor(y);
    const dx = x - x0;
    const dy = y - y0;
    const u = fade(dx);
    const v = fade(dy);
    const top = mix(
      slope(seed, x0, y0, dx, dy),
      slope(seed, x0 + 1, y0, dx - 1, dy),
      u,
    );
    const bottom = mix(
      slope(seed, x0, y0 + 1, dx, dy - 1),
      slope(seed, x0 + 1, y0 + 1, dx - 1, dy - 1),
      u,
    );
    return 1.4 * mix(top, bottom, v);
  };
}

/** Adds octaves of a noise, each half as strong and half as large as the last. */
export function layered(noise: Noise, octaves: number): Noise {
  return (x, y) => {
    let sum = 0;
    let strength = 1;
    let scale = 1;
    for (let i = 0; i < octaves; i++) {
      sum += strength * noise(x * scale + 17 * i, y * scale - 31 * i);
      strength /= 2;
      scale *= 2;
    }
    return sum;
  };
}

/** Rises smoothly from 0 at `from` to 1 at `to`. */
export function smoothstep(from: number, to: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Blends from a to b. */
export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** Hashes two whole numbers and a seed to 32 bits. */
export function hash(seed: number, x: number, y: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^
    Math.imul(seed + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function fade(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

/** The ramp of one lattice corner: one of 16 directions, from its hash. */
function slope(
  seed: number,
  cornerX: number,
  cornerY: number,
  dx: number,
  dy: number,
): number {
  const k = hash(seed, cornerX, cornerY) >>> 28;
  return COS[k] * dx + SIN[k] * dy;
}

const COS = Array.from({ length: 16 }, (_, k) => Math.cos(k * Math.PI / 8));
const SIN = Array.from({ length: 16 }, (_, k) => Math.sin(k * Math.PI / 8));
