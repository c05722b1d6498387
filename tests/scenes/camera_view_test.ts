import { deepEqual, ok } from "node:assert/strict";
import { placeBackground } from "../../lib/scenes/camera_view.ts";
import { flatCanvas } from "../../lib/scenes/field.ts";
import { STILL } from "../../lib/scenes/motion.ts";

Deno.test("placeBackground() turns a quarter with the camera", () => {
  const background = flatCanvas(4, 4, [0, 0, 0]);
  background.data[3 * (0 * 4 + 1)] = 1; // x 1, y 0
  const to = flatCanvas(4, 4, [0, 0, 0]);
  placeBackground(background, to, { ...STILL, angle: Math.PI / 2 });
  // Around the middle (2, 2), centre (1.5, 0.5) goes to (3.5, 1.5).
  ok(Math.abs(to.data[3 * (1 * 4 + 3)] - 1) < 0.01);
});

Deno.test("placeBackground() shows the middle of a larger background, mirrored beyond it", () => {
  const background = flatCanvas(4, 4, [0, 0, 0]);
  background.data.forEach((_, p) => background.data[p] = Math.floor(p / 3) % 4);
  const to = flatCanvas(2, 2, [0, 0, 0]);
  const columns = () => [to.data[0], to.data[3]];
  placeBackground(background, to, STILL);
  deepEqual(columns(), [1, 2]);
  // Two pixels to the right, the last one lies a step outside.
  placeBackground(background, to, { ...STILL, dx: -2 });
  deepEqual(columns().map(Math.round), [3, 2]);
});
