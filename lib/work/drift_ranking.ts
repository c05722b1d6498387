// Whether drift finds the masks that are wrong: its order against the truth's.

/** A mask whose IoU with the truth is known. */
export type RankedMask = { readonly drift: number; readonly iou: number };

/** How well drift ranks. */
export type DriftRanking = {
  readonly masks: number;
  /** Masks with an IoU below `enough`. */
  readonly wrong: number;
  /** How many of the tenth with the highest drift are wrong, 0..1. */
  readonly precisionAtTenth: number;
  /**
   * Area under ROC: how often, of a wrong mask and a right one, the wrong one has
   * the higher drift. 0.5 is chance; undefined where all are right, or all wrong.
   */
  readonly auc: number | undefined;
};

/**
 * Ranks masks by drift and counts how many wrong ones come first.
 *
 * @param options.enough the IoU below which a mask is wrong
 *
 * @example The wrong mask has the higher drift
 * ```ts
 * import { rankDrift } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const masks = [{ drift: 0.9, iou: 0.4 }, { drift: 0.1, iou: 0.9 }];
 * equal(rankDrift(masks).auc, 1);
 * ```
 */
export function rankDrift(
  masks: readonly RankedMask[],
  { enough = 0.75 }: { enough?: number } = {},
): DriftRanking {
  const isWrong = ({ iou }: RankedMask) => iou < enough;
  const wrong = masks.filter(isWrong);
  const right = masks.filter((mask) => !isWrong(mask));
  const worst = masks.toSorted((a, b) => b.drift - a.drift)
    .slice(0, Math.max(1, Math.round(masks.length / 10)));
  let pairs = 0;
  for (const a of wrong) {
    for (const b of right) {
      pairs += a.drift > b.drift ? 1 : a.drift === b.drift ? 0.5 : 0;
    }
  }
  const count = wrong.length * right.length;
  return {
    masks: masks.length,
    wrong: wrong.length,
    precisionAtTenth: worst.filter(isWrong).length / Math.max(1, worst.length),
    auc: count > 0 ? pairs / count : undefined,
  };
}
