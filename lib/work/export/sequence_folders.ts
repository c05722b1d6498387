// A folder for each sequence, for formats that keep videos: the parts of a
// sequence that was cut in time have one each.

import type { ExportSequence, PlannedFrame } from "./data_set.ts";
import { sequenceStem } from "./plan.ts";

/** Names the folder of every frame's sequence. */
export function nameFolders(
  frames: readonly PlannedFrame[],
): (frame: PlannedFrame) => string {
  const parts = new Map<ExportSequence, Set<string>>();
  for (const { sequence, split } of frames) {
    parts.set(sequence, (parts.get(sequence) ?? new Set()).add(split));
  }
  return ({ sequence, split }) => {
    const isCut = (parts.get(sequence)?.size ?? 0) > 1;
    return sequenceStem(sequence) + (isCut ? `_${split}` : "");
  };
}
