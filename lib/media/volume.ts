// A volume as Frames: one frame for each slice, grey through a window.
//
// Which way slices are cut and turned is said in volume_slices.ts. Without a
// window the values between the 0.5th and the 99.5th percentile become black to
// white, so that a few outliers do not darken everything; the window in use can
// be read from the frames. The volume stays in memory until it is closed.

import type { RgbImage } from "../base/image.ts";
import { checkFrameIndex, FOLDER_FPS, type Frames } from "./frames.ts";
import { readVolume, type Volume } from "./read_volume.ts";
import {
  type SliceStack,
  stackSlices,
  type VolumeAxis,
} from "./volume_slices.ts";

/** Which values become grey: `level` is the middle one, `width` from black to white. */
export type GreyWindow = { readonly level: number; readonly width: number };

/** How a volume is opened; what is left out is chosen from the volume itself. */
export type VolumeOptions = {
  /** Default the axis with the thickest slices, else z. */
  readonly axis?: VolumeAxis;
  readonly window?: GreyWindow;
};

/**
 * Opens a volume as a sequence of slices.
 *
 * @throws Error naming the file, RangeError for a window without width
 *
 * @example One slice of four voxels, in a file that is written here
 * ```ts
 * import { openVolume } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile({ suffix: ".nrrd" });
 * const header = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 1\nencoding: raw\n\n";
 * const voxels = Uint8Array.of(0, 10, 20, 30);
 * await Deno.writeFile(path, Uint8Array.of(...new TextEncoder().encode(header), ...voxels));
 *
 * const frames = await openVolume(path, { window: { level: 15, width: 30 } });
 * const { data } = await frames.read(0);
 * deepEqual([...data].filter((_, i) => i % 3 === 0), [0, 85, 170, 255]);
 * await frames.close();
 * await Deno.remove(path);
 * ```
 */
export async function openVolume(
  path: string,
  { axis, window }: VolumeOptions = {},
): Promise<Frames> {
  if (window && !(window.width > 0 && Number.isFinite(window.level))) {
    throw new RangeError(
      `Cannot open volume ${path}: its window has level ${window.level} and width ${window.width}, expected a width above 0`,
    );
  }
  const volume = await readVolume(path);
  const stack = stackSlices(volume, axis);
  return framesOf(volume.source, stack, window ?? windowOf(volume));
}

function framesOf(
  source: string,
  stack: SliceStack,
  window: GreyWindow,
): Frames {
  const { axis, count, size, spacingMm } = stack;
  const { level, width } = window;
  let isClosed = false;
  return {
    kind: "volume",
    source,
    size,
    count,
    fps: undefined,
    infos: Array.from({ length: count }, (_, index) => (
      { index, timeMs: index * 1000 / FOLDER_FPS, name: "" }
    )),
    volume: { axis, spacingMm, level, width },
    async read(index) {
      checkFrameIndex(index, count, source);
      if (isClosed) throw new Error(`The volume is closed: ${source}`);
      return await Promise.resolve(toGrey(stack.read(index), size, window));
    },
    again: () => Promise.resolve(framesOf(source, stack, window)),
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
}

/** Values as grey: black below the window, white above it, even steps between. */
function toGrey(
  values: Float64Array,
  { width, height }: Frames["size"],
  window: GreyWindow,
): RgbImage {
  const low = window.level - window.width / 2;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < values.length; i++) {
    const share = (values[i] - low) / window.width;
    // a value that is no number is black
    const grey = share > 0 ? Math.round(Math.min(share, 1) * 255) : 0;
    data.fill(grey, 3 * i, 3 * i + 3);
  }
  return { width, height, data };
}

const sampled = 1 << 20; // a million voxels tell the percentiles well enough

/** The window from the 0.5th to the 99.5th percentile; of a volume with one value, 1 wide. */
export function windowOf({ data }: Volume): GreyWindow {
  const step = Math.max(1, Math.floor(data.length / sampled));
  const values = new Float64Array(Math.ceil(data.length / step));
  let count = 0;
  for (let i = 0; i < data.length; i += step) {
    if (Number.isFinite(data[i])) values[count++] = data[i];
  }
  if (count === 0) return { level: 0, width: 1 };
  const sorted = values.subarray(0, count).sort();
  const at = (share: number) => sorted[Math.round(share * (count - 1))];
  const [low, high] = [at(0.005), at(0.995)];
  return { level: (low + high) / 2, width: high > low ? high - low : 1 };
}
