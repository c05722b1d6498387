// Leaks between the parts of a data set: shared patients and shared pixels.

import type { PlannedFrame } from "./data_set.ts";
import { isPlain } from "./image_hash.ts";
import { groupOf, type Split } from "./split.ts";

/** Throws when parts share a patient or a frame; counts what a forced cut in time shares. */
export async function findLeaks(
  frames: readonly PlannedFrame[],
  split: Split,
): Promise<number> {
  const leaks: [PlannedFrame, PlannedFrame][] = [];
  for (const [a, b] of listDuplicates(frames)) {
    // Black frames before the light is on are alike and tell nothing.
    if (!isPlain(await b.sequence.readImage(b.frame.index))) leaks.push([a, b]);
  }
  if (split.kind === "time") return leaks.length;
  const shared = countSharedPatients(frames);
  if (shared > 0) {
    throw new Error(`Cannot export: ${shared} patients would be in two parts`);
  }
  if (leaks.length === 0) return 0;
  const [[a, b]] = leaks;
  throw new Error(
    `Cannot export: ${leaks.length} frames of one part have the same pixels as frames of another, ` +
      `first ${a.stem} in ${a.split} and ${b.stem} in ${b.split}. ` +
      "Give the sequences one patient code, or leave one of them out",
  );
}

/** Lists the pairs of frames with the same pixels in different parts. */
function listDuplicates(
  frames: readonly PlannedFrame[],
): [PlannedFrame, PlannedFrame][] {
  const first = new Map<string, PlannedFrame>();
  return frames.flatMap((here): [PlannedFrame, PlannedFrame][] => {
    const there = first.get(here.frame.sha256);
    if (!there) first.set(here.frame.sha256, here);
    return there && there.split !== here.split ? [[there, here]] : [];
  });
}

/** Counts the patients that have frames in more than one part. */
export function countSharedPatients(frames: readonly PlannedFrame[]): number {
  const parts = Map.groupBy(frames, ({ sequence }) => groupOf(sequence));
  return [...parts.values()].filter((frames) =>
    frames.some(({ split }) => split !== frames[0].split)
  ).length;
}
