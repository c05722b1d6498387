import { ok } from "node:assert/strict";
import { seededRandom } from "../../lib/base/random.ts";
import { bentTube, ellipsoid, type Solid } from "../../lib/scenes/solids.ts";

/** The part of a cube of side 2 around the centre that lies inside. */
function volumeOf({ inside }: Solid): number {
  let count = 0;
  const n = 50;
  for (let k = 0; k < n ** 3; k++) {
    const [x, y, z] = [k % n, Math.floor(k / n) % n, Math.floor(k / n / n)]
      .map((v) => 2 * (v + 0.5) / n - 1);
    if (inside(x, y, z) > 0) count++;
  }
  return 8 * count / n ** 3;
}

Deno.test("ellipsoid() has the volume of its radii, however it is turned", () => {
  for (const seed of [1, 2, 3]) {
    const solid = ellipsoid(seededRandom(seed), [0, 0, 0], [0.8, 0.5, 0.4]);
    const expected = 4 / 3 * Math.PI * 0.8 * 0.5 * 0.4;
    ok(Math.abs(volumeOf(solid) / expected - 1) < 0.02);
  }
});

Deno.test("ellipsoid() and bentTube() end within their reach", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const solids = [
      ellipsoid(random, [0, 0, 0], [0.3, 0.2, 0.25], 4),
      bentTube(random, [0, 0, 0], 0.5, 0.1),
    ];
    for (const { inside, reach } of solids) {
      for (let k = 0; k < 2000; k++) {
        const [x, y, z] = [0, 0, 0].map(() => 2 * random() - 1);
        if (inside(x, y, z) > 0) ok(Math.hypot(x, y, z) <= reach);
      }
    }
  }
});
