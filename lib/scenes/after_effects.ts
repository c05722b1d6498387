// What lens, light source and sensor do to a finished picture: vignette,
// slanted light, gain, white balance, glints and bubbles on top, blur, motion
// blur, gamma, noise, a black border, compression, loss of colour.

import type { Random } from "../base/random.ts";
import { drawBorder } from "./border.ts";
import { anyAngle, happens, logUniform, normal, uniform } from "./chance.ts";
import { compressImage } from "./compression.ts";
import {
  blur,
  type Canvas,
  clamp01,
  type Field,
  resizeField,
} from "./field.ts";
import { drawGlints, type Glint, paintGlint } from "./glints.ts";
import { noiseBank } from "./noise_bank.ts";
import type { Palette } from "./palette.ts";
import { type Probe, scanUltrasound } from "./ultrasound.ts";

/** How the pictures of one clip are developed. */
export type Development = {
  /** Brightness per pixel. */
  readonly field: Field;
  readonly gain: readonly [red: number, green: number, blue: number];
  /** Deviation of the logarithm of the light from frame to frame. */
  readonly flicker: number;
  /** Change of the logarithm of the exposure per frame. */
  readonly exposure: number;
  readonly gamma: number;
  readonly glints: readonly Glint[];
  readonly isGrey: boolean;
  readonly blurPx: number;
  readonly motionBlur?: { readonly lengthPx: number; readonly angle: number };
  readonly noise: number;
  /** 1 where the picture is seen. */
  readonly border?: Field;
  readonly quality?: number;
  /** How many times fewer pixels along a side the sensor has than the picture. */
  readonly coarseness?: number;
  /** Seen by sound instead of light. */
  readonly probe?: Probe;
};

/** Draws how a clip is developed. */
export function drawDevelopment(
  random: Random,
  { palette, sidePx, frames }: {
    palette: Palette;
    sidePx: number;
    frames: number;
  },
): Development {
  const isTissue = palette === "endoscopic";
  const unit = sidePx / 128;
  const base = Math.exp(normal(random, 0.05, 0.15));
  const balance = () => base * Math.exp(normal(random, 0, 0.05));
  return {
    field: drawLightField(random, sidePx),
    gain: [balance(), balance(), balance()],
    flicker: frames > 1 ? 0.04 : 0,
    exposure: frames > 1 && happens(random, 0.25) ? normal(random, 0, 0.04) : 0,
    gamma: Math.exp(normal(random, 0, 0.2)),
    glints: drawGlints(random, sidePx, isTissue),
    isGrey: happens(random, 0.12),
    blurPx: happens(random, 0.4) ? unit * uniform(random, 0.3, 1.16) : 0,
    motionBlur: happens(random, 0.12)
      ? { lengthPx: unit * uniform(random, 2, 6.4), angle: anyAngle(random) }
      : undefined,
    noise: happens(random, 0.6) ? uniform(random, 0.005, 0.06) : 0,
    border: happens(random, isTissue ? 0.35 : 0.03)
      ? drawBorder(random, sidePx)
      : undefined,
    quality: happens(random, 0.3) ? uniform(random, 25, 95) : undefined,
    coarseness: happens(random, 0.15) ? logUniform(random, 1.3, 4) : undefined,
  };
}

/** Turns a canvas into bytes as the development says; takes its own random numbers for noise. */
export function develop(
  random: Random,
  canvas: Canvas,
  plan: Development,
  time: number,
): Uint8Array {
  const { width, height } = canvas;
  light(random, canvas, plan, time);
  if (plan.probe) scanUltrasound(random, canvas, plan.probe);
  for (const glint of plan.glints) {
    const shake = time === 0 ? 0 : width * 0.01;
    paintGlint(canvas, {
      ...glint,
      x: glint.x + normal(random, 0, shake),
      y: glint.y + normal(random, 0, shake),
    });
  }
  if (plan.isGrey) loseColour(canvas);
  let picture = canvas;
  if (plan.blurPx > 0) picture = blur(picture, plan.blurPx);
  if (plan.motionBlur) picture = smear(picture, plan.motionBlur);
  const bytes = plan.coarseness
    ? coarseBytes(random, picture, plan, plan.coarseness)
    : toBytes(random, picture, plan);
  if (plan.quality) compressImage(bytes, width, height, plan.quality);
  return bytes;
}

