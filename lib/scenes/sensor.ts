// What lens and sensor make of the light: dark corners, blur, noise, 8 bits.

import type { RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { hash, smoothstep } from "./noise.ts";

/** Distance from the centre of the picture; above 1 is the black outside of the lens. */
export function lensRadius(x: number, y: number, aspect: number): number {
  const u = 4 * x * x;
  const v = 4 * y * y / (aspect * aspect);
  return (u * u * u + v * v * v) / 1.55;
}

/** Turns light, `[height, width, 3]`, into a picture. */
export function develop(
  light: Float32Array,
  { width, height }: Size,
  noiseSeed: number,
): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0, row = 0; row < height; row++) {
    const up = row > 0 ? -3 * width : 0;
    const down = row < height - 1 ? 3 * width : 0;
    for (let column = 0; column < width; column++, i++) {
      const x = (column + 0.5) / width - 0.5;
      const y = (row + 0.5 - height / 2) / width;
      const lens = smoothstep(1.03, 0.97, lensRadius(x, y, height / width));
      const gain = 1 - 0.5 * smoothstep(0.04, 0.46, x * x + y * y);
      const left = column > 0 ? -3 : 0;
      const right = column < width - 1 ? 3 : 0;
      const grain = 2 * lens * gaussian(noiseSeed, i) + 0.5;
      for (let k = 3 * i; k < 3 * i + 3; k++) {
        const around = light[k + left] + light[k + right] + light[k + up] +
          light[k + down];
        const value = toneOf(gain * (0.5 * light[k] + 0.125 * around));
        data[k] = Math.min(255, Math.max(0, value * lens + grain));
      }
    }
  }
  return { width, height, data };
}

/** Brightness of the picture, 0 to 255, from light, 0 to 1: a gamma of 0.85. */
function toneOf(light: number): number {
  const at = Math.min(1, Math.max(0, light)) * (TONES.length - 2);
  const lower = Math.floor(at);
  return TONES[lower] + (TONES[lower + 1] - TONES[lower]) * (at - lower);
}

const TONES = Float32Array.from(
  { length: 1026 },
  (_, i) => 255 * (i / 1024) ** 0.85,
);

/** About normally distributed: the sum of the four bytes of a hash. */
function gaussian(seed: number, i: number): number {
  const h = hash(seed, i, 5);
  const sum = (h & 255) + (h >>> 8 & 255) + (h >>> 16 & 255) + (h >>> 24);
  return (sum - 510) / 148;
}
