// Identities of detections over the frames of a video: ByteTrack.
//
// Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every
// Detection Box", arXiv 2110.06864: boxes that are sure are paired with all
// tracks by overlap with where each is thought to be, boxes that are not with
// those left over, so that a lesion in blur keeps its identity. A track counts
// from its second frame on (from the first in the first frame of all), and is
// kept for a while when it is out of sight. No appearance is compared. What is
// tracked is a value that goes in and comes out; nothing is kept here.

import type { Box } from "../base/tensor.ts";
import { boxIou } from "../masks/nms.ts";
import { assignPairs } from "./assignment.ts";
import {
  type BoxMotion,
  boxOfMotion,
  correctMotion,
  predictMotion,
  startMotion,
} from "./box_motion.ts";
import type { Detection } from "./detection.ts";

/** How detections become tracks; scores and overlaps are 0..1. */
export type TrackOptions = {
  /** From which score on a detection is sure; default 0.5. */
  readonly highScore?: number;
  /** From which score on a detection can keep a track alive; default 0.1. */
  readonly lowScore?: number;
  /** From which score on a detection starts a track; default 0.1 above `highScore`. */
  readonly newScore?: number;
  /** Least overlap of a sure detection with its track; default 0.2. */
  readonly leastOverlap?: number;
  /** For how many frames a track is kept out of sight; default 30. */
  readonly bufferFrames?: number;
  /** Detections only go on with tracks of their class (default). */
  readonly isClassWise?: boolean;
};

/** What is tracked between two frames. */
export type TrackerState = {
  readonly options: Required<TrackOptions>;
  readonly tracks: readonly Track[];
  /** The last frame; undefined before the first. */
  readonly frame: number | undefined;
  readonly nextNumber: number;
};

/** Something that was seen, and where it is thought to be. */
export type Track = {
  /** From 1, given once; none until it is seen a second time. */
  readonly number: number | undefined;
  readonly classNumber: number;
  readonly motion: BoxMotion;
  readonly firstFrame: number;
  readonly lastFrame: number;
  readonly isLost: boolean;
};

/** Starts without a track. */
export function createTracker(
  {
    highScore = 0.5,
    lowScore = 0.1,
    newScore = Math.min(highScore + 0.1, 1),
    leastOverlap = 0.2,
    bufferFrames = 30,
    isClassWise = true,
  }: TrackOptions = {},
): TrackerState {
  return {
    options: {
      highScore,
      lowScore,
      newScore,
      leastOverlap,
      bufferFrames,
      isClassWise,
    },
    tracks: [],
    frame: undefined,
    nextNumber: 1,
  };
}

/** Least overlaps of the second look, and of tracks that were seen once. */
const overlapOfUnsure = 0.5;
const overlapOfNew = 0.3;
const overlapOfTwins = 0.85;

/**
 * Pairs the detections of a frame with tracks.
 *
 * @param frame its number, greater than the last one; frames between count as unseen
 * @returns the state for the next frame, and for each detection the number of its track
 *
 * @example Two frames of one moving box
 * ```ts
 * import { createTracker, trackFrame } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const at = (x0: number) => [{ box: { x0, y0: 0, x1: x0 + 20, y1: 20 }, confidence: 0.9, classNumber: 0 }];
 * const first = trackFrame(createTracker(), at(10), 0);
 * const second = trackFrame(first.state, at(12), 1);
 * deepEqual([first.tracks, second.tracks], [[1], [1]]);
 * ```
 */
