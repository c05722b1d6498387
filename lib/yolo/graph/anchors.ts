// Anchors: the centres of all cells of the head's maps.
//
// Fine to coarse, row by row; coordinates count cells of their own map.

import type { Size } from "../../base/tensor.ts";

/** The anchors of an input size, as columns. */
export type Anchors = {
  /** In cells. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Pixels of the input in a cell. */
  readonly stride: Float32Array;
};

/** Lists the anchors of maps that belong to an input of the given width. */
export function anchorsOf(maps: readonly Size[], widthPx: number): Anchors {
  const count = maps.reduce(
    (sum, { width, height }) => sum + width * height,
    0,
  );
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  const stride = new Float32Array(count);
  let i = 0;
  for (const { width, height } of maps) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++, i++) {
        x[i] = column + 0.5;
        y[i] = row + 0.5;
        stride[i] = widthPx / width;
      }
    }
  }
  return { x, y, stride };
}
