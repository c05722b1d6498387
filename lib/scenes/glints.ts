// Bright spots and bubbles in front of everything, none of them an object.

import type { Random } from "../base/random.ts";
import { anyAngle, happens, logUniform, uniform, whole } from "./chance.ts";
import { type Canvas, clamp01 } from "./field.ts";

/** A bright spot or a bubble in front of everything, none of the objects. */
export type Glint = {
  readonly kind: "spot" | "bubble";
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  readonly angle: number;
  readonly strength: number;
};

/** Draws the glints of a clip; tissue is wet and has more of them. */
export function drawGlints(
  random: Random,
  side: number,
  isTissue: boolean,
): Glint[] {
  const spots = happens(random, isTissue ? 0.45 : 0.08)
    ? whole(random, 1, 13)
    : 0;
  const bubbles = happens(random, isTissue ? 0.12 : 0.03)
    ? whole(random, 1, 4)
    : 0;
  const glint = (kind: Glint["kind"]): Glint => {
    const isSpot = kind === "spot";
    const size = side *
      (isSpot ? logUniform(random, 0.006, 0.04) : uniform(random, 0.02, 0.08));
    return {
      kind,
      x: uniform(random, 0, side),
      y: uniform(random, 0, side),
      rx: size * (isSpot ? 1.5 : 1),
      ry: size,
      angle: anyAngle(random),
      strength: uniform(random, 0.3, 1),
    };
  };
  return [
    ...Array.from({ length: spots }, () => glint("spot")),
    ...Array.from({ length: bubbles }, () => glint("bubble")),
  ];
}

/** Paints one glint. */
export function paintGlint(
  { width, height, data }: Canvas,
  { kind, x, y, rx, ry, angle, strength }: Glint,
) {
  const reach = Math.max(rx, ry) + 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  for (
    let row = clampRow(y - reach, height);
    row < clampRow(y + reach, height);
    row++
  ) {
    for (
      let column = clampRow(x - reach, width);
      column < clampRow(x + reach, width);
      column++
    ) {
      const dx = column + 0.5 - x;
      const dy = row + 0.5 - y;
      const u = (cos * dx + sin * dy) / rx;
      const v = (cos * dy - sin * dx) / ry;
      const out = Math.sqrt(u * u + v * v);
      const inside = clamp01(0.5 + (1 - out) * ry * 0.8);
      const a = kind === "spot"
        ? strength * inside
        : bubbleLight(u, v, out, inside, ry);
      const p = 3 * (row * width + column);
      for (let c = p; c < p + 3; c++) data[c] += (1 - data[c]) * a;
    }
  }
}

function clampRow(value: number, most: number): number {
  return Math.min(most, Math.max(0, Math.floor(value)));
}

/** A thin bright ring and a mirrored lamp. */
function bubbleLight(
  u: number,
  v: number,
  out: number,
  inside: number,
  radius: number,
) {
  const ring = clamp01(1 - Math.abs(1 - out) * radius / 1.2) * 0.5;
  const lamp = clamp01(0.5 + (0.2 - Math.hypot(u + 0.3, v + 0.3)) * radius);
  return inside * Math.max(ring, 0.9 * lamp);
}
