// Verified masks as clips to learn from: frames at the side of the model, the
// number of the object at every pixel.
//
// Objects that overlap share their pixels as in any picture of numbers: the one
// with the higher number has them.

import type { RgbImage } from "../../base/image.ts";
import { rleToBitmap } from "../../masks/rle.ts";
import { resample } from "../../sam2/preprocess.ts";
import type { TrainingClip } from "../../sam2/training/training_clip.ts";
import type { PlannedFrame } from "../export/data_set.ts";

/** The verified frames of one sequence that lie in one part of the split. */
export type TuneSequence = {
  readonly id: number;
  readonly name: string;
  readonly patient: string;
  /** In the order of the sequence. */
  readonly frames: readonly PlannedFrame[];
};

/** Groups planned frames by sequence; frames without an object teach when something is gone. */
export function tuneSequences(
  frames: readonly PlannedFrame[],
): readonly TuneSequence[] {
  const groups = Map.groupBy(frames, ({ sequence }) => sequence.id);
  return [...groups.values()].flatMap((own) => {
    const { id, name, patient = "" } = own[0].sequence;
    const isUseful = own.some(({ masks }) => masks.length > 0);
    return isUseful ? [{ id, name, patient, frames: own }] : [];
  });
}

/** Reads frames of one sequence as a clip. */
export async function readTuneClip(
  frames: readonly PlannedFrame[],
  side: number,
): Promise<TrainingClip> {
  const images: Uint8Array[] = [];
  for (const { sequence, frame } of frames) {
    images.push(squeezed(await sequence.readImage(frame.index), side));
  }
  return { ...maskClip(frames, side), images };
}

/** The clip without its pixels, for frames whose features are known. */
export function maskClip(
  frames: readonly PlannedFrame[],
  side: number,
): TrainingClip {
  const identities = frames.map((frame) => identitiesOf(frame, side));
  return { side, images: [], identities };
}

/** The image as the model is shown it, rounded to whole values. */
function squeezed(image: RgbImage, side: number): Uint8Array {
  const { width, height, data } = image;
  const area = width * height;
  const planes = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) planes[c * area + i] = data[3 * i + c];
  }
  const size = { width: side, height: side };
  const small = resample(planes, { from: image, to: size });
  const out = new Uint8Array(side * side * 3);
  for (let i = 0; i < side * side; i++) {
    for (let c = 0; c < 3; c++) {
      const value = Math.round(small[c * side * side + i]);
      out[3 * i + c] = Math.min(Math.max(value, 0), 255);
    }
  }
  return out;
}

/** Every pixel takes what lies under its middle. */
function identitiesOf({ masks }: PlannedFrame, side: number): Uint8Array {
  const ids = new Uint8Array(side * side);
  for (const { rle, object } of masks) {
    const { width, height, data } = rleToBitmap(rle);
    for (let y = 0; y < side; y++) {
      const row = Math.floor((y + 0.5) * height / side) * width;
      for (let x = 0; x < side; x++) {
        const at = row + Math.floor((x + 0.5) * width / side);
        if (data[at]) ids[y * side + x] = identityOf(object);
      }
    }
  }
  return ids;
}

/** Object numbers above 255 wrap round, never to 0. */
function identityOf(object: number): number {
  return (object - 1) % 255 + 1;
}
