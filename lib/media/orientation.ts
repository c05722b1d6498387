// Turning pictures upright: the eight ways a camera can be held.

import type { RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";

/**
 * Where a stored pixel is shown: `x' = a x + c y`, `y' = b x + d y`, each
 * number -1, 0 or 1 and then moved back into the picture.
 */
export type Orientation = {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
};

/**
 * Reads FFmpeg's display matrix: nine native 32-bit integers, `a b u c d v x y w`.
 *
 * @returns undefined when the matrix changes nothing, or is no multiple of 90
 * degrees (such videos are shown as they are stored)
 */
export function parseDisplayMatrix(bytes: Uint8Array): Orientation | undefined {
  if (bytes.length < 36) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 36);
  const [a, b, c, d] = [0, 4, 12, 16].map((at) =>
    view.getInt32(at, true) / 0x10000
  );
  const isUnit = (value: number) => value === 0 || Math.abs(value) === 1;
  if (![a, b, c, d].every(isUnit)) return undefined;
  if (Math.abs(a * d - b * c) !== 1) return undefined;
  return a === 1 && d === 1 ? undefined : { a, b, c, d };
}

/** The size a picture has once it is turned. */
export function orientedSize(
  { width, height }: Size,
  orientation: Orientation | undefined,
): Size {
  const swaps = orientation !== undefined && orientation.a === 0;
  return swaps ? { width: height, height: width } : { width, height };
}

/** Turns a picture upright. */
export function orientImage(
  image: RgbImage,
  orientation: Orientation | undefined,
): RgbImage {
  if (orientation === undefined) return image;
  const { a, b, c, d } = orientation;
  const size = orientedSize(image, orientation);
  const left = a + c < 0 ? size.width - 1 : 0;
  const top = b + d < 0 ? size.height - 1 : 0;
  const data = new Uint8Array(image.data.length);

  let from = 0;
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      const to = 3 *
        ((b * x + d * y + top) * size.width + a * x + c * y + left);
      data[to] = image.data[from++];
      data[to + 1] = image.data[from++];
      data[to + 2] = image.data[from++];
    }
  }
  return { ...size, data };
}
