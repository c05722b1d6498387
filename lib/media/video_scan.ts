// The first pass over a video: which frames there are, and when they are shown.
//
// Every frame is decoded once, because containers lie: about the number of
// frames, about key frames, about times. What the pass learns is kept per
// frame in a few bytes: timestamp, whether decoding may start there, and a
// checksum by which a later read proves that it found the same frame again.

import { type OnProgress, startProgress } from "../base/progress.ts";
import { throwIfCancelled } from "../base/errors.ts";
import type { RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import type { DecodedFrame, VideoDecoder } from "./video_decoder.ts";

/** What the first pass learned. */
export type VideoScan = {
  readonly size: Size;
  readonly timesMs: readonly number[];
  /** Timestamp of each frame in ticks; undefined where it has none after those before it. */
  readonly pts: readonly (bigint | undefined)[];
  /** Frames with a timestamp from which decoding may start, in rising order. */
  readonly keys: readonly number[];
  readonly checksums: readonly number[];
  readonly fps: number | undefined;
};

/** Containers whose header states the length, so that a missing end shows. */
const STATES_LENGTH = /\b(mov|matroska|avi)\b/;

/** Decodes the whole video once; damaged and truncated ones are an error. */
export async function scanVideo(
  decoder: VideoDecoder,
  { onProgress, signal, onFrame }: {
    onProgress?: OnProgress;
    signal?: AbortSignal;
    onFrame?: (index: number, image: RgbImage) => void;
  } = {},
): Promise<VideoScan> {
  const { stream } = decoder;
  const expected = expectedFrames(stream);
  const report = startProgress("scan", expected ?? 0, { onProgress });
  const pts: (bigint | undefined)[] = [];
  const keys: number[] = [];
  let lastPts: bigint | undefined;
  const checksums: number[] = [];
  let size: Size | undefined;

  while (true) {
    throwIfCancelled(signal, "scanning the video");
    const frame = await nextSound(decoder, checksums.length, expected);
    if (frame === undefined) break;
    const index = checksums.length;
    size ??= frame.size;
    if (!isSameSize(size, frame.size)) {
      throw new Error(
        `frame ${index} has ${sizeText(frame.size)} pixels, ` +
          `the frames before it ${sizeText(size)}`,
      );
    }
    const isRising = frame.pts !== undefined &&
      (lastPts === undefined || frame.pts > lastPts);
    if (isRising) lastPts = frame.pts;
    if (isRising && frame.isKey) keys.push(index);
    pts.push(isRising ? frame.pts : undefined);
    checksums.push(frame.checksum());
    onFrame?.(index, await frame.toRgb());
    report(index + 1);
  }
  if (size === undefined) throw new Error("its video stream holds no frame");

  const timesMs = frameTimes(pts, stream);
  checkLength(decoder, timesMs);
  const fps = stream.fps ?? meanRate(timesMs);
  return { size, timesMs, pts, keys, checksums, fps };
}

/** The next frame, or an error that says how far the video is sound. */
async function nextSound(
  decoder: VideoDecoder,
  index: number,
  expected: number | undefined,
): Promise<DecodedFrame | undefined> {
  const where = expected === undefined
    ? `after ${index} frames`
    : `after ${index} of about ${expected} frames`;
  let frame: DecodedFrame | undefined;
  try {
    frame = await decoder.next();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`damaged or truncated ${where} (${reason})`, { cause });
  }
  if (frame?.isDamaged) {
    throw new Error(`damaged or truncated ${where} (a frame is incomplete)`);
  }
  return frame;
}

function checkLength(decoder: VideoDecoder, timesMs: readonly number[]) {
  const { stream } = decoder;
  const expected = expectedFrames(stream);
  if (expected === undefined || !STATES_LENGTH.test(stream.container)) return;
  const found = timesMs.length;
  const isShort = stream.frames !== undefined
    ? decoder.packetsRead() < stream.frames
    : true;
  // Edit lists may hide frames, so a missing frame has to be missing in time, too.
  const gaps = timesMs.slice(1).map((time, i) => time - timesMs[i]);
  const longestMs = gaps.reduce((a, b) => Math.max(a, b), 40);
  const coveredMs = timesMs[found - 1] - timesMs[0];
  const missingMs = (stream.durationMs ?? 0) - coveredMs;
  if (isShort && missingMs > Math.max(2 * longestMs, 250)) {
    throw new Error(`truncated after ${found} of about ${expected} frames`);
  }
}

function expectedFrames(stream: VideoDecoder["stream"]): number | undefined {
  if (stream.frames !== undefined) return stream.frames;
  const { durationMs, fps } = stream;
  if (durationMs === undefined || fps === undefined) return undefined;
  return Math.round(durationMs * fps / 1000);
}

/** Times from timestamps; a frame without one follows the frame before at the claimed rate. */
function frameTimes(
  pts: readonly (bigint | undefined)[],
  { msPerTick, fps = 25 }: VideoDecoder["stream"],
): number[] {
  const timesMs: number[] = [];
  for (const ticks of pts) {
    const followsMs = (timesMs.at(-1) ?? -1000 / fps) + 1000 / fps;
    timesMs.push(ticks === undefined ? followsMs : Number(ticks) * msPerTick);
  }
  return timesMs;
}

function meanRate(timesMs: readonly number[]): number | undefined {
  const spanMs = timesMs[timesMs.length - 1] - timesMs[0];
  return spanMs > 0 ? 1000 * (timesMs.length - 1) / spanMs : undefined;
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

function sizeText({ width, height }: Size): string {
  return `${width}x${height}`;
}
