// One object a pixel: where masks overlap, the one with the highest logit stays.
//
// Follows _apply_non_overlapping_constraints of sam2_base.py in
// facebookresearch/sam2 at 2b90b9f.

const suppressedLogit = -10; // a sigmoid of 0.00005

/**
 * Keeps at each pixel the logits of the highest object, the first of equal
 * ones; those of the others become −10 where they are higher.
 *
 * @param logits of each object, all of one size
 *
 * @example Two objects on two pixels
 * ```ts
 * import { suppressOverlap } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const [a, b] = suppressOverlap([Float32Array.of(3, -20), Float32Array.of(2, 4)]);
 * deepEqual([...a, ...b], [3, -20, -10, 4]);
 * ```
 */
export function suppressOverlap(
  logits: readonly Float32Array[],
): readonly Float32Array[] {
  const first = logits[0];
  if (logits.some(({ length }) => length !== first.length)) {
    throw new RangeError(
      `Cannot compare objects: their logits are ${
        logits.map(({ length }) => length)
      } long`,
    );
  }
  const kept = logits.map((object) => object.slice());
  for (let i = 0; i < (first?.length ?? 0); i++) {
    let best = 0;
    for (let n = 1; n < logits.length; n++) {
      if (logits[n][i] > logits[best][i]) best = n;
    }
    for (let n = 0; n < kept.length; n++) {
      if (n !== best) kept[n][i] = Math.min(kept[n][i], suppressedLogit);
    }
  }
  return kept;
}
