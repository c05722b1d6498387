// Textures: a base colour that noise moves along two directions of colour, and
// a pattern over it: stripes, spots, vessels, steps, a second texture, checks.

import type { Random } from "../base/random.ts";
import {
  anyAngle,
  happens,
  logUniform,
  pickByShare,
  uniform,
} from "./chance.ts";
import { type Canvas, clamp01, type Field } from "./field.ts";
import { noiseBank, noiseField } from "./noise_bank.ts";
import {
  type Colour,
  drawAxis,
  drawColour,
  type Palette,
  PALETTE_SHARES,
} from "./palette.ts";

const PATTERN_SHARES = {
  none: 0.46,
  stripes: 0.1,
  spots: 0.12,
  vessels: 0.14,
  steps: 0.05,
  patch: 0.1,
  checks: 0.03,
};

/** What a texture looks like wherever it is painted. */
export type TextureStyle = {
  readonly palette: Palette;
  /** How far the noise moves the colours; 1 is from black to white. */
  readonly amplitude: number;
  readonly axis: Colour;
  readonly secondAxis: Colour;
  /** Deviation of independent noise in each pixel. */
  readonly grain: number;
  readonly pattern: keyof typeof PATTERN_SHARES;
};

/** Draws a style for a palette. */
export function drawStyle(random: Random, palette: Palette): TextureStyle {
  const pattern = pickByShare(random, PATTERN_SHARES);
  return {
    palette,
    amplitude: logUniform(random, 0.012, 0.22),
    axis: drawAxis(random, palette),
    secondAxis: drawAxis(random, palette),
    grain: happens(random, 0.4) ? uniform(random, 0, 0.05) : 0,
    pattern: pattern === "checks" && palette === "endoscopic"
      ? "vessels"
      : pattern,
  };
}

/** Any palette, as often as the shares say. */
export function drawPalette(random: Random): Palette {
  return pickByShare(random, PALETTE_SHARES);
}

/** Where a texture is painted; `unit` is 1/128 of the picture's side in pixels. */
export type TextureSize = {
  readonly width: number;
  readonly height: number;
  readonly unit: number;
};

/** Paints a texture; another call with the same style gives another piece of it. */
export function paintTexture(
  random: Random,
  base: Colour,
  style: TextureStyle,
  { width, height, unit }: TextureSize,
): Canvas {
  const coarse = noiseField(random, width, height, { unit });
  const calm = noiseField(random, width, height, { unit, smooth: true });
  const data = new Float32Array(width * height * 3);
  const canvas = { width, height, data };
  const { amplitude, axis, secondAxis } = style;
  for (let i = 0, p = 0; i < coarse.data.length; i++, p += 3) {
    const a = amplitude * coarse.data[i];
    const b = 0.8 * amplitude * calm.data[i];
    data[p] = base[0] + a * axis[0] + b * secondAxis[0];
    data[p + 1] = base[1] + a * axis[1] + b * secondAxis[1];
    data[p + 2] = base[2] + a * axis[2] + b * secondAxis[2];
  }
  paintPattern(random, canvas, style, { coarse, calm, unit });
  if (style.grain > 0) addGrain(random, canvas, style.grain);
  return canvas;
}

type Ground = {
  readonly coarse: Field;
  readonly calm: Field;
  readonly unit: number;
};

function paintPattern(
  random: Random,
  canvas: Canvas,
  style: TextureStyle,
  ground: Ground,
) {
  const axis = style.secondAxis;
  switch (style.pattern) {
    case "none":
      return;
    case "stripes":
      return addAlong(canvas, stripes(random, canvas, ground), axis);
    case "checks":
      return addAlong(canvas, checks(random, canvas, ground), axis);
    case "spots":
      return addAlong(canvas, spots(random, canvas, ground), axis);
    case "vessels":
      return paintVessels(random, canvas, style.palette, ground.unit);
    case "steps": {
      const steps = uniform(random, 1, 4);
      const stairs = ground.coarse.data.map((n) =>
        0.12 * Math.floor(n * steps) / steps
      );
      return addAlong(canvas, stairs, style.axis);
    }
    case "patch":
      return paintPatch(random, canvas, style, ground);
  }
}