/** Vignette and slanted light. */
function drawLightField(random: Random, side: number): Field {
  const cx = uniform(random, 0.3, 0.7);
  const cy = uniform(random, 0.3, 0.7);
  const vignette = happens(random, 0.6) ? uniform(random, 0, 0.9) : 0;
  const isSlanted = happens(random, 0.5);
  const [sx, sy] = [0, 0].map(() => isSlanted ? normal(random, 0, 0.25) : 0);
  const data = new Float32Array(side * side);
  for (let y = 0, i = 0; y < side; y++) {
    const v = (y + 0.5) / side;
    for (let x = 0; x < side; x++, i++) {
      const u = (x + 0.5) / side;
      const far = ((u - cx) ** 2 + (v - cy) ** 2) / 0.7;
      data[i] = (1 - vignette * clamp01(far)) * (1 + sx * (u - 0.5)) *
        (1 + sy * (v - 0.5));
    }
  }
  return { width: side, height: side, data };
}

function light(
  random: Random,
  { data }: Canvas,
  { field, gain, flicker, exposure }: Development,
  time: number,
) {
  const now = flicker > 0
    ? Math.exp(normal(random, 0, flicker) + exposure * time)
    : 1;
  const [r, g, b] = gain.map((x) => x * now);
  for (let i = 0, p = 0; i < field.data.length; i++, p += 3) {
    const f = field.data[i];
    data[p] = Math.min(1.5, Math.max(0, data[p])) * f * r;
    data[p + 1] = Math.min(1.5, Math.max(0, data[p + 1])) * f * g;
    data[p + 2] = Math.min(1.5, Math.max(0, data[p + 2])) * f * b;
  }
}

function loseColour({ data }: Canvas) {
  for (let p = 0; p < data.length; p += 3) {
    data[p] =
      data[p + 1] =
      data[p + 2] =
        (data[p] + data[p + 1] + data[p + 2]) /
        3;
  }
}

/** The mean of the picture moved along a line. */
function smear(
  { width, height, data }: Canvas,
  { lengthPx, angle }: { lengthPx: number; angle: number },
): Canvas {
  const taps = Math.max(2, Math.round(lengthPx));
  const smeared = new Float32Array(data.length);
  for (let k = 0; k < taps; k++) {
    const along = lengthPx * (k / (taps - 1) - 0.5);
    const dx = Math.round(Math.cos(angle) * along);
    const dy = Math.round(Math.sin(angle) * along);
    for (let y = 0, p = 0; y < height; y++) {
      const row = width * Math.min(height - 1, Math.max(0, y + dy));
      for (let x = 0; x < width; x++, p += 3) {
        const q = 3 * (row + Math.min(width - 1, Math.max(0, x + dx)));
        smeared[p] += data[q] / taps;
        smeared[p + 1] += data[q + 1] / taps;
        smeared[p + 2] += data[q + 2] / taps;
      }
    }
  }
  return { width, height, data: smeared };
}

/** Fewer pixels, each with its noise, spread over the picture. */
function coarseBytes(
  random: Random,
  picture: Canvas,
  plan: Development,
  coarseness: number,
): Uint8Array {
  const { width, height } = picture;
  const w = Math.max(8, Math.round(width / coarseness));
  const h = Math.max(8, Math.round(height / coarseness));
  const small = resizeField(blur(picture, coarseness * 0.4), w, h);
  const bytes = toBytes(random, small, { ...plan, border: undefined });
  const coarse = { width: w, height: h, data: Float32Array.from(bytes) };
  const large = resizeField(coarse, width, height).data;
  const seen = plan.border?.data;
  const spread = new Uint8Array(large.length);
  for (let i = 0, p = 0; p < large.length; i++) {
    const part = seen ? seen[i] : 1;
    for (let c = 0; c < 3; c++, p++) spread[p] = large[p] * part + 0.5;
  }
  return spread;
}

const STEPS = 2048;

function toBytes(
  random: Random,
  { data }: Canvas,
  { gamma, noise, border, isGrey }: Development,
): Uint8Array {
  const curve = Float32Array.from(
    { length: STEPS + 1 },
    (_, k) => 255 * (k / STEPS) ** gamma,
  );
  const { white } = noiseBank();
  const last = white.length - 1;
  let at = Math.floor(random() * white.length);
  const bytes = new Uint8Array(data.length);
  const spread = 255 * noise;
  for (let i = 0, p = 0; p < data.length; i++) {
    const seen = border ? border.data[i] : 1;
    if (isGrey) at++;
    for (let c = 0; c < 3; c++, p++) {
      const n = isGrey ? white[at & last] : white[++at & last];
      const x = data[p];
      const value = curve[x <= 0 ? 0 : x >= 1 ? STEPS : (x * STEPS + 0.5) | 0];
      const byte = (value + spread * n) * seen + 0.5;
      bytes[p] = byte < 0 ? 0 : byte > 255 ? 255 : byte | 0;
    }
  }
  return bytes;
}
