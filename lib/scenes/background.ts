// What lies behind the things: a texture with relief, a dark opening, clutter.

import type { Random } from "../base/random.ts";
import { anyAngle, happens, uniform } from "./chance.ts";
import { addClutter } from "./clutter.ts";
import { blur, type Canvas } from "./field.ts";
import { shadeCanvas } from "./light.ts";
import { noiseField } from "./noise_bank.ts";
import type { Look } from "./look.ts";
import { paintTexture } from "./texture.ts";

/** Paints a square background. */
export function drawBackground(
  random: Random,
  look: Look,
  sidePx: number,
): Canvas {
  const { unit } = look;
  const size = { width: sidePx, height: sidePx, unit };
  let canvas = paintTexture(random, look.base, look.style, size);
  const isTissue = look.palette === "endoscopic";
  if (happens(random, isTissue ? 0.6 : 0.25)) shadeRelief(random, canvas, look);
  if (happens(random, 0.2)) darkenOpening(random, canvas, unit);
  if (happens(random, 0.3)) canvas = addClutter(random, canvas, look);
  if (happens(random, 0.12)) scale(canvas, uniform(random, 0.15, 0.5));
  return canvas;
}

/** Lights a calm noise, or its ridges, as hills. */
export function shadeRelief(random: Random, canvas: Canvas, look: Look) {
  const { width, height } = canvas;
  const { unit } = look;
  const hills = noiseField(random, width, height, { unit, smooth: true });
  if (happens(random, 0.5)) {
    const { data } = hills;
    for (let i = 0; i < data.length; i++) data[i] = -1.5 * Math.abs(data[i]);
  }
  shadeCanvas(canvas, blur(hills, 1.5 * unit), {
    light: look.light,
    reliefPx: 128 * unit * uniform(random, 0.03, 0.2),
    ambient: uniform(random, 0.1, 0.6),
    gain: 1.15,
    gloss: happens(random, look.wetness * 0.5) ? uniform(random, 0.3, 1) : 0,
    sharpness: uniform(random, 30, 200),
  });
}

/** Darkens around a point, as into a hole. */
export function darkenOpening(random: Random, canvas: Canvas, unit: number) {
  const { width, height, data } = canvas;
  const x0 = uniform(random, 0, width);
  const y0 = uniform(random, 0, height);
  const radius = 128 * unit * uniform(random, 0.15, 0.5);
  const squeeze = uniform(random, 0.7, 1.4);
  const turn = anyAngle(random);
  const depth = uniform(random, 0.5, 0.95);
  const [cos, sin] = [Math.cos(turn) / radius, Math.sin(turn) / radius];
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p += 3) {
      const u = cos * (x - x0) + sin * (y - y0);
      const v = (cos * (y - y0) - sin * (x - x0)) * squeeze;
      const keep = 1 - depth * Math.exp(-1.5 * (u * u + v * v));
      data[p] *= keep;
      data[p + 1] *= keep;
      data[p + 2] *= keep;
    }
  }
}

/** Multiplies all colours. */
export function scale({ data }: Canvas, factor: number) {
  for (let i = 0; i < data.length; i++) data[i] *= factor;
}
