// A batch as the modules take it: images of one frame, and the objects asked for.

import type { Bitmap } from "../../base/image.ts";
import type { Random } from "../../base/random.ts";
import type { Tensor } from "../../base/tensor.ts";
import {
  halfMask,
  type TrainingClip,
  visibleObjects,
} from "./training_clip.ts";

/** Clips with the objects that are asked for, the same number in each. */
export type Sam2Batch = {
  readonly side: number;
  readonly clips: readonly TrainingClip[];
  /** For every clip. */
  readonly objects: readonly (readonly number[])[];
};

/** Chooses objects of every clip, larger ones more often; one may come twice. */
export function makeBatch(
  clips: readonly TrainingClip[],
  objectsPerClip: number,
  random: Random,
): Sam2Batch {
  return {
    side: clips[0].side,
    clips,
    objects: clips.map((clip) => chooseObjects(clip, objectsPerClip, random)),
  };
}

function chooseObjects(
  clip: TrainingClip,
  count: number,
  random: Random,
): number[] {
  const rest = visibleObjects(clip).map(({ id, areaPx }) => ({
    id,
    weight: Math.sqrt(areaPx),
  }));
  const all = [...rest];
  return Array.from({ length: count }, () => {
    const from = rest.length > 0 ? rest : all;
    const total = from.reduce((sum, { weight }) => sum + weight, 0);
    let at = random() * total;
    let i = 0;
    while (i < from.length - 1 && at >= from[i].weight) at -= from[i++].weight;
    const { id } = from[i];
    if (rest.length > 0) rest.splice(i, 1);
    return id;
  });
}

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

/** The images of a frame, `[I, 3, side, side]`, normalised. */
export function batchImages(
  { side, clips }: Sam2Batch,
  frame: number,
): Tensor {
  const area = side * side;
  const data = new Float32Array(clips.length * 3 * area);
  clips.forEach(({ images }, n) => {
    const pixels = images[frame];
    for (let c = 0; c < 3; c++) {
      const at = (n * 3 + c) * area;
      const scale = 1 / (255 * deviation[c]);
      const offset = mean[c] / deviation[c];
      for (let i = 0; i < area; i++) {
        data[at + i] = pixels[3 * i + c] * scale - offset;
      }
    }
  });
  return { dims: [clips.length, 3, side, side], data };
}

/** The true masks of a frame at half the side, one for every object of every clip. */
export function batchTruths(
  { side, clips, objects }: Sam2Batch,
  frame: number,
): readonly Bitmap[] {
  const half = side / 2;
  return clips.flatMap((clip, i) =>
    objects[i].map((id) => ({
      width: half,
      height: half,
      data: halfMask(clip, frame, id),
    }))
  );
}

const leastPixels = 4; // of a mask at half the side that counts as there

/** What the loss compares with. */
export function targetTensors(truths: readonly Bitmap[]): {
  readonly target: Tensor;
  readonly isPresent: Tensor;
} {
  const { width, height } = truths[0];
  const target = new Float32Array(truths.length * width * height);
  truths.forEach(({ data }, i) => target.set(data, i * width * height));
  return {
    target: { dims: [truths.length, 1, height, width], data: target },
    isPresent: {
      dims: [truths.length, 1],
      data: Float32Array.from(truths, ({ data }) => {
        const area = data.reduce((sum, value) => sum + value, 0);
        return area >= leastPixels ? 1 : 0;
      }),
    },
  };
}
