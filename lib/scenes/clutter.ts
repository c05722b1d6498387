// Many small shapes over a background: leaves, stones, debris, none of them an object.

import type { Random } from "../base/random.ts";
import {
  anyAngle,
  happens,
  logUniform,
  normal,
  pick,
  uniform,
  whole,
} from "./chance.ts";
import { blur, type Canvas, type Field } from "./field.ts";
import { noiseField } from "./noise_bank.ts";
import { coverOf, type Outline, wavyEllipse } from "./outline.ts";
import { type Colour, drawColour, mixColour } from "./palette.ts";
import type { Look } from "./look.ts";
import { drawPalette } from "./texture.ts";

/** A canvas with clutter over all of it or over a part. */
export function addClutter(random: Random, canvas: Canvas, look: Look): Canvas {
  const { width, height } = canvas;
  let layer: Canvas = { ...canvas, data: canvas.data.slice() };
  const count = Math.round(logUniform(random, 6, 160));
  const least = width * uniform(random, 0.008, 0.03);
  const most = width * uniform(random, 0.04, 0.3);
  const colours = Array.from(
    { length: whole(random, 2, 5) },
    () =>
      drawColour(
        random,
        happens(random, 0.7) ? look.palette : drawPalette(random),
      ),
  );
  const closeness = random();
  for (let k = 0; k < count; k++) {
    const size = least * (most / least) ** (random() ** 2);
    const base = mixColour(look.base, pick(random, colours), closeness);
    const bright = normal(random, 0, 0.1);
    const colour: Colour = [
      base[0] + bright + normal(random, 0, 0.02),
      base[1] + bright + normal(random, 0, 0.02),
      base[2] + bright + normal(random, 0, 0.02),
    ];
    paintOutline(layer, drawPiece(random, width, height, size), colour);
  }
  if (happens(random, 0.6)) {
    layer = blur(layer, uniform(random, 0.4, 2.5) * Math.max(1, look.unit));
  }
  const rough = happens(random, 0.6) ? uniform(random, 0.02, 0.2) : 0;
  return blend(random, canvas, layer, { rough, unit: look.unit });
}

function drawPiece(
  random: Random,
  width: number,
  height: number,
  size: number,
): Outline {
  const x = uniform(random, 0, width);
  const y = uniform(random, 0, height);
  if (happens(random, 0.6)) {
    return wavyEllipse({
      x,
      y,
      rx: Math.max(1, size),
      ry: Math.max(1, size * uniform(random, 0.2, 1)),
      turn: uniform(random, 0, Math.PI),
    });
  }
  return Array.from({ length: whole(random, 3, 6) }, () => anyAngle(random))
    .sort((a, b) => a - b)
    .flatMap((
      angle,
    ) => [x + size * Math.cos(angle), y + size * Math.sin(angle)]);
}

/** Paints a filled outline; only the square around it is touched. */
export function paintOutline(
  { width, height, data }: Canvas,
  outline: Outline,
  colour: Colour,
  opacity = 1,
) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let k = 0; k < outline.length; k += 2) {
    left = Math.min(left, Math.floor(outline[k]));
    right = Math.max(right, Math.ceil(outline[k]));
    top = Math.min(top, Math.floor(outline[k + 1]));
    bottom = Math.max(bottom, Math.ceil(outline[k + 1]));
  }
  [left, top] = [Math.max(0, left), Math.max(0, top)];
  [right, bottom] = [Math.min(width, right), Math.min(height, bottom)];
  if (right <= left || bottom <= top) return;
  const moved = outline.map((v, k) => k % 2 === 0 ? v - left : v - top);
  const cover = coverOf(right - left, bottom - top, [moved]);
  for (let y = top, i = 0; y < bottom; y++) {
    for (let x = left; x < right; x++, i++) {
      const a = cover.data[i] * opacity;
      const p = 3 * (y * width + x);
      for (let c = 0; c < 3; c++) data[p + c] += (colour[c] - data[p + c]) * a;
    }
  }
}

function blend(
  random: Random,
  { width, height, data: below }: Canvas,
  { data: above }: Canvas,
  { rough, unit }: { rough: number; unit: number },
): Canvas {
  const texture = noiseField(random, width, height, { unit });
  const opacity = uniform(random, 0.3, 1);
  const region = happens(random, 0.5)
    ? drawRegion(random, width, height, unit)
    : undefined;
  const data = new Float32Array(below.length);
  for (let i = 0, p = 0; p < data.length; i++) {
    const a = opacity * (region ? region.data[i] : 1);
    const bright = 1 + rough * texture.data[i];
    for (let c = 0; c < 3; c++, p++) {
      data[p] = below[p] + (above[p] * bright - below[p]) * a;
    }
  }
  return { width, height, data };
}

/** A calm noise cut at a level: 1 in some large part of the picture. */
function drawRegion(
  random: Random,
  width: number,
  height: number,
  unit: number,
): Field {
  const noise = noiseField(random, width, height, { unit, smooth: true });
  const level = uniform(random, -1.5, 0.3);
  const data = noise.data.map((n) => n > level ? 1 : 0);
  return blur({ width, height, data }, Math.max(1, unit));
}
