// Which of the decoder's four masks counts.
//
// Follows mask_decoder.py (dynamic multimask via stability) and
// _forward_sam_heads of sam2_base.py in facebookresearch/sam2 at 2b90b9f.

import type { DecoderOutput } from "./engine.ts";

/** One mask of the decoder with what belongs to it. */
export type ChosenMask = {
  /** Logits `[side/4 · side/4]`. */
  readonly lowRes: Float32Array;
  /** Predicted IoU, 0..1. */
  readonly iou: number;
  /** `[C]` */
  readonly pointer: Float32Array;
};

/** The logits that stand for "nothing here". */
export const absentLogit = -1024;

const stabilityDelta = 0.05;
const stabilityThreshold = 0.98;

/**
 * Chooses one mask: with `multimask` the best of the last three, otherwise the
 * first, replaced (all but its pointer) by the best of three when unstable.
 */
export function chooseMask(
  output: DecoderOutput,
  { multimask }: { readonly multimask: boolean },
): ChosenMask {
  const best = bestOfThree(output.ious);
  const first = maskOf(output, 0);
  const isStable = stability(first) >= stabilityThreshold;
  const index = multimask || !isStable ? best : 0;
  return {
    lowRes: maskOf(output, index),
    iou: output.ious[index],
    pointer: pointerOf(output, multimask ? best : 0),
  };
}

/** Mask `index` of the four. */
export function maskOf(
  { masks }: DecoderOutput,
  index: number,
): Float32Array {
  const area = masks.data.length / 4;
  return masks.data.slice(index * area, (index + 1) * area);
}

function pointerOf({ pointers }: DecoderOutput, index: number): Float32Array {
  const c = pointers.dims[1];
  return pointers.data.slice(index * c, (index + 1) * c);
}

function bestOfThree(ious: readonly number[]): number {
  return [2, 3].reduce((best, i) => ious[i] > ious[best] ? i : best, 1);
}

/** How little the mask changes when its threshold moves: the IoU of both cuts, 1 when both are empty. */
export function stability(
  logits: Float32Array,
  { delta = stabilityDelta, threshold = 0 }: {
    delta?: number;
    threshold?: number;
  } = {},
): number {
  const high = threshold + delta;
  const low = threshold - delta;
  let inner = 0;
  let outer = 0;
  for (const logit of logits) {
    if (logit > high) inner++;
    if (logit > low) outer++;
  }
  return outer === 0 ? 1 : inner / outer;
}
