// The shared words for numbers in space: tensors, sizes, points, boxes.
//
// A tensor is plain data: row-major values and their dimensions. Axes live in
// the type where they help, and in the name where they do not (masksBNHW).

/** Row-major values with their dimensions. */
export type Tensor<
  Dims extends readonly number[] = readonly number[],
  Data = Float32Array,
> = {
  readonly dims: Dims;
  readonly data: Data;
};

/** Width and height, in pixels. */
export type Size = { readonly width: number; readonly height: number };

/** A place in a frame, in pixels; (0, 0) is the top left corner of the top left pixel. */
export type Point = { readonly x: number; readonly y: number };

/** A box in pixels, `x0 <= x < x1` and `y0 <= y < y1`. */
export type Box = {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
};

/** The number of values that dimensions hold. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
