import { deepEqual, equal, ok } from "node:assert/strict";
import { flatCanvas, flatField } from "../../lib/scenes/field.ts";
import { STILL } from "../../lib/scenes/motion.ts";
import {
  type Layers,
  placeThing,
  type Thing,
} from "../../lib/scenes/placing.ts";
import { SPRITE_CHANNELS, toSprite } from "../../lib/scenes/surface.ts";

Deno.test("placeThing() paints a red square where it is told, and marks it", () => {
  const layers = emptyLayers(8);
  placeThing(layers, square({ id: 3, x: 4, y: 3 }), STILL, 0);
  // 2 × 2 pixels around (4, 3): columns 3 and 4, rows 2 and 3.
  const marked = [...layers.identities.keys()]
    .filter((i) => layers.identities[i] === 3);
  deepEqual(marked, [2 * 8 + 3, 2 * 8 + 4, 3 * 8 + 3, 3 * 8 + 4]);
  for (const i of marked) equal(layers.canvas.data[3 * i], 1);
  equal(layers.canvas.data.reduce((sum, v) => sum + v, 0), 4);
  ok(layers.layer.every((value) => value === 0));
});

Deno.test("placeThing() moves with the camera, unless it is on the screen", () => {
  const camera = { ...STILL, dx: 2, zoom: 1 };
  const moved = emptyLayers(8);
  placeThing(moved, square({ id: 1, x: 4, y: 3 }), camera, 0);
  equal(moved.identities.indexOf(1), 2 * 8 + 5);
  const fixed = emptyLayers(8);
  const caption = { ...square({ id: 1, x: 4, y: 3 }), isOnScreen: true };
  placeThing(fixed, caption, camera, 0);
  equal(fixed.identities.indexOf(1), 2 * 8 + 3);
});

Deno.test("placeThing() hides what was there before, also for what is no object", () => {
  const layers = emptyLayers(8);
  placeThing(layers, square({ id: 1, x: 4, y: 3 }), STILL, 0);
  placeThing(layers, square({ id: 0, x: 4, y: 3 }), STILL, 0);
  ok(layers.identities.every((id) => id === 0));
});

function emptyLayers(side: number): Layers {
  return {
    canvas: flatCanvas(side, side, [0, 0, 0]),
    identities: new Uint8Array(side * side),
    layer: new Float32Array(side * side * SPRITE_CHANNELS),
  };
}

function square({ id, x, y }: { id: number; x: number; y: number }): Thing {
  const cover = flatField(2, 2, 1);
  return {
    sprite: toSprite(flatCanvas(2, 2, [1, 0, 0]), cover, cover),
    id,
    x,
    y,
    angle: 0,
    aspect: 1,
    path: () => STILL,
  };
}
