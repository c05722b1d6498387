// The plan of one object from the start, over all frames and in both directions.

import {
  emptyGap,
  listGaps,
  planGap,
  planSteps,
  type Step,
} from "../../lib/propagate/plan.ts";

/** Plans all frames of an object between its conditions. */
export function planWhole(
  object: number,
  conditions: readonly number[],
  frameCount: number,
): readonly Step[] {
  const range = { from: 0, to: frameCount - 1 };
  const passes = listGaps(object, conditions, range).flatMap((gap) =>
    planGap(gap, emptyGap(gap), { direction: "both", agreement: true })
  );
  return planSteps(passes);
}
