// Volumes: tissues and solids in space, bent by one noise, cut into slices.
//
// The frames of a clip are neighbouring slices, so objects appear, grow,
// shrink and vanish. Space is measured in sides of the picture; most volumes
// have fewer points than the picture has pixels, as real ones do.

import type { Random } from "../base/random.ts";
import { drawParts, type Part, type Scan } from "./anatomy.ts";
import {
  anySign,
  happens,
  logUniform,
  pick,
  pickByShare,
  uniform,
  whole,
} from "./chance.ts";
import { clamp01, type Field } from "./field.ts";
import { type NoiseVolume, noiseVolumes, volumeAt } from "./noise_volume.ts";
import type { SceneObject } from "./scene_object.ts";

/** A volume that can be sliced anywhere. */
export type Volume = {
  readonly objects: readonly SceneObject[];
  /** Points along a slice's side. */
  readonly grid: number;
  /** Height of slice 0 and the way to the next. */
  readonly z0: number;
  readonly step: number;
  readonly slice: (z: number) => VolumeSlice;
};

/** Greys and, for each object, how much of each point it fills. */
export type VolumeSlice = {
  readonly grey: Field;
  readonly covers: readonly Field[];
};

const SCANS: Readonly<Record<Scan, number>> = {
  brain: 0.4,
  body: 0.35,
  free: 0.25,
};

/** Draws a volume whose slice 0 cuts through its first object. */
export function drawVolume(
  random: Random,
  sidePx: number,
  frames: number,
): Volume {
  const scan = pickByShare(random, SCANS);
  const grid = Math.round(Math.min(
    sidePx,
    scan === "brain" && happens(random, 0.6)
      ? uniform(random, 30, 64)
      : logUniform(random, 48, 160),
  ));
  const ground = drawGround(random, scan);
  const parts = drawParts(random, scan, ground.tissues);
  const main = parts.find(({ object }) => object?.id === 1)!.solid;
  // The main object lasts three to thirty slices.
  const step = anySign(random) * 2 * main.radius / logUniform(random, 3, 30);
  const z0 = main.centre[2] + main.radius * uniform(random, -0.5, 0.5) -
    (happens(random, 0.3) ? step * uniform(random, 0, frames / 2) : 0);
  const objects = parts.flatMap(({ object }) => object ?? [])
    .sort((a, b) => a.id - b.id);
  return {
    objects,
    grid,
    z0,
    step,
    slice: (z) => cut(parts, ground, { grid, count: objects.length, z }),
  };
}

/** The number of the object that fills most of each pixel, from covers of the picture's size. */
export function strongestCover(covers: readonly Field[]): Uint8Array {
  const identities = new Uint8Array(covers[0].data.length);
  covers.forEach(({ data }, k) => {
    for (let i = 0; i < data.length; i++) {
      if (data[i] > 0.5) identities[i] = k + 1;
    }
  });
  return identities;
}

/** What fills the space around the solids, and how space is bent. */
type Ground = {
  readonly warp: NoiseVolume;
  readonly warpStrength: number;
  readonly warpCells: number;
  /** Greys of tissues, from the lowest to the highest values of a noise. */
  readonly tissues: readonly number[];
  readonly tissueNoise: NoiseVolume;
  readonly tissueCells: number;
  readonly hardness: number;
  readonly coarse: NoiseVolume;
  readonly fine: NoiseVolume;
  readonly coarseCells: number;
  readonly fineCells: number;
  readonly strength: number;
  readonly shift: number;
};

function drawGround(random: Random, scan: Scan): Ground {
  const { rough, smooth } = noiseVolumes();
  const tissues = scan === "body"
    ? [uniform(random, 0.15, 0.6)]
    : Array.from({ length: whole(random, 2, 4) }, () =>
      uniform(random, 0.05, 0.9));
  return {
    warp: pick(random, smooth),
    warpStrength: uniform(random, 0, 0.05),
    warpCells: uniform(random, 20, 80),
    tissues,
    tissueNoise: pick(
      random,
      happens(random, 0.8) ? smooth : rough.slice(0, 2),
    ),
    tissueCells: uniform(random, 20, 90),
    hardness: logUniform(random, 1.5, 20),
    coarse: pick(random, rough),
    fine: rough[4],
    coarseCells: uniform(random, 40, 160),
    fineCells: uniform(random, 60, 200),
    strength: logUniform(random, 0.01, 0.12),
    shift: uniform(random, 0, 64),
  };
}

function cut(
  parts: readonly Part[],
  ground: Ground,
  { grid, count, z }: { grid: number; count: number; z: number },
): VolumeSlice {
  const size = { width: grid, height: grid };
  const grey = new Float32Array(grid * grid);
  const covers = Array.from(
    { length: count },
    () => new Float32Array(grid * grid),
  );
  const { warp, warpCells: w, warpStrength, shift } = ground;
  for (let row = 0, i = 0; row < grid; row++) {
    const y0 = (row + 0.5) / grid - 0.5;
    for (let column = 0; column < grid; column++, i++) {
      const x0 = (column + 0.5) / grid - 0.5;
      const [wx, wy, wz] = [x0 * w + shift, y0 * w, z * w];
      const x = x0 + warpStrength * volumeAt(warp, wx, wy, wz);
      const y = y0 + warpStrength * volumeAt(warp, wx + 21, wy + 37, wz);
      const zz = z + warpStrength * volumeAt(warp, wx + 43, wy, wz + 29);
      const coarse = noiseAt(ground.coarse, ground.coarseCells, x, y, zz);
      const fine = noiseAt(ground.fine, ground.fineCells, x0, y0, z);
      let value = tissueAt(ground, x, y, zz) +
        ground.strength * (coarse + 0.5 * fine);
      for (const part of parts) {
        const { centre, reach } = part.solid;
        const [dx, dy, dz] = [x - centre[0], y - centre[1], zz - centre[2]];
        if (dx * dx + dy * dy + dz * dz > reach * reach) continue;
        const deep = part.solid.inside(x, y, zz) * part.solid.radius;
        const a = clamp01(0.5 + deep / Math.max(part.edge, 1 / grid));
        if (a === 0) continue;
        value += (greyIn(part, deep, coarse, fine) - value) * a;
        for (const cover of covers) cover[i] *= 1 - a;
        if (part.object) covers[part.object.id - 1][i] += a;
      }
      grey[i] = value;
    }
  }
  return {
    grey: { ...size, data: grey },
    covers: covers.map((data) => ({ ...size, data })),
  };
}

function noiseAt(
  field: NoiseVolume,
  cells: number,
  x: number,
  y: number,
  z: number,
): number {
  return volumeAt(field, x * cells, y * cells, z * cells);
}

function greyIn(part: Part, deep: number, coarse: number, fine: number) {
  const { shell, grey } = part;
  const base = shell && deep < shell.width ? shell.grey : grey;
  return base + part.coarse * coarse + part.fine * fine;
}

/** The tissue at a point: steps of a noise, hard or soft. */
function tissueAt(ground: Ground, x: number, y: number, z: number): number {
  const { tissues, tissueNoise, tissueCells, hardness } = ground;
  if (tissues.length === 1) return tissues[0];
  const n = noiseAt(tissueNoise, tissueCells, x, y, z);
  let value = tissues[0];
  for (let k = 1; k < tissues.length; k++) {
    const level = -1 + 2 * k / tissues.length;
    value += (tissues[k] - value) * clamp01(0.5 + (n - level) * hardness / 2);
  }
  return value;
}
