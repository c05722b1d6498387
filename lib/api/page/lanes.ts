// Lanes: one letter a frame for what an object has there (LaneLetter).
//
// Lanes are strings, so that 90,000 frames are small; whoever draws them asks
// for pixel columns, not for frames.

import type { Lane, LaneChange, LaneLetter, MaskView } from "../contract.ts";

/** Lanes by object. */
export type Lanes = ReadonlyMap<number, string>;

/** Lanes as the server sends them, by object. */
export function lanesByObject(lanes: readonly Lane[]): Lanes {
  return new Map(lanes.map(({ objectId, letters }) => [objectId, letters]));
}

/** Puts changed cells in; an object that is new gets an empty lane first. */
export function applyCells(
  lanes: Lanes,
  cells: readonly LaneChange[],
  frameCount: number,
): Lanes {
  if (cells.length === 0) return lanes;
  const changed = new Map<number, string[]>();
  for (const { objectId, frame, letter } of cells) {
    let letters = changed.get(objectId);
    if (!letters) {
      letters = [...lanes.get(objectId) ?? ".".repeat(frameCount)];
      changed.set(objectId, letters);
    }
    if (frame < letters.length) letters[frame] = letter;
  }
  const next = new Map(lanes);
  for (const [id, letters] of changed) next.set(id, letters.join(""));
  return next;
}

/** How many masks lanes hold. */
export function countMasks(lanes: Lanes): number {
  let count = 0;
  for (const lane of lanes.values()) {
    for (let i = 0; i < lane.length; i++) if (lane[i] !== ".") count++;
  }
  return count;
}

/** How many propagated masks nobody verified. */
export function countUnverified(lanes: Lanes): number {
  let count = 0;
  for (const lane of lanes.values()) {
    for (let i = 0; i < lane.length; i++) {
      if ("pda".includes(lane[i])) count++;
    }
  }
  return count;
}

/** From the first to the last propagated mask of a lane, without what is stale or only proposed. */
export function propagatedRuns(lane: string): { from: number; to: number }[] {
  return [...lane.matchAll(/[pda](?:[^sb]*[pda])?/g)]
    .map(({ 0: run, index }) => ({ from: index, to: index + run.length - 1 }));
}

/** The letter of a mask; how much drift is too much, only the letter before tells. */
export function letterOf(
  mask: MaskView | undefined,
  before: string | undefined,
): LaneLetter {
  if (!mask) return ".";
  if (mask.verified) return "v";
  if (mask.state === "stale") return "s";
  switch (mask.origin) {
    case "click":
      return "c";
    case "drawn":
    case "imported":
      return "h";
    case "detected":
      return "b";
    case "propagated":
      if (mask.areaPx === 0) return "a";
      return before === "d" ? "d" : "p";
  }
}

/**
 * Finds the next frame, from a frame and without it, where one of the lanes has
 * one of the letters.
 */
export function findLetter(
  lanes: Iterable<string>,
  letters: string,
  { from, direction }: { from: number; direction: 1 | -1 },
): number | undefined {
  let best: number | undefined;
  for (const lane of lanes) {
    for (let i = from + direction; i >= 0 && i < lane.length; i += direction) {
      if (best !== undefined && (i - best) * direction >= 0) break;
      if (letters.includes(lane[i])) {
        best = i;
        break;
      }
    }
  }
  return best;
}

/** The letters of conditions: what propagation starts from and never overwrites. */
export const conditionLetters = "chv";
/** The letters of frames to look at: drifting and stale. */
export const doubtfulLetters = "ds";

// What wins when frames share a pixel column: what a person should not miss.
const weights: Readonly<Record<string, number>> = {
  d: 9,
  s: 8,
  c: 7,
  h: 6,
  v: 5,
  b: 4,
  p: 3,
  a: 2,
  ".": 1,
};

/** The letter that stands for each pixel column of the frames `from` up to `to`. */
export function columnLetters(
  lane: string,
  { from, to, columns }: { from: number; to: number; columns: number },
): string[] {
  const perColumn = (to - from) / columns;
  return Array.from({ length: columns }, (_, column) => {
    const first = Math.max(0, Math.floor(from + column * perColumn));
    const end = Math.max(
      first + 1,
      Math.floor(from + (column + 1) * perColumn),
    );
    let best = ".";
    for (let i = first; i < end && i < lane.length; i++) {
      if (weights[lane[i]] > weights[best]) best = lane[i];
    }
    return best;
  });
}
