// Light on a height field: brightness by the slope, glints where it mirrors.

import type { Random } from "../base/random.ts";
import { anyAngle, uniform } from "./chance.ts";
import { type Canvas, clamp01, type Field } from "./field.ts";

/** The direction to the light: x to the right, y down, z towards the eye. */
export type Light = readonly [x: number, y: number, z: number];

/** A light somewhere above the picture. */
export function drawLight(random: Random): Light {
  const angle = anyAngle(random);
  const tilt = uniform(random, 0, 0.7);
  return [Math.cos(angle) * tilt, Math.sin(angle) * tilt, 1];
}

/** The same light as seen by something that is turned by an angle. */
export function turnLight([x, y, z]: Light, angle: number): Light {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cos * x + sin * y, cos * y - sin * x, z];
}

/** How light falls on a surface. */
export type Shading = {
  readonly light: Light;
  /** Height in pixels of one step of the height field. */
  readonly reliefPx: number;
  /** Brightness where no light arrives, 0 to 1. */
  readonly ambient: number;
  readonly gain: number;
  /** Strength of glints, 0 for none. */
  readonly gloss: number;
  /** How narrow glints are, 30 (broad) to 200. */
  readonly sharpness: number;
};

/** Multiplies a canvas by the light that its height field catches, and adds glints. */
export function shadeCanvas(canvas: Canvas, height: Field, shading: Shading) {
  const { light, reliefPx, ambient, gain, gloss, sharpness } = shading;
  const { width, height: rows, data: h } = height;
  const { data } = canvas;
  const length = Math.hypot(...light);
  const [lx, ly, lz] = light.map((x) => x / length);
  // The eye looks from straight above: glints lie halfway between it and the light.
  const half = Math.hypot(lx, ly, lz + 1);
  const [hx, hy, hz] = [lx / half, ly / half, (lz + 1) / half];
  for (let y = 0, i = 0; y < rows; y++) {
    const up = y > 0 ? width : 0;
    const down = y + 1 < rows ? width : 0;
    for (let x = 0; x < width; x++, i++) {
      const left = x > 0 ? 1 : 0;
      const right = x + 1 < width ? 1 : 0;
      const gx = 0.5 * reliefPx * (h[i + right] - h[i - left]);
      const gy = 0.5 * reliefPx * (h[i + down] - h[i - up]);
      const scale = 1 / Math.sqrt(1 + gx * gx + gy * gy);
      const lambert = clamp01((lz - gx * lx - gy * ly) * scale);
      const bright = gain * (ambient + (1 - ambient) * lambert);
      let glint = 0;
      if (gloss > 0) {
        const mirror = (hz - gx * hx - gy * hy) * scale;
        if (mirror > 0.95) {
          glint = gloss *
            clamp01((Math.exp(sharpness * (mirror - 1)) - 0.6) * 4);
        }
      }
      const p = 3 * i;
      data[p] = data[p] * bright + glint;
      data[p + 1] = data[p + 1] * bright + glint;
      data[p + 2] = data[p + 2] * bright + glint;
    }
  }
}
