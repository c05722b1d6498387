// A sessile polyp: a broad dome on the wall, a little redder, finely lobed.

import { seededRandom } from "../base/random.ts";
import { gradientNoise, layered, mix, smoothstep } from "./noise.ts";
import { WALL } from "./mucosa.ts";

/** Where on the wall it sits, and how large it is, in widths of the picture. */
const CENTRE = { x: 0.1, y: 0.045 };
const RADIUS = 0.104;

/** A polyp on the wall. */
export type Polyp = {
  /** 0 in its middle, 1 on its edge, more outside. */
  distance(x: number, y: number, timeS: number): number;
  /** Changes what the wall is like there, given the distance. */
  paint(x: number, y: number, distance: number, wall: Float32Array): void;
};

/** Builds the polyp from a seed. */
export function buildPolyp(seed: number): Polyp {
  const random = seededRandom(seed);
  const waves = [2, 3, 4, 5].map((k) => ({
    k,
    size: (random() - 0.5) * 0.26 / k ** 0.8,
    turn: random() * 2 * Math.PI,
  }));
  const lobes = layered(gradientNoise(seed + 1), 3);
  const pits = layered(gradientNoise(seed + 2), 2);
  const bumpAt = (x: number, y: number) =>
    0.0042 * lobes(x * 24, y * 24) + 0.0007 * pits(x * 95, y * 95);

  function distance(x: number, y: number, timeS: number): number {
    const dx = x - CENTRE.x;
    const dy = (y - CENTRE.y) * 1.13;
    const far = Math.sqrt(dx * dx + dy * dy) / RADIUS;
    if (far > 2) return far; // the outline matters only near it
    const angle = Math.atan2(dy, dx);
    const outline = waves.reduce(
      (sum, { k, size, turn }) =>
        sum +
        size * Math.cos(k * angle + turn + 0.25 * Math.sin(timeS * 1.9 + k)),
      1,
    );
    return far / outline;
  }

  function paint(
    x: number,
    y: number,
    distance: number,
    wall: Float32Array,
  ) {
    // The wall around it is pulled up a little and lies in its shadow.
    const near = smoothstep(1.45, 1, distance);
    wall[WALL.light] *= 1 - 0.38 * near * near;
    if (distance > 1.1) return;

    const inside = smoothstep(1.035, 0.975, distance);
    const d = Math.min(1, distance);
    const steep = 1.25 * d * d / Math.sqrt(1.12 - d * d); // a dome
    const away = Math.hypot(x - CENTRE.x, y - CENTRE.y) + 1e-6;
    const e = 0.0012;
    const slopeX = -steep * (x - CENTRE.x) / away +
      (bumpAt(x + e, y) - bumpAt(x - e, y)) / (2 * e);
    const slopeY = -steep * (y - CENTRE.y) / away +
      (bumpAt(x, y + e) - bumpAt(x, y - e)) / (2 * e);
    const mottle = lobes(x * 22 + 5, y * 22);
    const pale = smoothstep(0.1, 0.9, mottle);
    const rim = smoothstep(0.8, 1, d);
    wall[WALL.slopeX] = mix(wall[WALL.slopeX], slopeX, inside);
    wall[WALL.slopeY] = mix(wall[WALL.slopeY], slopeY, inside);
    wall[WALL.red] = mix(
      wall[WALL.red],
      mix(0.9, 0.97, pale) - 0.04 * rim,
      inside,
    );
    wall[WALL.green] = mix(
      wall[WALL.green],
      mix(0.34, 0.46, pale) - 0.05 * rim,
      inside,
    );
    wall[WALL.blue] = mix(
      wall[WALL.blue],
      mix(0.31, 0.41, pale) - 0.04 * rim,
      inside,
    );
    wall[WALL.light] = mix(wall[WALL.light], 1.06 - 0.08 * rim, inside);
    wall[WALL.wet] = mix(wall[WALL.wet], 0.6, inside);
  }

  return { distance, paint };
}