/** Waves in one direction, bent by the calm noise. */
function stripes(random: Random, { width }: Canvas, { calm, unit }: Ground) {
  const angle = anyAngle(random);
  const k = 2 * Math.PI / (128 * unit * 2 ** uniform(random, -5, -2));
  const [kx, ky] = [k * Math.cos(angle), k * Math.sin(angle)];
  const bend = uniform(random, 0, 3);
  const strength = uniform(random, 0.03, 0.2);
  return calm.data.map((n, i) =>
    strength * Math.sin(
      kx * (i % width) + ky * Math.floor(i / width) +
        bend * n,
    )
  );
}

/** Squares that take turns, as on a board, a bit turned. */
function checks(random: Random, { width }: Canvas, { calm, unit }: Ground) {
  const angle = anyAngle(random);
  const k = Math.PI / (unit * logUniform(random, 3, 16));
  const [cos, sin] = [Math.cos(angle) * k, Math.sin(angle) * k];
  const strength = uniform(random, 0.04, 0.25);
  const bend = happens(random, 0.5) ? uniform(random, 0, 0.8) : 0;
  return calm.data.map((n, i) => {
    const x = i % width;
    const y = Math.floor(i / width);
    const wave = Math.sin(cos * x + sin * y + bend * n) *
      Math.sin(cos * y - sin * x + bend * n);
    return wave > 0 ? strength : -strength;
  });
}

function spots(random: Random, { width, height }: Canvas, { unit }: Ground) {
  const noise = noiseField(random, width, height, { unit });
  const least = uniform(random, 0.6, 1.6);
  const strength = uniform(random, -0.35, 0.35);
  return noise.data.map((n) => strength * clamp01((n - least) * 6));
}

function addAlong(canvas: Canvas, amounts: Float32Array, axis: Colour) {
  const { data } = canvas;
  for (let i = 0, p = 0; i < amounts.length; i++, p += 3) {
    data[p] += amounts[i] * axis[0];
    data[p + 1] += amounts[i] * axis[1];
    data[p + 2] += amounts[i] * axis[2];
  }
}

/** Darkens (rarely brightens) the valleys of a noise: a net of vessels. */
export function paintVessels(
  random: Random,
  canvas: Canvas,
  palette: Palette,
  unit: number,
) {
  const { width, height } = canvas;
  const noise = noiseField(random, width, height, { unit });
  const reach = uniform(random, 0.05, 0.2);
  const strength = uniform(random, 0.08, 0.35) *
    (happens(random, 0.85) ? -1 : 1);
  const [r, g, b] = drawAxis(random, palette).map((x) => Math.abs(x) / 1.7);
  // Blood swallows green and blue.
  const axis: Colour = palette === "endoscopic" ? [0.2, 1, 0.9] : [r, g, b];
  const amounts = noise.data.map((n) =>
    strength * clamp01(1 - Math.abs(n) / reach)
  );
  addAlong(canvas, amounts, axis);
}

/** Puts a second colour where a calm noise is high, with a soft or hard edge. */
function paintPatch(
  random: Random,
  { width, height, data }: Canvas,
  style: TextureStyle,
  { coarse, unit }: Ground,
) {
  const noise = noiseField(random, width, height, { unit, smooth: true });
  const hardness = uniform(random, 1, 25);
  const other = drawColour(
    random,
    happens(random, 0.7) ? style.palette : drawPalette(random),
  );
  for (let i = 0, p = 0; i < noise.data.length; i++, p += 3) {
    const t = clamp01(0.5 + noise.data[i] * hardness * 0.25);
    const a = style.amplitude * coarse.data[i];
    for (let c = 0; c < 3; c++) {
      const to = other[c] + a * style.axis[c];
      data[p + c] += (to - data[p + c]) * t;
    }
  }
}

/** Adds independent noise, the same in all three colours. */
function addGrain(random: Random, { data }: Canvas, deviation: number) {
  const { white } = noiseBank();
  let at = Math.floor(random() * white.length);
  const last = white.length - 1;
  for (let p = 0; p < data.length; p += 3) {
    at = (at + 1) & last;
    const n = white[at] * deviation;
    data[p] += n;
    data[p + 1] += n;
    data[p + 2] += n;
  }
}
