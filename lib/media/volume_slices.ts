// Slices of a volume, turned as a radiologist looks at them.
//
// Axes are those of the patient: x from right to left, y from front to back, z
// from feet to head. A slice across z has the patient's right on the left and
// the front at the top; across y the right on the left and the head at the top;
// across x the front on the left and the head at the top. Slices are counted
// along their axis. Voxels are turned and mirrored, never resampled: of a volume
// that lies askew, each axis stands for the one of the patient it is nearest to.

import type { Size } from "../base/tensor.ts";
import type { Volume } from "./read_volume.ts";

/** An axis of the patient, across which slices are cut. */
export type VolumeAxis = "x" | "y" | "z";

/** How one axis of the patient runs through the voxels of the file. */
type Run = {
  readonly count: number;
  readonly spacingMm: number;
  /** From one voxel to the next, in the order of the file. */
  readonly step: number;
  /** Where the first voxel lies. */
  readonly start: number;
};

/** The slices across one axis. */
export type SliceStack = {
  readonly axis: VolumeAxis;
  readonly count: number;
  readonly size: Size;
  /** From pixel to pixel along a row and a column, and from slice to slice. */
  readonly spacingMm: {
    readonly row: number;
    readonly column: number;
    readonly slice: number;
  };
  /** Copies the values of a slice, row by row. */
  read(index: number): Float64Array;
};

/** Cuts a volume into slices; by default across the axis with the thickest ones, else z. */
export function stackSlices(
  volume: Volume,
  axis: VolumeAxis = thickestAxis(volume),
): SliceStack {
  const { x, y, z } = patientAxes(volume);
  const [row, column, slice] = axis === "z"
    ? [x, y, z]
    : axis === "y"
    ? [x, reversed(z), y]
    : [y, reversed(z), x];
  const size = { width: row.count, height: column.count };
  return {
    axis,
    count: slice.count,
    size,
    spacingMm: {
      row: row.spacingMm,
      column: column.spacingMm,
      slice: slice.spacingMm,
    },
    read(index) {
      const values = new Float64Array(size.width * size.height);
      const first = slice.start + index * slice.step + row.start + column.start;
      for (let i = 0, h = 0; h < size.height; h++) {
        let at = first + h * column.step;
        for (let w = 0; w < size.width; w++, at += row.step) {
          values[i++] = volume.data[at];
        }
      }
      return values;
    },
  };
}

/** The axis along which voxels are longest; z unless another one is longer by a hundredth. */
export function thickestAxis(volume: Volume): VolumeAxis {
  const { x, y, z } = patientAxes(volume);
  const margin = 1.01; // rounding in headers is no difference
  if (y.spacingMm > x.spacingMm && y.spacingMm > z.spacingMm * margin) {
    return "y";
  }
  return x.spacingMm > z.spacingMm * margin ? "x" : "z";
}

function patientAxes(
  { size, spacingMm, direction }: Volume,
): Readonly<Record<VolumeAxis, Run>> {
  const strides = [1, size[0], size[0] * size[1]];
  const along = (patientAxis: number, fileAxis: number) =>
    direction[patientAxis * 3 + fileAxis];
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [
    2,
    1,
    0,
  ]];
  const fit = (order: readonly number[]) =>
    order.reduce((sum, file, patient) => sum + along(patient, file) ** 2, 0);
  const nearest = orders.reduce((a, b) => fit(b) > fit(a) ? b : a);
  const [x, y, z] = nearest.map((file, patient): Run => {
    const run = {
      count: size[file],
      spacingMm: spacingMm[file],
      step: strides[file],
      start: 0,
    };
    return along(patient, file) < 0 ? reversed(run) : run;
  });
  return { x, y, z };
}

function reversed({ count, spacingMm, step, start }: Run): Run {
  return { count, spacingMm, step: -step, start: start + (count - 1) * step };
}
