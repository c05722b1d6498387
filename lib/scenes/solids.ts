// Solids in space: ellipsoids, boxes with round edges, bent tubes. Each gives
// a number at a point that is positive inside and 1 in the middle.

import type { Random } from "../base/random.ts";
import { anyAngle, normal, uniform, whole } from "./chance.ts";
import { type NoiseVolume, volumeAt } from "./noise_volume.ts";

/** A point in space. */
export type Point3 = readonly [x: number, y: number, z: number];

/** A solid; `inside` is how deep a point lies, 0 on the surface, 1 in the middle. */
export type Solid = {
  readonly centre: Point3;
  /** Half the thickness at the thinnest: one step of `inside` in space. */
  readonly radius: number;
  /** Farther from the centre than this there is nothing of it. */
  readonly reach: number;
  readonly inside: (x: number, y: number, z: number) => number;
};

/** An ellipsoid (roundness 2) or something nearer to a box (up to 5). */
export function ellipsoid(
  random: Random,
  centre: Point3,
  radii: Point3,
  roundness = 2,
): Solid {
  const rows = turning(random);
  const [cx, cy, cz] = centre;
  const inside = (x: number, y: number, z: number) => {
    const [dx, dy, dz] = [x - cx, y - cy, z - cz];
    const a = (rows[0] * dx + rows[1] * dy + rows[2] * dz) / radii[0];
    const b = (rows[3] * dx + rows[4] * dy + rows[5] * dz) / radii[1];
    const c = (rows[6] * dx + rows[7] * dy + rows[8] * dz) / radii[2];
    if (roundness === 2) return 1 - Math.sqrt(a * a + b * b + c * c);
    const sum = Math.abs(a) ** roundness + Math.abs(b) ** roundness +
      Math.abs(c) ** roundness;
    return 1 - sum ** (1 / roundness);
  };
  // Corners of a box lie 1.8 times as far as its sides.
  const reach = Math.max(...radii) * 1.8;
  return { centre, radius: Math.min(...radii), reach, inside };
}

/** A tube along a bent line, thinner towards its end. */
export function bentTube(
  random: Random,
  centre: Point3,
  length: number,
  thickness: number,
): Solid {
  const pieces = whole(random, 2, 5);
  const step = length / pieces;
  const points: number[][] = [[0, 0, 0]];
  const bend = uniform(random, 0.1, 0.6);
  let heading = direction(random);
  for (let k = 0; k < pieces; k++) {
    const last = points[k];
    points.push(last.map((v, axis) => v + heading[axis] * step));
    const other = heading.map((v) => v + normal(random, 0, bend));
    const size = Math.hypot(...other);
    heading = other.map((v) => v / size);
  }
  const middle = points[Math.floor(pieces / 2)];
  const line = points.map((p) => p.map((v, k) => v - middle[k] + centre[k]));
  const thin = uniform(random, 0.4, 1);
  const inside = (x: number, y: number, z: number) => {
    let best = -Infinity;
    for (let k = 0; k < pieces; k++) {
      const [ax, ay, az] = line[k];
      const [bx, by, bz] = line[k + 1];
      const [ux, uy, uz] = [bx - ax, by - ay, bz - az];
      const dot = (x - ax) * ux + (y - ay) * uy + (z - az) * uz;
      const t = Math.min(1, Math.max(0, dot / (step * step)));
      const [dx, dy, dz] = [x - ax - t * ux, y - ay - t * uy, z - az - t * uz];
      const radius = thickness * (1 + (thin - 1) * (k + t) / pieces);
      const deep = 1 - Math.sqrt(dx * dx + dy * dy + dz * dz) / radius;
      if (deep > best) best = deep;
    }
    return best;
  };
  const radius = thickness * (1 + thin) / 2;
  return { centre, radius, reach: length + 2 * thickness, inside };
}

/** The same solid with a surface that a noise moves in and out. */
export function roughen(
  solid: Solid,
  noise: NoiseVolume,
  { strength, cellsPerRadius, shift }: {
    strength: number;
    cellsPerRadius: number;
    shift: number;
  },
): Solid {
  const k = cellsPerRadius / solid.radius;
  const inside = (x: number, y: number, z: number) => {
    const deep = solid.inside(x, y, z);
    // Far away no bump reaches the surface.
    if (deep < -1.5 || deep > 0.9) return deep;
    return deep + strength * volumeAt(noise, x * k + shift, y * k, z * k);
  };
  return { ...solid, reach: solid.reach * (1 + 3 * strength), inside };
}

/** Three rows at right angles: a random turn (Gram and Schmidt). */
function turning(random: Random): readonly number[] {
  const a = direction(random);
  const b = direction(random);
  const along = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const rest = b.map((v, k) => v - along * a[k]);
  const size = Math.max(1e-6, Math.hypot(...rest));
  const c = rest.map((v) => v / size);
  return [
    ...a,
    ...c,
    a[1] * c[2] - a[2] * c[1],
    a[2] * c[0] - a[0] * c[2],
    a[0] * c[1] - a[1] * c[0],
  ];
}

/** A direction, all equally likely. */
function direction(random: Random): number[] {
  const z = uniform(random, -1, 1);
  const angle = anyAngle(random);
  const flat = Math.sqrt(1 - z * z);
  return [flat * Math.cos(angle), flat * Math.sin(angle), z];
}
