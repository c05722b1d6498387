// The batches of an epoch: which images, in which order, changed how.
//
// Everything follows from the seed, the epoch and the place in it, so that a
// run that was interrupted goes on as if it had not been. An epoch is filled up
// with images from its start, so that all batches have one size.

import { hashText, type Random, seededRandom } from "../../base/random.ts";
import type { Label } from "../detection.ts";
import { augment } from "./augment.ts";
import { type Batch, makeBatch } from "./batch.ts";
import type { SampleLoader, TrainingSample } from "./sample.ts";
import type { TrainSettings } from "./settings.ts";

/** Images to choose mosaic partners from. */
const mostPartners = 1000;

/** Makes the batches of a run. */
export type BatchMaker = {
  readonly batchesPerEpoch: number;
  make(epoch: number, at: number): Promise<Batch>;
};

/** Makes a maker of batches over samples. */
export function batchMaker(
  samples: readonly TrainingSample[],
  { load, settings, classCount }: {
    readonly load: SampleLoader;
    readonly settings: TrainSettings;
    readonly classCount: number;
  },
): BatchMaker {
  const { batch, side, seed, epochs, closeMosaic, task } = settings;
  const orders = new Map<number, readonly number[]>();
  const orderOf = (epoch: number) => {
    const order = orders.get(epoch) ??
      shuffled(
        samples.length,
        seededRandom(hashText(`order ${seed} ${epoch}`)),
      );
    orders.clear(); // the one before comes once more at most
    orders.set(epoch, order);
    return order;
  };
  const reach = Math.min(samples.length, 8 * batch, mostPartners);

  const makeImage = async (epoch: number, at: number, planes: Float32Array) => {
    const order = orderOf(epoch);
    const random = seededRandom(hashText(`image ${seed} ${epoch} ${at}`));
    const isClosed = epoch >= epochs - closeMosaic;
    const amounts = isClosed
      ? { ...settings.augmentation, mosaic: 0 }
      : settings.augmentation;
    // a partner is one of the images before this one, the epoch taken as a ring
    const partner = () => {
      const back = Math.floor(random() * reach);
      const from = (at - back + 2 * order.length) % order.length;
      return load(samples[order[from]]);
    };
    const sample = await load(samples[order[at % order.length]]);
    const { image, labels } = await augment(sample, {
      side,
      amounts,
      random,
      partner,
    });
    toPlanes(image.data, planes);
    return labels;
  };

  return {
    batchesPerEpoch: Math.ceil(samples.length / batch),
    make: async (epoch, number) => {
      const area = 3 * side * side;
      const images = new Float32Array(batch * area);
      const labels: (readonly Label[])[] = [];
      for (let i = 0; i < batch; i++) {
        const planes = images.subarray(i * area, (i + 1) * area);
        labels.push(await makeImage(epoch, number * batch + i, planes));
      }
      return makeBatch(images, {
        labels,
        classCount,
        width: side,
        height: side,
        hasMasks: task === "segment",
      });
    },
  };
}

/** Bytes of RGB pixels as three planes of 0..1. */
export function toPlanes(data: Uint8Array, planes: Float32Array) {
  const area = data.length / 3;
  for (let i = 0, at = 0; i < area; i++) {
    planes[i] = data[at++] / 255;
    planes[area + i] = data[at++] / 255;
    planes[2 * area + i] = data[at++] / 255;
  }
}

/** 0 to count − 1 in a random order (Fisher and Yates). */
function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
