// A label volume as the truth of a volume: every number above 0 is an object.
//
// Both are cut and turned in the same way, so that a label volume may be stored
// in another orientation than the volume it belongs to. It has to have as many
// voxels; all slices are known, those without an object too.

import type { Bitmap } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { createBitmap } from "../masks/bitmap.ts";
import { readVolume } from "../media/read_volume.ts";
import {
  type SliceStack,
  stackSlices,
  type VolumeAxis,
} from "../media/volume_slices.ts";

/** The slices that labels have to fit. */
export type LabelledSlices = {
  readonly size: Size;
  readonly count: number;
  readonly axis: VolumeAxis;
};

/**
 * Reads the objects of a label volume.
 *
 * @throws RangeError when it has another size, or values that are no numbers of objects
 */
export async function readVolumeTruth(path: string, slices: LabelledSlices) {
  const volume = await readVolume(path);
  const stack = stackSlices(volume, slices.axis);
  requireFits(path, stack, slices);
  const objects = new Set<number>();
  for (const value of volume.data) {
    if (value !== 0 && !(Number.isInteger(value) && value > 0)) {
      throw new RangeError(
        `Cannot read truth ${path}: it has the value ${value}, expected whole numbers of objects, 0 where there is none`,
      );
    }
    if (value > 0) objects.add(value);
  }
  return {
    objects: [...objects].sort((a, b) => a - b),
    frames: Array.from({ length: stack.count }, (_, i) => i),
    maskAt(object: number, frame: number): Promise<Bitmap> {
      const bitmap = createBitmap(stack.size);
      const values = stack.read(frame);
      for (let i = 0; i < values.length; i++) {
        if (values[i] === object) bitmap.data[i] = 1;
      }
      return Promise.resolve(bitmap);
    },
  };
}

function requireFits(
  path: string,
  { size, count }: SliceStack,
  expected: LabelledSlices,
) {
  const isSame = size.width === expected.size.width &&
    size.height === expected.size.height && count === expected.count;
  if (isSame) return;
  throw new RangeError(
    `Cannot read truth ${path}: it has ${count} slices of ${size.width}x${size.height} across ${expected.axis}, ` +
      `the volume ${expected.count} of ${expected.size.width}x${expected.size.height}`,
  );
}
