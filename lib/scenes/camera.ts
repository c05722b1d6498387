// How the endoscope moves over the wall, and how the wall moves by itself.

import type { Point } from "../base/tensor.ts";

/** The camera at one moment. */
export type Camera = {
  readonly centre: Point;
  readonly zoom: number;
  readonly turn: number;
  readonly timeS: number;
};

/** A slow drift, a slow approach, and the unrest of a hand. */
export function cameraAt(timeS: number): Camera {
  return {
    centre: {
      x: 0.045 * Math.sin(timeS * 0.9) + 0.006 * Math.sin(timeS * 5.3),
      y: 0.03 * Math.sin(timeS * 0.7 + 0.6) - 0.015 +
        0.005 * Math.sin(timeS * 6.1 + 1),
    },
    zoom: 1 + 0.035 * timeS + 0.012 * Math.sin(timeS * 2.3),
    turn: 0.05 * Math.sin(timeS * 0.8),
    timeS,
  };
}

/** Returns the function that finds the place of the wall seen at a place of the picture. */
export function wallFinder({ centre, zoom, turn, timeS }: Camera) {
  const c = Math.cos(turn) / zoom;
  const s = Math.sin(turn) / zoom;
  return (x: number, y: number, out: { x: number; y: number }) => {
    const wallX = centre.x + c * x - s * y;
    const wallY = centre.y + s * x + c * y;
    // A slow wave runs through the wall.
    out.x = wallX + 0.007 * Math.sin(7 * wallY + 2.4 * timeS);
    out.y = wallY + 0.007 * Math.sin(6 * wallX - 2.1 * timeS + 1);
  };
}
