// Slices of a volume as frames: noise of the scanner at the volume's own
// resolution, a slow change of brightness across the picture, a window.

import type { Random } from "../base/random.ts";
import { develop, type Development, drawDevelopment } from "./after_effects.ts";
import { happens, logUniform, normal, uniform } from "./chance.ts";
import { blur, type Field, resizeField } from "./field.ts";
import type { Film } from "./film.ts";
import { noiseBank } from "./noise_bank.ts";
import type { SceneImage } from "./scene_object.ts";
import type { Extent } from "./stage.ts";
import { drawVolume, strongestCover, type Volume } from "./volume.ts";

/** How one volume is shown. */
type Scanner = {
  readonly development: Development;
  /** Deviation of the noise in each point of the volume. */
  readonly noise: number;
  /** Magnetic resonance shows magnitudes: no value is below zero. */
  readonly isMagnitude: boolean;
  readonly blurPx: number;
  readonly low: number;
  readonly high: number;
  readonly isBlocky: boolean;
};

/** Draws a volume and how it is sliced and shown. */
export function drawVolumeFilm(random: Random, extent: Extent): Film {
  const { sidePx, frames } = extent;
  const volume = drawVolume(random, sidePx, frames);
  const scanner = drawScanner(random, sidePx);
  return {
    objects: volume.objects,
    frame: (time) => showSlice(random, volume, scanner, { sidePx, time }),
  };
}

function drawScanner(random: Random, sidePx: number): Scanner {
  const plan = drawDevelopment(random, { palette: "grey", sidePx, frames: 1 });
  const isWindowed = happens(random, 0.5);
  const middle = uniform(random, 0.35, 0.65);
  const width = logUniform(random, 0.3, 1);
  return {
    development: {
      ...plan,
      gain: [1, 1, 1],
      gamma: Math.exp(normal(random, 0, 0.2)),
      glints: [],
      isGrey: true,
      blurPx: happens(random, 0.15) ? plan.blurPx : 0,
      motionBlur: undefined,
      noise: happens(random, 0.2) ? plan.noise * 0.4 : 0,
      border: undefined,
    },
    noise: happens(random, 0.75) ? logUniform(random, 0.005, 0.08) : 0,
    isMagnitude: happens(random, 0.5),
    blurPx: happens(random, 0.4) ? uniform(random, 0.2, 0.9) : 0,
    low: isWindowed ? middle - width / 2 : 0,
    high: isWindowed ? middle + width / 2 : uniform(random, 0.8, 1.1),
    isBlocky: happens(random, 0.2),
  };
}

function showSlice(
  random: Random,
  { z0, step, slice }: Volume,
  scanner: Scanner,
  { sidePx, time }: { sidePx: number; time: number },
): SceneImage {
  const size = { width: sidePx, height: sidePx };
  const { grey, covers } = slice(z0 + step * time);
  const scanned = scan(random, grey, scanner);
  const enlarge = (field: Field) =>
    scanner.isBlocky
      ? repeatPoints(field, sidePx)
      : resizeField(field, sidePx, sidePx);
  const shown = enlarge(scanned);
  const canvas = { ...size, data: new Float32Array(sidePx * sidePx * 3) };
  shown.data.forEach((value, i) => canvas.data.fill(value, 3 * i, 3 * i + 3));
  return {
    image: {
      ...size,
      data: develop(random, canvas, scanner.development, time),
    },
    identities: { ...size, data: strongestCover(covers.map(enlarge)) },
  };
}

/** Noise, blur and window at the volume's own resolution. */
function scan(random: Random, grey: Field, scanner: Scanner): Field {
  const { noise, isMagnitude, low, high } = scanner;
  const { white } = noiseBank();
  const last = white.length - 1;
  let at = Math.floor(random() * white.length);
  const noisy = grey.data.map((value) => {
    if (noise === 0) return value;
    const real = value + noise * white[++at & last];
    return isMagnitude ? Math.hypot(real, noise * white[++at & last]) : real;
  });
  const field = { ...grey, data: noisy };
  const soft = scanner.blurPx > 0 ? blur(field, scanner.blurPx) : field;
  return { ...grey, data: soft.data.map((v) => (v - low) / (high - low)) };
}

/** Each point as a square, without blending. */
function repeatPoints({ width, data }: Field, sidePx: number): Field {
  const large = new Float32Array(sidePx * sidePx);
  for (let y = 0, i = 0; y < sidePx; y++) {
    const row = Math.floor((y + 0.5) * width / sidePx) * width;
    for (let x = 0; x < sidePx; x++, i++) {
      large[i] = data[row + Math.floor((x + 0.5) * width / sidePx)];
    }
  }
  return { width: sidePx, height: sidePx, data: large };
}
