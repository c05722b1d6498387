// What the camera sees of a background: moved, turned, zoomed, mirrored beyond
// the border.

import type { Canvas } from "./field.ts";
import type { Pose } from "./motion.ts";

/** Copies the background as the camera sees it; beyond its border it is mirrored. */
export function placeBackground(
  background: Canvas,
  to: Canvas,
  camera: Pose,
) {
  const { width: n, data } = background;
  const { width, height } = to;
  const margin = (n - width) / 2;
  const [cos, sin] = [
    Math.cos(camera.angle) / camera.zoom,
    Math.sin(camera.angle) / camera.zoom,
  ];
  const isPlain = camera.angle === 0 && camera.zoom === 1 && camera.dx === 0 &&
    camera.dy === 0 && Number.isInteger(margin);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p += 3) {
      if (isPlain) {
        const i = 3 * ((y + margin) * n + x + margin);
        to.data[p] = data[i];
        to.data[p + 1] = data[i + 1];
        to.data[p + 2] = data[i + 2];
        continue;
      }
      const dx = x + 0.5 - width / 2 - camera.dx;
      const dy = y + 0.5 - height / 2 - camera.dy;
      const u = mirror(cos * dx + sin * dy + n / 2 - 0.5, n);
      const v = mirror(cos * dy - sin * dx + n / 2 - 0.5, n);
      const x0 = u | 0;
      const y0 = v | 0;
      const [tu, tv] = [u - x0, v - y0];
      const i = 3 * (y0 * n + x0);
      for (let c = i; c < i + 3; c++) {
        const above = data[c] + (data[c + 3] - data[c]) * tu;
        const k = c + 3 * n;
        const below = data[k] + (data[k + 3] - data[k]) * tu;
        to.data[p + c - i] = above + (below - above) * tv;
      }
    }
  }
}

/** Folds a coordinate back into 0 to n - 1. */
function mirror(x: number, n: number): number {
  const period = 2 * (n - 1);
  const folded = Math.abs(x) % period;
  const inside = folded > n - 1 ? period - folded : folded;
  return Math.min(inside, n - 1.001);
}
