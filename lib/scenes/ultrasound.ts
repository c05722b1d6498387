// Ultrasound: a fan or a rectangle of speckle, darker with depth, with shadows.
//
// Speckle is the magnitude of a complex normal field that is wider across the
// beam than along it (Goodman's fully developed speckle), here in the picture's
// own grid; the picture below it says how strongly each point echoes.

import type { Random } from "../base/random.ts";
import { happens, uniform, whole } from "./chance.ts";
import { type Canvas, clamp01, type Field, resizeField } from "./field.ts";
import { noiseBank } from "./noise_bank.ts";

/** How one probe sees. */
export type Probe = {
  /** 1 within the fan. */
  readonly fan: Field;
  /** What is left of the sound at each pixel: shadows and depth. */
  readonly sound: Field;
  /** Size of a speckle across and along the beam, in pixels. */
  readonly acrossPx: number;
  readonly alongPx: number;
  /** How much of the picture is speckle, 0 to 1. */
  readonly speckle: number;
  /** Speckle that stays in clips, at this place of the noise. */
  readonly steadyAt?: number;
};

/** Draws a probe for a picture of a side. */
export function drawProbe(random: Random, sidePx: number): Probe {
  const unit = sidePx / 128;
  const isFan = happens(random, 0.7);
  const apexY = isFan ? -sidePx * uniform(random, 0.02, 0.5) : -1e6;
  const apexX = sidePx * uniform(random, 0.42, 0.58);
  const opening = isFan ? uniform(random, 0.45, 0.95) : sidePx * 0.5 / 1e6;
  const nearPx = isFan ? -apexY + sidePx * uniform(random, 0, 0.08) : 1e6;
  const farPx = -apexY + sidePx * uniform(random, 0.85, 1.05);
  const shadows = Array.from({ length: whole(random, 0, 3) }, () => ({
    at: uniform(random, -1, 1),
    width: uniform(random, 0.03, 0.2),
    from: uniform(random, 0, 0.7),
    strength: uniform(random, 0.3, 0.95),
  }));
  const decay = uniform(random, 0, 0.7);
  const fan = new Float32Array(sidePx * sidePx);
  const sound = new Float32Array(sidePx * sidePx);
  for (let y = 0, i = 0; y < sidePx; y++) {
    for (let x = 0; x < sidePx; x++, i++) {
      const [dx, dy] = [x + 0.5 - apexX, y + 0.5 - apexY];
      const far = Math.hypot(dx, dy);
      const across = Math.atan2(dx, dy) / opening;
      const depth = (far - nearPx) / (farPx - nearPx);
      const isSeen = Math.abs(across) < 1 && depth > 0 && depth < 1;
      fan[i] = isSeen ? 1 : 0;
      let left = 1 - decay * clamp01(depth);
      for (const { at, width, from, strength } of shadows) {
        if (depth < from) continue;
        left *= 1 -
          strength * clamp01(1.5 * (1 - Math.abs(across - at) / width));
      }
      sound[i] = left;
    }
  }
  const size = { width: sidePx, height: sidePx };
  return {
    fan: { ...size, data: fan },
    sound: { ...size, data: sound },
    acrossPx: unit * uniform(random, 1.2, 3.5),
    alongPx: unit * uniform(random, 0.8, 1.6),
    speckle: uniform(random, 0.5, 1),
    steadyAt: happens(random, 0.5) ? random() : undefined,
  };
}

/** Turns a picture of echoes into an ultrasound picture, in place. */
export function scanUltrasound(
  random: Random,
  { width, height, data }: Canvas,
  { sound, acrossPx, alongPx, speckle, steadyAt }: Probe,
) {
  const wide = Math.max(2, Math.round(width / acrossPx));
  const high = Math.max(2, Math.round(height / alongPx));
  const start = steadyAt ?? random();
  const real = whiteField(start, wide, high);
  const imaginary = whiteField((start + 0.37) % 1, wide, high);
  const a = resizeField(real, width, height).data;
  const b = resizeField(imaginary, width, height).data;
  for (let i = 0, p = 0; p < data.length; i++, p += 3) {
    const magnitude = Math.sqrt(a[i] * a[i] + b[i] * b[i]);
    const grain = 1 - speckle + speckle * Math.sqrt(magnitude) * 1.1;
    const grey = (data[p] + data[p + 1] + data[p + 2]) / 3;
    const echo = clamp01(Math.max(0, grey) * grain * sound.data[i]);
    data[p] = data[p + 1] = data[p + 2] = echo;
  }
}

function whiteField(start: number, width: number, height: number): Field {
  const { white } = noiseBank();
  const last = white.length - 1;
  const from = Math.floor(start * white.length);
  const data = new Float32Array(width * height);
  for (let i = 0; i < data.length; i++) data[i] = white[(from + i) & last];
  return { width, height, data };
}
