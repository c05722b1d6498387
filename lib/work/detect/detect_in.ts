// Detect: what a model finds in an image, a folder, a video or a live source,
// as files: one line a frame, a table, pictures.
//
// The same command goes on where it stopped: lines that are there are kept, and
// anything that would make other lines is refused. Whatever was written stays
// when a run is cancelled.

import { basename, join, resolve } from "node:path";
import { CancelledError, throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import type { DetectOptions } from "../../yolo/detect.ts";
import { yoloGraphVersion } from "../../yolo/engine.ts";
import type { OpenDetector } from "../open_detector.ts";
import {
  removeTemporaryFiles,
  requireWritable,
  writeFileWhole,
} from "../write_file.ts";
import {
  type DetectSource,
  openDetectSource,
  type SourceOptions,
} from "./detect_source.ts";
import { detectStream } from "./detect_stream.ts";
import {
  detectFiles,
  type DetectIdentity,
  type DetectRunFile,
  openRunFolder,
  removePartialVideos,
} from "./detection_folder.ts";
import {
  type DetectionLine,
  type GrowingLines,
  lineOf,
  openLines,
  readDetectionLines,
  writeDetectionTable,
} from "./detection_lines.ts";
import {
  type DetectionOverlay,
  openDetectionOverlay,
} from "./detection_overlay.ts";
import {
  createDetectionTally,
  type DetectionTally,
  type DetectTimes,
} from "./detection_tally.ts";
import { createLineTracker, trackedScore } from "./track_lines.ts";

/** In what to detect, how, and where the results go. */
export type DetectInOptions =
  & Pick<
    DetectOptions,
    "confidence" | "iouThreshold" | "maxDetections" | "isAgnostic" | "isRect"
  >
  & Omit<SourceOptions, "onProgress" | "signal">
  & {
    /** An image, a folder of images, a video, or a live source. */
    readonly input: string;
    /** Folder for what is found. */
    readonly out: string;
    /** Only these classes, by name or number. */
    readonly classes?: readonly string[];
    /** Looks at each so-many-th frame; default 1. */
    readonly every?: number;
    /** Gives objects identities over the frames. */
    readonly isTracked?: boolean;
    /** Draws what was found (default). */
    readonly hasOverlay?: boolean;
    /** Forgets an earlier run in the folder. */
    readonly restart?: boolean;
    readonly onProgress?: OnProgress;
    readonly signal?: AbortSignal;
  };

/** What a detection left. */
export type DetectSummary = {
  readonly out: string;
  readonly kind: DetectSource["kind"];
  /** Frames that were looked at, those of earlier sittings included. */
  readonly frames: number;
  /** Frames of this sitting. */
  readonly framesNow: number;
  readonly detections: number;
  readonly perClass: Readonly<Record<string, number>>;
  /** Identities; null without tracking. */
  readonly tracks: number | null;
  /** End to end, of this sitting: from the first frame's reading to the last line and picture. */
  readonly fps: number;
  readonly msPerFrame: DetectTimes;
  /** Of a live source: from a frame's arrival to its line. */
  readonly latencyMs?: { readonly median: number; readonly p95: number };
  /** What the results are known by. */
  readonly identity: DetectIdentity;
};

/**
 * Detects in a source and writes what is found, or goes on with it.
 *
 * @throws RangeError for a class that the model does not know, or another run in the folder
 * @throws CancelledError when the signal fires, unless the source is live; what was written stays
 */
export async function detectIn(
  detector: OpenDetector,
  options: DetectInOptions,
): Promise<DetectSummary> {
  const out = resolve(options.out);
  const classes = classNumbersOf(detector, options.classes);
  const source = await openDetectSource(options.input, options);
  try {
    await requireWritable(out);
    const identity = identityOf(detector, source, { ...options, classes });
    const earlier = await openRunFolder(out, source, identity, options);
    const leave = (status: DetectRunFile["status"], frames: number) =>
      writeFileWhole(
        join(out, detectFiles.run),
        JSON.stringify(
          {
            kind: "medannotate-detection",
            input: basename(source.source),
            model: basename(detector.id),
            classes: detector.engine.names,
            ...identity,
            status,
            frames,
          },
          null,
          1,
        ) + "\n",
      );
    const lines = await openLines(join(out, detectFiles.lines));
    await removeTemporaryFiles(out); // nobody else writes here now
    await removePartialVideos(out);
    await leave("running", earlier?.frames ?? 0); // before the first line
    const run = await runFrames(detector, source, {
      ...options,
      out,
      lines,
      classNumbers: classes,
      isDone: earlier?.status === "done",
      onEnd: leave,
    });
    return { out, kind: source.kind, identity, ...run };
  } finally {
    await source.close();
  }
}

function classNumbersOf(
  { engine: { names }, id }: OpenDetector,
  wanted: readonly string[] = [],
): readonly number[] | undefined {
  if (wanted.length === 0) return undefined;
  const numbers = wanted.map((word) => {
    const byName = names.indexOf(word);
    const number = byName >= 0 || !/^\d+$/.test(word) ? byName : Number(word);
    if (number >= 0 && number < names.length) return number;
    throw new RangeError(
      `${id} knows no class ${word}, expected one of ${
        names.map((name, i) => `${i} ${name}`).join(", ")
      }`,
    );
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function identityOf(
  { engine, sha256 }: OpenDetector,
  source: DetectSource,
  {
    confidence = 0.25,
    iouThreshold = 0.7,
    maxDetections = 300,
    isAgnostic = false,
    isRect = true,
    every = 1,
    isTracked = false,
    classes,
  }: Omit<DetectInOptions, "classes"> & {
    readonly classes: readonly number[] | undefined;
  },
): DetectIdentity {
  return {
    framesSha256: source.sha256,
    modelSha256: sha256,
    options: {
      confidence,
      iouThreshold,
      maxDetections,
      isAgnostic,
      isRect: isRect && !engine.fixedSize,
      side: engine.imageSide,
      every,
      isTracked,
      classes: classes?.join() ?? "all",
      graphVersion: yoloGraphVersion,
    },
  };
}

type RunOptions = DetectInOptions & {
  readonly lines: GrowingLines;
  readonly classNumbers: readonly number[] | undefined;
  /** An earlier sitting came to the end. */
  readonly isDone: boolean;
  readonly onEnd: (
    status: "done" | "cancelled" | "failed",
    frames: number,
  ) => Promise<void>;
};

async function runFrames(
  detector: OpenDetector,
  source: DetectSource,
  options: RunOptions,
) {
  const { out, lines, every = 1, signal, onProgress } = options;
  const path = join(out, detectFiles.lines);
  const overlay = await openOverlay(source, options);
  const tally = createDetectionTally();
  let frames = lines.before;
  try {
    const track = trackerOf(options);
    await replay(path, source, {
      ...{ track, tally, overlay, every, signal },
      report: startProgress("go on", frames, { onProgress }),
    });
    const total = Math.ceil(source.count / every);
    const report = startProgress("detect", total - frames, { onProgress });
    const beganMs = performance.now();
    const stream = detectStream(
      detector.engine,
      source.frames({ from: frames * every, every }),
      streamOptions(source, options),
    );
    for await (const found of stream) {
      const { image } = found;
      const size = { width: image.width, height: image.height };
      const { names } = detector.engine;
      const plain = lineOf({ ...found, size }, found.detections, names);
      const line = track?.(plain) ?? plain;
      const writeMs = performance.now();
      await overlay?.write(image, line);
      await lines.append(line); // last: a frame with a line has its picture
      tally.add(line);
      tally.time(found, performance.now() - writeMs);
      report(++frames - lines.before);
    }
    await overlay?.close();
    const seconds = (performance.now() - beganMs) / 1000;
    await finish(path, lines, out);
    await options.onEnd("done", frames);
    return { frames, ...tally.summary(seconds), ...tracksOf(tally, options) };
  } catch (error) {
    const isCancelled = error instanceof CancelledError || signal?.aborted;
    await (isCancelled ? overlay?.close() : overlay?.abort())
      ?.catch(() => {}); // the first error tells more
    await finish(path, lines, out).catch(() => {});
    await options.onEnd(isCancelled ? "cancelled" : "failed", frames)
      .catch(() => {});
    throw error;
  }
}

async function openOverlay(
  source: DetectSource,
  { out, every = 1, hasOverlay = true, isDone }: RunOptions,
): Promise<DetectionOverlay | undefined> {
  if (!hasOverlay) return undefined;
  const overlay = await openDetectionOverlay(out, source, { every });
  return isDone && overlay.isThere ? undefined : overlay;
}

function tracksOf(tally: DetectionTally, { isTracked = false }: RunOptions) {
  return { tracks: isTracked ? tally.tracks() : null };
}

async function finish(path: string, lines: GrowingLines, out: string) {
  lines.close();
  await writeDetectionTable(
    join(out, detectFiles.table),
    readDetectionLines(path),
  );
}

function trackerOf(
  { isTracked = false, confidence = 0.25, isAgnostic = false }: RunOptions,
) {
  if (!isTracked) return undefined;
  return createLineTracker({ confidence, isClassWise: !isAgnostic });
}

function streamOptions(source: DetectSource, options: RunOptions) {
  const { confidence = 0.25, isTracked = false, classNumbers } = options;
  const { iouThreshold, maxDetections, isAgnostic, isRect } = options;
  const isLive = source.kind === "live";
  return {
    iouThreshold,
    maxDetections,
    isAgnostic,
    isRect,
    classes: classNumbers,
    confidence: isTracked ? Math.min(confidence, trackedScore) : confidence,
    // of live frames the newest counts, none waits for its turn
    ...(isLive ? { ahead: 0, inFlight: 1 } : {}),
    // a live source ends by itself when it is stopped
    signal: isLive ? undefined : options.signal,
  };
}

/** Brings tracks, counts and pictures to where an earlier sitting stopped. */
async function replay(
  path: string,
  source: DetectSource,
  { track, tally, overlay, every, signal, report }: {
    readonly track: ((line: DetectionLine) => DetectionLine) | undefined;
    readonly tally: DetectionTally;
    readonly overlay: DetectionOverlay | undefined;
    readonly every: number;
    readonly signal: AbortSignal | undefined;
    readonly report: (done: number) => unknown;
  },
) {
  let done = 0;
  const images = overlay?.needsAll
    ? source.frames({ from: 0, every })
    : undefined;
  try {
    for await (const line of readDetectionLines(path)) {
      throwIfCancelled(signal, `going on with the detection in ${path}`);
      track?.(line);
      tally.add(line);
      const frame = await images?.next();
      if (frame && !frame.done) await overlay?.write(frame.value.image, line);
      report(++done);
    }
  } finally {
    await images?.return(undefined);
  }
}
