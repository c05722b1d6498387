// The lamp at the tip of the endoscope: shading, moist highlights, shadows.
//
// Blinn's half-vector model, with highlights cut sharp as water films make them.

import { type Instrument, instrumentDistance } from "./instrument.ts";
import { WALL } from "./mucosa.ts";
import { smoothstep } from "./noise.ts";

/** Left of and above the lens, and so far over the wall, in widths of the picture. */
const LAMP = { x: -0.14, y: -0.11, z: 0.52 };

/** Lights a place of the wall, seen at (x, y), and writes its colour. */
export function shade(
  x: number,
  y: number,
  place: Float32Array,
  out: Float32Array,
  at: number,
) {
  const slopeX = place[WALL.slopeX];
  const slopeY = place[WALL.slopeY];
  const nz = 1 / Math.sqrt(1 + slopeX * slopeX + slopeY * slopeY);
  const nx = -slopeX * nz;
  const ny = -slopeY * nz;
  const lx = LAMP.x - x;
  const ly = LAMP.y - y;
  const far = Math.sqrt(lx * lx + ly * ly + LAMP.z * LAMP.z);
  const facing = Math.max(0, (nx * lx + ny * ly + nz * LAMP.z) / far);
  // Half way between the lamp and the eye.
  const hx = lx / far - 0.55 * x;
  const hy = ly / far - 0.55 * y;
  const hz = LAMP.z / far + 1;
  const mirror = (nx * hx + ny * hy + nz * hz) /
    Math.sqrt(hx * hx + hy * hy + hz * hz);

  const falloff = 0.41 / (0.06 + far * far);
  const diffuse = place[WALL.light] * (0.2 + 0.95 * facing * falloff);
  const gloss = place[WALL.light] * place[WALL.wet] * falloff;
  const sheen = 0.1 * smoothstep(0.8, 1, mirror) * gloss;
  const glint = 0.9 * smoothstep(0.978, 0.995, mirror) * gloss;
  for (let c = 0; c < 3; c++) {
    out[at + c] = place[c] * diffuse + sheen + glint;
  }
}

/** Darkens what lies in the soft shadow of the forceps. */
export function castShadow(
  instrument: Instrument,
  x: number,
  y: number,
  part: Float32Array,
  light: Float32Array,
  at: number,
) {
  const outline = instrumentDistance(instrument, x - 0.022, y - 0.03, part);
  if (outline > 0.03) return;
  const dark = 1 - 0.55 * smoothstep(0.03, -0.025, outline);
  for (let c = 0; c < 3; c++) light[at + c] *= dark;
}
