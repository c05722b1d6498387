// Fine branching blood vessels, drawn once into a map of the wall.

import { type Random, seededRandom } from "../base/random.ts";
import type { Size } from "../base/tensor.ts";

/** Draws vessel trees; the result is `[height, width]`, 0 none to 1 a thick one. */
export function drawVessels(
  { width, height }: Size,
  { seed, pxPerUnit, trees = 90 }: {
    seed: number;
    pxPerUnit: number;
    trees?: number;
  },
): Float32Array {
  const random = seededRandom(seed);
  const map = new Float32Array(width * height);
  for (let i = 0; i < trees; i++) {
    growBranch(map, { width, height }, random, {
      x: random() * width,
      y: random() * height,
      angle: random() * 2 * Math.PI,
      widthPx: (0.0012 + 0.0026 * random() ** 2) * pxPerUnit,
      lengthPx: (0.12 + 0.22 * random()) * pxPerUnit,
      depth: 0,
    });
  }
  return map;
}

type Branch = {
  x: number;
  y: number;
  angle: number;
  readonly widthPx: number;
  readonly lengthPx: number;
  readonly depth: number;
};

function growBranch(
  map: Float32Array,
  size: Size,
  random: Random,
  branch: Branch,
) {
  let { x, y, angle } = branch;
  const turn = (random() - 0.5) * 0.02;
  for (let s = 0; s < branch.lengthPx; s++) {
    const thin = 1 - 0.6 * s / branch.lengthPx;
    stamp(map, size, { x, y, radius: branch.widthPx * thin });
    angle += turn + (random() - 0.5) * 0.22;
    x += Math.cos(angle);
    y += Math.sin(angle);
    if (branch.depth < 3 && random() < 0.035) {
      const side = random() < 0.5 ? -1 : 1;
      growBranch(map, size, random, {
        x,
        y,
        angle: angle + side * (0.4 + 0.6 * random()),
        widthPx: branch.widthPx * thin * 0.7,
        lengthPx: (branch.lengthPx - s) * (0.4 + 0.5 * random()),
        depth: branch.depth + 1,
      });
    }
  }
}

/** Darkens a soft disc; thin vessels stay faint. */
function stamp(
  map: Float32Array,
  { width, height }: Size,
  { x, y, radius }: { x: number; y: number; radius: number },
) {
  const reach = Math.ceil(radius + 1);
  for (let row = Math.floor(y) - reach; row <= y + reach; row++) {
    for (let column = Math.floor(x) - reach; column <= x + reach; column++) {
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const distance = Math.hypot(column - x, row - y);
      const cover = Math.min(1, Math.max(0, radius + 0.5 - distance));
      const at = row * width + column;
      map[at] = Math.max(map[at], cover * Math.min(1, radius / 1.2));
    }
  }
}
