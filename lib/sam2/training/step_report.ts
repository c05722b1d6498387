// What a step tells about itself: its losses, and how good the masks were.

import type { Bitmap } from "../../base/image.ts";
import type { Tensor } from "../../base/tensor.ts";
import { iou } from "../../masks/metrics.ts";

/** Means over the passes of a step. */
export type StepReport = {
  readonly loss: number;
  readonly focal: number;
  readonly dice: number;
  readonly iou: number;
  readonly objectScore: number;
  /** The mean IoU of the masks after every pass. */
  readonly iouByPass: readonly number[];
};

/** Gathers the losses of decoder runs. */
export function startReport() {
  const names = ["loss", "loss focal", "loss dice", "loss iou"];
  names.push("loss objectScore");
  const sums = names.map(() => 0);
  let count = 0;
  const iouByPass: number[] = [];
  return {
    addLosses(found: Readonly<Record<string, Tensor>>) {
      names.forEach((name, i) => sums[i] += found[name].data[0]);
      count++;
    },
    addIou(value: number) {
      iouByPass.push(value);
    },
    end(): StepReport {
      const [loss, focal, dice, iou, objectScore] = sums.map((sum) =>
        sum / count
      );
      return { loss, focal, dice, iou, objectScore, iouByPass };
    },
  };
}

/** The mean IoU over the objects that are there. */
export function meanIou(
  found: readonly Bitmap[],
  truths: readonly Bitmap[],
): number {
  const values = truths.flatMap((truth, i) =>
    truth.data.includes(1) ? [iou(truth, found[i])] : []
  );
  if (values.length === 0) return Number.NaN;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
