// A biopsy forceps: a coiled metal shaft with two cups at its tip.
//
// It belongs to the endoscope, so it moves in the picture, not with the wall.
// Coordinates are in widths of the picture, (0, 0) its centre.

import type { Point } from "../base/tensor.ts";
import { mix, smoothstep } from "./noise.ts";

/** The shaft comes out of the lower right. */
const ANGLE = -2.42;
const OUTSIDE: Point = { x: 0.62, y: 0.47 };

/** Where the forceps is at one moment. */
export type Instrument = {
  readonly tip: Point;
  readonly angle: number;
  /** Half the angle between the cups. */
  readonly opening: number;
};

/** The place of the forceps, `progress` 0 to 1 over the clip; undefined while it is away. */
export function instrumentAt(progress: number): Instrument | undefined {
  if (progress < 0.26 || progress > 0.8) return undefined;
  const enter = smoothstep(0.26, 0.47, progress);
  const leave = smoothstep(0.63, 0.79, progress);
  const probe = 0.02 * Math.sin(progress * 60);
  const reach = (0.71 + probe) * enter * (1 - leave);
  const angle = ANGLE + 0.05 * Math.sin(progress * 19);
  return {
    tip: {
      x: OUTSIDE.x + Math.cos(angle) * reach,
      y: OUTSIDE.y + Math.sin(angle) * reach,
    },
    angle,
    opening: 0.12 + 0.42 * smoothstep(0.42, 0.5, progress) *
        smoothstep(0.6, 0.54, progress),
  };
}

/**
 * Distance from a place to the outline of the forceps, negative inside.
 *
 * @param part receives, near the forceps, how the place is seen: along, across (-1 to 1) and which part
 */
export function instrumentDistance(
  { tip, angle, opening }: Instrument,
  x: number,
  y: number,
  part: Float32Array,
): number {
  const dx = x - tip.x;
  const dy = y - tip.y;
  const along = dx * Math.cos(angle) + dy * Math.sin(angle);
  const across = dy * Math.cos(angle) - dx * Math.sin(angle);
  if (along > 0.06 || Math.abs(across) > 0.12) return 1; // far away
  // The tip is at 0, the shaft behind it; nearer to the camera it looks wider.
  const half = 0.026 + 0.02 * Math.max(0, -along - 0.08);
  const behind = Math.max(0, along + 0.075);
  const shaft = length(Math.max(0, Math.abs(across) - half * 0.85), behind) -
    half * 0.15 +
    Math.min(0, Math.abs(across) - half * 0.85);
  let best = shaft;
  part[0] = along;
  part[1] = across / half;
  part[2] = 0;

  const collar = roundedBox(along + 0.072, across, 0.012, half * 1.06, 0.004);
  if (collar < best) {
    best = collar;
    part[2] = 1;
  }
  for (const side of [-1, 1]) {
    // Each cup turns about a hinge behind the tip.
    const c = Math.cos(side * opening);
    const s = Math.sin(side * opening);
    const u = (along + 0.066) * c + across * s;
    const v = -(along + 0.066) * s + across * c - side * 0.008;
    const cup = ellipse(
      u - 0.036,
      v,
      0.036,
      0.0125 + 0.004 * smoothstep(0, 0.05, u),
    );
    if (cup < best) {
      best = cup;
      part[0] = u;
      part[1] = v / 0.015;
      part[2] = 2;
    }
  }
  return best;
}

/** The colour of the metal at a place that `instrumentDistance` described. */
export function paintInstrument(part: Float32Array, out: Float32Array) {
  const [along, across, kind] = part;
  const t = Math.min(1, Math.max(-1, across));
  const round = Math.sqrt(1 - t * t);
  const glare = Math.exp(-(((t + 0.32) / 0.13) ** 2));
  const sheen = Math.exp(-(((t - 0.5) / 0.22) ** 2));
  let grey = 0.16 + 0.34 * round + 0.62 * glare + 0.12 * sheen;
  if (kind === 0) {
    const coil = Math.cos((along + 0.012 * round) * 2 * Math.PI / 0.0115);
    grey *= 0.82 + 0.18 * coil;
  } else if (kind === 2) {
    grey = 0.3 + 0.25 * round + 0.5 * glare - 0.2 * smoothstep(0.012, 0, along);
  }
  // Metal mirrors the red wall at its edges.
  const mirror = 0.4 * (1 - round);
  out[0] = mix(grey * 0.98, 0.5 * grey + 0.2, mirror);
  out[1] = mix(grey, 0.5 * grey + 0.03, mirror);
  out[2] = mix(grey * 1.02, 0.5 * grey + 0.02, mirror);
}

function roundedBox(
  x: number,
  y: number,
  halfX: number,
  halfY: number,
  round: number,
): number {
  const dx = Math.abs(x) - halfX + round;
  const dy = Math.abs(y) - halfY + round;
  return length(Math.max(0, dx), Math.max(0, dy)) +
    Math.min(0, Math.max(dx, dy)) - round;
}

/** About the distance to an ellipse, exact on its outline. */
function ellipse(x: number, y: number, a: number, b: number): number {
  const k = length(x / a, y / b);
  const g = length(x / (a * a), y / (b * b));
  return g > 0 ? k * (k - 1) / g : -Math.min(a, b);
}

/** As Math.hypot, without its care for overflow, which costs ten times as much. */
function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}
