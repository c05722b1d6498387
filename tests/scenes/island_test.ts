import { deepEqual, ok } from "node:assert/strict";
import { depthInside, largestIsland } from "../../lib/scenes/island.ts";
import { flatField } from "../../lib/scenes/field.ts";

Deno.test("largestIsland() keeps the largest part with its soft edge", () => {
  const cover = {
    width: 6,
    height: 2,
    data: Float32Array.of(1, 0, 0.3, 1, 1, 0.2, 1, 0, 0, 0.9, 0, 0),
  };
  const kept = [0, 0, 0.3, 1, 1, 0.2, 0, 0, 0, 0.9, 0, 0];
  deepEqual([...largestIsland(cover).data], [...Float32Array.from(kept)]);
});

Deno.test("largestIsland() of nothing is nothing", () => {
  deepEqual(largestIsland(flatField(3, 3)), flatField(3, 3));
});

Deno.test("depthInside() counts steps to the outside, which lies around the picture too", () => {
  const all = flatField(5, 5, 1);
  // deno-fmt-ignore
  deepEqual([...depthInside(all).data], [
    1, 1, 1, 1, 1,
    1, 2, 2, 2, 1,
    1, 2, 3, 2, 1,
    1, 2, 2, 2, 1,
    1, 1, 1, 1, 1,
  ]);
});

Deno.test("depthInside() of a disc is its radius in the middle, within a tenth", () => {
  const disc = flatField(61, 61);
  disc.data.forEach((_, i) => {
    const far = Math.hypot(i % 61 - 30, Math.floor(i / 61) - 30);
    disc.data[i] = far <= 25 ? 1 : 0;
  });
  const middle = depthInside(disc).data[30 * 61 + 30];
  ok(Math.abs(middle / 26 - 1) < 0.1, `${middle}`);
});
