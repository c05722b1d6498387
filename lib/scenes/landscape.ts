// Backgrounds with a structure: bands of sky, leaves, ground and water, or
// walls of rectangles.

import type { Random } from "../base/random.ts";
import {
  happens,
  normal,
  pick,
  pickByShare,
  uniform,
  whole,
} from "./chance.ts";
import { addClutter, paintOutline } from "./clutter.ts";
import { type Canvas, clamp01 } from "./field.ts";
import { noiseField } from "./noise_bank.ts";
import { type Colour, drawColour, shiftColour } from "./palette.ts";
import type { Look } from "./look.ts";
import { drawStyle, paintTexture } from "./texture.ts";

const BANDS = { sky: 0.2, leaves: 0.3, ground: 0.3, water: 0.2 };

/** Two to four bands from top to bottom, with uneven borders. */
export function drawLandscape(
  random: Random,
  look: Look,
  sidePx: number,
): Canvas {
  const bands = whole(random, 2, 4);
  let canvas = drawBand(random, look, sidePx);
  for (let k = 1; k < bands; k++) {
    const next = drawBand(random, look, sidePx);
    const level = (k + uniform(random, -0.4, 0.4)) / bands * sidePx;
    canvas = below(random, canvas, next, level, look.unit);
  }
  return canvas;
}

function drawBand(random: Random, look: Look, sidePx: number): Canvas {
  const kind = pickByShare(random, BANDS);
  const size = { width: sidePx, height: sidePx, unit: look.unit };
  const style = drawStyle(random, look.palette);
  const base = bandColour(random, kind, look);
  const amplitude = kind === "sky" ? style.amplitude * 0.3 : style.amplitude;
  const canvas = paintTexture(random, base, { ...style, amplitude }, size);
  if (kind === "leaves") return addClutter(random, canvas, { ...look, base });
  if (kind === "water") addRipples(random, canvas, look.unit);
  return canvas;
}

function bandColour(
  random: Random,
  kind: keyof typeof BANDS,
  { palette }: Look,
): Colour {
  if (palette !== "natural" || happens(random, 0.3)) {
    return drawColour(random, palette);
  }
  const value = uniform(random, 0.1, 0.9);
  const tint: Record<keyof typeof BANDS, Colour> = {
    sky: [-0.1, 0, 0.15],
    leaves: [-0.05, 0.08, -0.12],
    ground: [0.08, 0, -0.1],
    water: [-0.08, 0, 0.04],
  };
  return shiftColour(
    [value, value, value],
    tint[kind],
    uniform(random, 0, 1.5),
  );
}

/** Long low waves: noise that is stretched sideways. */
function addRipples(random: Random, canvas: Canvas, unit: number) {
  const { width, height, data } = canvas;
  const stretch = whole(random, 3, 8);
  const narrow = Math.ceil(width / stretch);
  const noise = noiseField(random, narrow, height, { unit });
  const strength = uniform(random, 0.02, 0.15);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const f = x / width * (narrow - 1.001);
      const k = y * narrow + (f | 0);
      const n = noise.data[k] + (noise.data[k + 1] - noise.data[k]) * (f % 1);
      for (let c = 0; c < 3; c++, p++) data[p] += strength * n;
    }
  }
}

/** The second canvas below an uneven line across the first. */
function below(
  random: Random,
  { width, height, data: above }: Canvas,
  { data: under }: Canvas,
  level: number,
  unit: number,
): Canvas {
  const noise = noiseField(random, width, height, {
    unit,
    smooth: happens(random, 0.5),
  });
  const uneven = uniform(random, 0, 0.1) * height;
  const slope = normal(random, 0, 0.1);
  const softness = happens(random, 0.7) ? 1.5 : uniform(random, 1.5, 12) * unit;
  const data = new Float32Array(above.length);
  for (let y = 0, i = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const line = level + slope * (x - width / 2) + uneven * noise.data[i];
      const t = clamp01(0.5 + (y - line) / softness);
      for (let c = 0; c < 3; c++, p++) {
        data[p] = above[p] + (under[p] - above[p]) * t;
      }
    }
  }
  return { width, height, data };
}

/** Rectangles beside and over each other, all turned alike: walls, shelves, tiles. */
export function drawWalls(
  random: Random,
  look: Look,
  sidePx: number,
): Canvas {
  const size = { width: sidePx, height: sidePx, unit: look.unit };
  const canvas = paintTexture(random, look.base, look.style, size);
  const colours = Array.from(
    { length: whole(random, 2, 5) },
    () => drawColour(random, look.palette),
  );
  const turn = happens(random, 0.5) ? 0 : uniform(random, -0.5, 0.5);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const count = whole(random, 4, 24);
  for (let k = 0; k < count; k++) {
    const [x, y] = [uniform(random, 0, sidePx), uniform(random, 0, sidePx)];
    const w = sidePx * uniform(random, 0.02, 0.5);
    const h = sidePx * uniform(random, 0.02, 0.5);
    const corners = [[-w, -h], [w, -h], [w, h], [-w, h]].flatMap(([u, v]) => [
      x + (cos * u - sin * v) / 2,
      y + (sin * u + cos * v) / 2,
    ]);
    const opacity = uniform(random, 0.3, 1);
    paintOutline(canvas, corners, pick(random, colours), opacity);
  }
  return canvas;
}
