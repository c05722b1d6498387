// Prompts as people give them, and as the network wants them.

import type { Bitmap } from "../base/image.ts";
import type { Box, Size } from "../base/tensor.ts";
import type { Click } from "../masks/next_click.ts";
import type { DecoderPrompt } from "./engine.ts";
import { resample } from "./preprocess.ts";

/** Clicks and at most one box for one object on one frame. */
export type PointPrompt = {
  readonly clicks: readonly Click[];
  readonly box?: Box;
};

type ModelPoints = DecoderPrompt["points"];

/**
 * Points in pixels of the network's input, the corners of the box first.
 *
 * x and y are scaled separately, since frames are squeezed to a square.
 */
export function toModelPoints(
  { clicks, box }: PointPrompt,
  { frame, side }: { readonly frame: Size; readonly side: number },
): ModelPoints {
  const place = (x: number, y: number, label: number) => ({
    x: x / frame.width * side,
    y: y / frame.height * side,
    label,
  });
  const corners = box
    ? [place(box.x0, box.y0, 2), place(box.x1, box.y1, 3)]
    : [];
  const points = clicks.map(({ x, y, sign }) =>
    place(x, y, sign === "+" ? 1 : 0)
  );
  return [...corners, ...points];
}

const padding = { x: 0, y: 0, label: -1 };

/** The points with the padding that the official prompt encoder appends; none at all becomes two. */
export function padPoints(points: ModelPoints): ModelPoints {
  return points.length === 0 ? [padding, padding] : [...points, padding];
}

/**
 * A mask prompt at the input size, 0 or 1: resized with antialiasing, then cut
 * at one half.
 *
 * @returns `[side · side]`
 */
export function toModelMask(mask: Bitmap, side: number): Float32Array {
  const square = { width: side, height: side };
  const values = Float32Array.from(mask.data);
  const isRightSize = mask.width === side && mask.height === side;
  const resized = isRightSize
    ? values
    : resample(values, { from: mask, to: square });
  return resized.map((value) => value >= 0.5 ? 1 : 0);
}
