// Leaks between the parts of a data set: shared patients, shared pixels, frames
// of one sequence in two parts, and frames that look alike.
//
// Shared patients and shared pixels are errors unless forced; so are frames that
// look alike when there are more than a few. What is forced is counted, and the
// certificate says it.

import type { ExportSequence, PlannedFrame, SplitName } from "./data_set.ts";
import { hashDistance, type ImageHash, isPlain } from "./image_hash.ts";
import { patientOf, type Split } from "./split.ts";

/** Frames whose hashes differ by at most so many of 64 bits are near-duplicates. */
export const nearBits = 5;

/** The share of a part's frames that may have a near-duplicate in another part. */
export const maxNearShare = 0.05;

/** Frames of one part that have a near-duplicate in another. */
export type NearDuplicates = {
  readonly parts: readonly [SplitName, SplitName];
  /** Of the second part, frames that look like one of the first. */
  readonly frames: number;
  /** Frames of the second part that were compared. */
  readonly of: number;
};

/** What parts share. */
export type Leaks = {
  readonly sharedPatients: number;
  /** Frames with the same pixels as a frame of another part. */
  readonly duplicates: number;
  /** Frames between the nearest two of one sequence in two parts; undefined where none is cut. */
  readonly leastDistanceFrames?: number;
};

/** Throws when parts share a patient or a frame, unless forced; counts what they share. */
export async function findLeaks(
  frames: readonly PlannedFrame[],
  { split, force }: { split: Split; force: boolean },
): Promise<Leaks> {
  const leaks: [PlannedFrame, PlannedFrame][] = [];
  for (const [a, b] of listDuplicates(frames)) {
    // Black frames before the light is on are alike and tell nothing.
    if (!isPlain(await b.sequence.readImage(b.frame.index))) leaks.push([a, b]);
  }
  const sharedPatients = countSharedPatients(frames);
  const isForced = force || split.kind === "time";
  if (sharedPatients > 0 && !isForced) {
    throw new Error(
      `Cannot export: ${sharedPatients} patients would be in two parts` +
        (split.kind === "patients"
          ? ""
          : `, split by ${split.kind}. Split by patient, or add --force and the export is marked`),
    );
  }
  if (leaks.length > 0 && !isForced) throw sharedPixels(leaks);
  const distance = leastDistance(frames);
  return {
    sharedPatients,
    duplicates: leaks.length,
    ...(distance === undefined ? {} : { leastDistanceFrames: distance }),
  };
}

function sharedPixels(leaks: readonly [PlannedFrame, PlannedFrame][]): Error {
  const [[a, b]] = leaks;
  return new Error(
    `Cannot export: ${leaks.length} frames of one part have the same pixels as frames of another, ` +
      `first ${a.stem} in ${a.split} and ${b.stem} in ${b.split}. ` +
      "Give the sequences one patient code, leave one of them out, or add --force and the export is marked",
  );
}

/** Counts the near-duplicates of every two parts. */
export function countNearDuplicates(
  frames: readonly PlannedFrame[],
  hashes: ReadonlyMap<PlannedFrame, ImageHash>,
): NearDuplicates[] {
  const hashesOf = (part: SplitName) =>
    frames.flatMap((frame) => {
      const hash = hashes.get(frame);
      return frame.split === part && hash ? [hash] : [];
    });
  return pairsOfParts.flatMap((parts): NearDuplicates[] => {
    const [first, second] = parts.map(hashesOf);
    if (first.length === 0 || second.length === 0) return [];
    const near = second.filter((hash) =>
      first.some((other) => hashDistance(hash, other) <= nearBits)
    );
    return [{ parts, frames: near.length, of: second.length }];
  });
}

/** The parts in twos: what is trained on, what is measured on. */
export const pairsOfParts: readonly (readonly [SplitName, SplitName])[] = [
  ["train", "val"],
  ["train", "test"],
  ["val", "test"],
];

/** Throws when too many frames of a part look like frames of another. */
export function requireFewNear(near: readonly NearDuplicates[]) {
  for (const { parts: [first, second], frames, of } of near) {
    if (frames <= maxNearShare * of) continue;
    throw new Error(
      `Cannot export: ${frames} of ${of} frames of ${second} look like a frame of ${first} ` +
        `(at most ${nearBits} of 64 bits differ), expected at most ${
          100 * maxNearShare
        } %. ` +
        "They may be of one patient: give the sequences one patient code, or add --force and the export is marked",
    );
  }
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
function countSharedPatients(frames: readonly PlannedFrame[]): number {
  const parts = Map.groupBy(frames, ({ sequence }) => patientOf(sequence));
  return [...parts.values()].filter((frames) =>
    frames.some(({ split }) => split !== frames[0].split)
  ).length;
}

/** The fewest frames from one of a sequence to another of it in another part. */
function leastDistance(frames: readonly PlannedFrame[]): number | undefined {
  const bySequence = Map.groupBy(
    frames,
    ({ sequence }): ExportSequence => sequence,
  );
  const distances = [...bySequence.values()].flatMap((own) => {
    const inOrder = own.toSorted((a, b) => a.frame.index - b.frame.index);
    return inOrder.slice(1).flatMap((frame, i) =>
      frame.split === inOrder[i].split
        ? []
        : [frame.frame.index - inOrder[i].frame.index]
    );
  });
  return distances.length === 0 ? undefined : Math.min(...distances);
}
