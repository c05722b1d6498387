// The blocks of the Hiera trunk, one record each.
//
// Follows hieradet.py: the stage counter moves on only after a block has taken
// its window, so the first block of a stage still works in the previous
// stage's windows; there the channels and heads double and queries are pooled.

import type { TrunkConfig } from "../config.ts";

/** One block: its channels, heads and window (0 attends globally). */
export type TrunkBlock = {
  readonly index: number;
  readonly stage: number;
  readonly from: number;
  readonly to: number;
  readonly heads: number;
  readonly window: number;
  readonly isLastOfStage: boolean;
};

/** Lists the blocks of a trunk. */
export function trunkBlocks(trunk: TrunkConfig): readonly TrunkBlock[] {
  const stages = trunk.blocksPerStage.flatMap((blocks, stage) =>
    Array.from({ length: blocks }, () => stage)
  );
  return stages.map((stage, index) => {
    const previous = stages[index - 1] ?? 0;
    const isGlobal = trunk.globalAttentionBlocks.includes(index);
    return {
      index,
      stage,
      from: trunk.embedDim * 2 ** previous,
      to: trunk.embedDim * 2 ** stage,
      heads: trunk.firstHeads * 2 ** stage,
      window: isGlobal ? 0 : trunk.windowPerStage[previous],
      isLastOfStage: stages[index + 1] !== stage,
    };
  });
}
