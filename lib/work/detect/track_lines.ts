// Identities for the lines of detections.jsonl.
//
// With tracking, detections of low score are looked at too, since they may keep
// a track alive; those that keep none are not written. Tracks are computed from
// what is written, so a run that goes on replays its lines and is where it was.

import {
  createTracker,
  trackFrame,
  type TrackOptions,
} from "../../yolo/track.ts";
import { type DetectionLine, detectionOf } from "./detection_lines.ts";

/** The least score that is looked at when tracks are wanted. */
export const trackedScore = 0.1;

/** Gives lines their tracks, frame after frame. */
export type LineTracker = (line: DetectionLine) => DetectionLine;

/**
 * Starts tracking.
 *
 * @param options.confidence the least score of what is written without a track, and of what starts one
 */
export function createLineTracker(
  { confidence, ...options }:
    & { readonly confidence: number }
    & Pick<TrackOptions, "isClassWise" | "bufferFrames">,
): LineTracker {
  let state = createTracker({
    ...options,
    highScore: confidence,
    newScore: confidence,
    lowScore: Math.min(trackedScore, confidence),
  });
  return (line) => {
    const found = trackFrame(
      state,
      line.detections.map(detectionOf),
      line.frame,
    );
    state = found.state;
    const detections = line.detections.flatMap((object, i) => {
      const track = found.tracks[i];
      if (track !== undefined) return [{ ...object, track }];
      return object.confidence >= confidence ? [object] : [];
    });
    return { ...line, detections };
  };
}
