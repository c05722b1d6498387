// Counting what was found, and how long each part took.

import type { SourceFrame } from "./detect_source.ts";
import type { DetectionLine } from "./detection_lines.ts";

/** Milliseconds for each part of a frame; they overlap, so the sum is more than a frame took. */
export type DetectTimes = {
  readonly decode: number;
  readonly prepare: number;
  readonly network: number;
  readonly read: number;
  readonly write: number;
};

/** What was counted so far. */
export type DetectionTally = ReturnType<typeof createDetectionTally>;

const latenciesKept = 10_000; // the last ones, so that memory does not grow

/** Counts what was found and how long it took. */
export function createDetectionTally() {
  const perClass = new Map<string, number>();
  const tracks = new Set<number>();
  const latencies: number[] = [];
  const total = { decode: 0, prepare: 0, network: 0, read: 0, write: 0 };
  let detections = 0;
  let timed = 0;
  return {
    add: (line: DetectionLine) => {
      for (const { name, track } of line.detections) {
        detections++;
        perClass.set(name, (perClass.get(name) ?? 0) + 1);
        if (track !== undefined) tracks.add(track);
      }
    },
    time: (
      frame: SourceFrame & {
        readonly msPrepare: number;
        readonly msNetwork: number;
        readonly msRead: number;
      },
      msWrite: number,
    ) => {
      timed++;
      total.decode += frame.msDecode;
      total.prepare += frame.msPrepare;
      total.network += frame.msNetwork;
      total.read += frame.msRead;
      total.write += msWrite;
      if (frame.arrivedMs === undefined) return;
      latencies.push(performance.now() - frame.arrivedMs);
      if (latencies.length > latenciesKept) latencies.shift();
    },
    tracks: () => tracks.size,
    summary: (seconds: number) => {
      const mean = (ms: number) => timed === 0 ? 0 : ms / timed;
      return {
        framesNow: timed,
        detections,
        perClass: Object.fromEntries(perClass),
        fps: seconds > 0 ? timed / seconds : 0,
        msPerFrame: {
          decode: mean(total.decode),
          prepare: mean(total.prepare),
          network: mean(total.network),
          read: mean(total.read),
          write: mean(total.write),
        },
        ...latencyOf(latencies),
      };
    },
  };
}

function latencyOf(latencies: readonly number[]) {
  if (latencies.length === 0) return {};
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { latencyMs: { median: at(0.5), p95: at(0.95) } };
}