export function trackFrame(
  state: TrackerState,
  detections: readonly Detection[],
  frame: number,
): {
  readonly state: TrackerState;
  readonly tracks: readonly (number | undefined)[];
} {
  const { options } = state;
  if (state.frame !== undefined && frame <= state.frame) {
    throw new RangeError(
      `Cannot track frame ${frame} after frame ${state.frame}, expected rising numbers`,
    );
  }
  const tracks = state.tracks.map((track) => moved(track, frame, state));
  const all = detections.map((_, i) => i);
  const score = (i: number) => detections[i].confidence;
  const sure = all.filter((i) => score(i) >= options.highScore);
  const unsure = all.filter((i) =>
    score(i) >= options.lowScore && score(i) < options.highScore
  );
  const pairing = createPairing(tracks, detections, options);
  const known = (track: Track) => track.number !== undefined;
  const inSight = (track: Track) => known(track) && !track.isLost;
  pairing.pair(known, sure, options.leastOverlap);
  pairing.pair(inSight, unsure, overlapOfUnsure);
  pairing.pair((track) => !known(track), sure, overlapOfNew);

  let nextNumber = state.nextNumber;
  const numberOf: (number | undefined)[] = detections.map(() => undefined);
  const kept: Track[] = [];
  for (const [i, track] of tracks.entries()) {
    const seen = pairing.detectionOf(i);
    if (seen === undefined) {
      const isKept = known(track) &&
        frame - track.lastFrame <= options.bufferFrames;
      if (isKept) kept.push({ ...track, isLost: true });
      continue;
    }
    const number = track.number ?? nextNumber++;
    numberOf[seen] = number;
    kept.push(goesOn({ ...track, number }, detections[seen], frame));
  }
  for (const i of sure) {
    if (pairing.isPaired(i) || score(i) < options.newScore) continue;
    const isFirstFrame = state.frame === undefined;
    const number = isFirstFrame ? nextNumber++ : undefined;
    numberOf[i] = number;
    kept.push(startTrack(detections[i], number, frame));
  }
  return {
    state: { options, tracks: withoutTwins(kept, options), frame, nextNumber },
    tracks: numberOf,
  };
}

function startTrack(
  { box, classNumber }: Detection,
  number: number | undefined,
  frame: number,
): Track {
  return {
    number,
    classNumber,
    motion: startMotion(box),
    firstFrame: frame,
    lastFrame: frame,
    isLost: false,
  };
}

function goesOn(
  track: Track,
  { box, classNumber }: Detection,
  frame: number,
): Track {
  const motion = correctMotion(track.motion, box);
  return { ...track, classNumber, motion, lastFrame: frame, isLost: false };
}

/** The track at a later frame. */
function moved(
  track: Track,
  frame: number,
  { frame: before = frame, options }: TrackerState,
): Track {
  const { isLost } = track;
  let { motion } = track;
  // what is out of sight for longer is dropped anyway
  const steps = Math.min(frame - before, options.bufferFrames + 1);
  for (let i = 0; i < steps; i++) motion = predictMotion(motion, { isLost });
  return { ...track, motion };
}

/** Pairs tracks with detections in several looks; each is paired once. */
function createPairing(
  tracks: readonly Track[],
  detections: readonly Detection[],
  { isClassWise }: Required<TrackOptions>,
) {
  const boxes = tracks.map(({ motion }) => boxOfMotion(motion));
  const seen = new Map<number, number>();
  const paired = new Set<number>();
  return {
    pair: (
      isMeant: (track: Track) => boolean,
      candidates: readonly number[],
      leastOverlap: number,
    ) => {
      const rows = [...tracks.keys()]
        .filter((i) => isMeant(tracks[i]) && !seen.has(i));
      const columns = candidates.filter((i) => !paired.has(i));
      const costs = rows.map((row) =>
        columns.map((column) => {
          const { box, classNumber } = detections[column];
          const isOther = isClassWise &&
            classNumber !== tracks[row].classNumber;
          return isOther ? apart : 1 - boxIou(boxes[row], box);
        })
      );
      const limit = 1 - leastOverlap;
      for (const [row, column] of assignPairs(costs, { limit })) {
        seen.set(rows[row], columns[column]);
        paired.add(columns[column]);
      }
    },
    detectionOf: (track: number) => seen.get(track),
    isPaired: (detection: number) => paired.has(detection),
  };
}

const apart = 2; // more than the cost of any overlap

/** Of a track in sight and one out of sight in the same place, only the older stays. */
function withoutTwins(
  tracks: readonly Track[],
  { isClassWise }: Required<TrackOptions>,
): Track[] {
  const boxes = new Map<Track, Box>(
    tracks.map((track) => [track, boxOfMotion(track.motion)]),
  );
  const gone = new Set<Track>();
  const lost = tracks.filter(({ isLost }) => isLost);
  for (const track of tracks) {
    if (track.isLost || track.number === undefined) continue;
    for (const old of lost) {
      if (isClassWise && old.classNumber !== track.classNumber) continue;
      const overlap = boxIou(boxes.get(old)!, boxes.get(track)!);
      if (overlap <= overlapOfTwins) continue;
      const isOlder = old.lastFrame - old.firstFrame >
        track.lastFrame - track.firstFrame;
      gone.add(isOlder ? track : old);
    }
  }
  return tracks.filter((track) => !gone.has(track));
}
