// How good the masks of a clip are: each against its truth.
//
// IoU is the J of DAVIS, f its boundary measure F. As in DAVIS a sequence has
// the mean over its frames, a clip the mean over its objects; all frames count
// here, those that were clicked too. An empty mask is right where the object is
// not there, and any other is wrong.

import type { Bitmap } from "../base/image.ts";
import { startProgress } from "../base/progress.ts";
import { throwIfCancelled } from "../base/errors.ts";
import { createBitmap } from "../masks/bitmap.ts";
import { boundaryF, iou } from "../masks/metrics.ts";
import type { HasDb } from "../store/database.ts";
import { isReplaceable, listMasks, readMaskBitmap } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listFrames, type Sequence } from "../store/sequences.ts";
import type { WorkOptions } from "./import.ts";
import { readTruth, type Truth } from "./truth.ts";

/** One mask against its truth. */
export type FrameMeasure = {
  /** The number of the object. */
  readonly object: number;
  readonly frame: number;
  /** Intersection over union, J. */
  readonly iou: number;
  /** Agreement of the boundaries, F. */
  readonly f: number;
  /** What propagation thinks of the mask, 0 (sure) to 1; undefined where it made none. */
  readonly drift: number | undefined;
};

/** One object over all its frames. */
export type ObjectMeasure = {
  readonly object: number;
  readonly frames: number;
  readonly meanIou: number;
  readonly meanF: number;
  /** J&F: the mean of both. */
  readonly meanJF: number;
  readonly worstIou: number;
  readonly worstFrame: number;
};

/** A sequence in its store. */
export type StoredClip = {
  readonly store: HasDb;
  readonly sequence: Sequence;
};

/**
 * Compares the masks of every object with the truth, frame by frame.
 *
 * @param truth a file or folder, or what was read from it
 * @throws RangeError when the truth does not fit, or does not know an object
 */
export async function evaluateClip(
  { store, sequence }: StoredClip,
  truth: string | Truth,
  { onProgress, signal }: WorkOptions = {},
): Promise<readonly FrameMeasure[]> {
  const known = typeof truth === "string"
    ? await readTruthOf({ store, sequence }, truth)
    : truth;
  const objects = await listObjects(store, sequence.id);
  const unknown = objects.find(({ number }) => !known.objects.includes(number));
  if (unknown) {
    throw new RangeError(
      `Cannot measure object ${unknown.number}: the truth has objects ${
        known.objects.join(", ")
      }`,
    );
  }
  const total = objects.length * known.frames.length;
  const report = startProgress("measure", total, { onProgress });
  const rows: FrameMeasure[] = [];
  for (const { id, number } of objects) {
    const masks = await listMasks(store, sequence.id, { objectId: id });
    const found = new Map(masks.map((mask) => [mask.frame, mask]));
    for (const frame of known.frames) {
      throwIfCancelled(signal, `measuring at frame ${frame}`);
      const mask = found.get(frame);
      const bitmap = mask ? readMaskBitmap(mask) : createBitmap(sequence);
      const right = await known.maskAt(number, frame);
      const drift = mask && isReplaceable(mask) ? mask.drift : null;
      rows.push({
        object: number,
        frame,
        ...measureMask(right, bitmap),
        drift: drift ?? undefined,
      });
      report(rows.length);
    }
  }
  return rows;
}

/** Reads the truth of a stored sequence. */
export async function readTruthOf(
  { store, sequence }: StoredClip,
  path: string,
): Promise<Truth> {
  const infos = await listFrames(store, sequence.id);
  const { width, height, view: volume } = sequence;
  return await readTruth(path, { size: { width, height }, infos, volume });
}

/** The masks that a sequence has now, as the truth for another model. */
export async function truthOfMasks(
  { store, sequence }: StoredClip,
): Promise<Truth> {
  const numberOf = new Map(
    (await listObjects(store, sequence.id)).map((o) => [o.id, o.number]),
  );
  const masks = new Map(
    (await listMasks(store, sequence.id)).map((mask) => [
      `${numberOf.get(mask.objectId)} ${mask.frame}`,
      mask,
    ]),
  );
  return {
    objects: [...numberOf.values()],
    frames: Array.from({ length: sequence.frameCount }, (_, i) => i),
    maskAt(object, frame) {
      const mask = masks.get(`${object} ${frame}`);
      const bitmap = mask ? readMaskBitmap(mask) : createBitmap(sequence);
      return Promise.resolve(bitmap);
    },
  };
}

/** Means over the frames of every object. */
export function summariseMeasures(
  rows: readonly FrameMeasure[],
): readonly ObjectMeasure[] {
  return [...Map.groupBy(rows, ({ object }) => object)].map(([object, own]) => {
    const worst = own.reduce((a, b) => b.iou < a.iou ? b : a);
    const meanIou = meanOf(own.map(({ iou }) => iou));
    const meanF = meanOf(own.map(({ f }) => f));
    return {
      object,
      frames: own.length,
      meanIou,
      meanF,
      meanJF: (meanIou + meanF) / 2,
      worstIou: worst.iou,
      worstFrame: worst.frame,
    };
  });
}

/** The arithmetic mean; of nothing it is not a number. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function measureMask(truth: Bitmap, mask: Bitmap) {
  return { iou: iou(truth, mask), f: boundaryF(truth, mask) };
}
