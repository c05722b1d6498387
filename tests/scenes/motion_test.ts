import { deepEqual, ok } from "node:assert/strict";
import { seededRandom } from "../../lib/base/random.ts";
import {
  drawCameraPath,
  drawPassing,
  drawThingPath,
  STILL,
} from "../../lib/scenes/motion.ts";

const plain = (pose: typeof STILL) =>
  Object.values(pose).map((value) => value + 0); // -0 becomes 0

Deno.test("drawCameraPath() and drawThingPath() start where they are", () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = seededRandom(seed);
    const camera = drawCameraPath(random, 128, 8);
    const thing = drawThingPath(random, { sidePx: 128, frames: 8 });
    deepEqual(plain(camera(0)), plain(STILL));
    deepEqual(plain(thing(0)), plain(STILL));
  }
});

Deno.test("drawThingPath() leaves fixed things nearly where they grow, mostly", () => {
  const far = (isFixed: boolean) => {
    const ways = Array.from({ length: 100 }, (_, seed) => {
      const path = drawThingPath(seededRandom(seed), {
        sidePx: 128,
        frames: 8,
        isFixed,
      });
      const { dx, dy } = path(7);
      return Math.hypot(dx, dy);
    }).sort((a, b) => a - b);
    return ways[50];
  };
  ok(far(true) < 8, `${far(true)}`);
  ok(far(false) > 2 * far(true), `${far(false)}`);
});

Deno.test("drawPassing() comes from outside and goes there", () => {
  for (let seed = 0; seed < 30; seed++) {
    const path = drawPassing(seededRandom(seed), 100, 12);
    const away = [0, 11].map((t) => Math.hypot(path(t).dx, path(t).dy));
    const near = Array.from(
      { length: 12 },
      (_, t) => Math.hypot(path(t).dx, path(t).dy),
    );
    ok(Math.max(...away) > 100, `${away}`);
    ok(Math.min(...near) < 35, `${near}`);
  }
});
