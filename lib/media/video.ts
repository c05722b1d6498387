// Videos as Frames: every read gives exactly the frame that was asked for.
//
// A jump goes to the key frame before the wanted frame and decodes from there;
// that it arrived where it should is checked with the timestamps and checksums
// of the first pass, and where a file misbehaves (no timestamps, open ends,
// wrong index) the frame is reached from the beginning instead.
// Not handled: pixels that are not square (kept as stored), interlacing (kept),
// alpha, and audio.

import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { messageOf } from "../base/errors.ts";
import type { RgbImage } from "../base/image.ts";
import type { OnProgress } from "../base/progress.ts";
import { type Ffmpeg, loadFfmpeg } from "./ffmpeg.ts";
import { checkFrameIndex, type FrameInfo, type Frames } from "./frames.ts";
import { parseScan, type ScanShelf, writeScan } from "./scan_file.ts";
import { openDecoder, type VideoDecoder } from "./video_decoder.ts";
import { scanVideo, type VideoScan } from "./video_scan.ts";

/** Decoded pictures kept for going backward, in bytes. */
const CACHE_BYTES = 32 * 2 ** 20;

/** Decoding this many frames on is cheaper than a jump. */
const NEAR_FRAMES = 8;

/**
 * Opens a video and decodes it once to learn its frames and their times.
 *
 * @example Every frame of the sample clip has its own time
 * ```ts
 * import { openVideo } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const video = await openVideo("data/sample/clip.mp4");
 * equal(video.count, 90);
 * equal(video.infos[2].timeMs, 80); // 25 frames a second
 * const image = await video.read(45);
 * equal(image.width, 480);
 * await video.close();
 * ```
 */
export async function openVideo(
  path: string,
  options: OpenOptions = {},
): Promise<Frames> {
  const source = resolve(path);
  const name = basename(source);
  const key = await keyOf(source, name);
  const av = await loadFfmpeg();
  const kept = parseScan(await options.scans?.find(key) ?? "");
  if (kept) return readFrames(av, source, kept, key);
  let decoder: VideoDecoder | undefined;
  try {
    decoder = await openDecoder(av, source);
    const scan = await scanVideo(decoder, options);
    await options.scans?.keep(key, writeScan(scan));
    return readFrames(av, source, scan, key);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Error(
      `Cannot read video ${name}: ${messageOf(error)}. ` +
        `Expected a complete video file such as MP4, MOV, MKV, AVI or MPEG`,
      { cause: error },
    );
  } finally {
    await decoder?.close();
  }
}

/** How frames are opened. */
export type OpenOptions = {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Where the first pass over videos is kept; without it each opening makes it. */
  readonly scans?: ScanShelf;
  /** Takes every frame of the first pass, which may be kept and then not be made. */
  readonly onFrame?: (index: number, image: RgbImage) => void;
};

/** Stands for a file as it is now; throws unless it can be a video. */
async function keyOf(path: string, name: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() && found.size > 0) {
    const { size, mtimeMs, ino } = found;
    return createHash("sha256").update([path, size, mtimeMs, ino].join("\n"))
      .digest("hex");
  }
  const reason = found === undefined
    ? "there is no such file"
    : found.isFile()
    ? "the file is empty (0 bytes)"
    : "it is not a file";
  throw new Error(`Cannot read video ${name}: ${reason} (${path})`);
}

function readFrames(
  av: Ffmpeg,
  source: string,
  scan: VideoScan,
  fileKey: string,
): Frames {
  const { size, timesMs, fps } = scan;
  const count = timesMs.length;
  const infos = timesMs.map((timeMs, index): FrameInfo => (
    { index, timeMs, name: "" }
  ));
  const cursor = openCursor(av, source, scan);
  let isClosed = false;
  let last: Promise<unknown> = Promise.resolve();

  /** Runs one piece of work after the other: the decoder has one place only. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  }

  return {
    kind: "video",
    source,
    size,
    count,
    fps,
    infos,
    fileKey,
    async read(index) {
      checkFrameIndex(index, count, source);
      return await inTurn(() => {
        if (isClosed) throw new Error(`The video is closed: ${source}`);
        return cursor.read(index);
      });
    },
    again: () => Promise.resolve(readFrames(av, source, scan, fileKey)),
    close: () =>
      inTurn(async () => {
        isClosed = true;
        await cursor.close();
      }),
  };
}

/** The place of a decoder in the video, and the pictures it came by. */
function openCursor(av: Ffmpeg, source: string, scan: VideoScan) {
  const imageBytes = scan.size.width * scan.size.height * 3;
  const capacity = Math.max(1, Math.floor(CACHE_BYTES / imageBytes));
  const cache = new Map<number, RgbImage>(); // oldest first
  let decoder: VideoDecoder | undefined;
  let next = 0; // the frame that the decoder gives next
  let lastRead = -1;

  async function read(index: number): Promise<RgbImage> {
    const isBackward = index < lastRead && lastRead - index <= NEAR_FRAMES;
    lastRead = index;
    const cached = cache.get(index);
    if (cached) return cached;

    // Going backward, the frames before this one will be asked for soon.
    const keepFrom = isBackward ? index - capacity + 1 : index;
    for (const arrive of waysTo(index)) {
      if (await arrive().catch(() => false)) {
        const image = await decodeTo(index, keepFrom).catch(() => undefined);
        if (image) return image;
      }
    }
    await close();
    throw new Error(
      `Cannot read frame ${index} of ${source}: it decodes differently ` +
        `from when the video was opened. Was the file changed?`,
    );
  }

  /** Ways to bring the decoder to or before a frame, the cheapest first. */
  function waysTo(index: number): (() => Promise<boolean>)[] {
    const last = scan.keys.findLastIndex((key) => key <= index);
    const nearest = scan.keys[last] ?? 0;
    const jumps = [last, last - 2].filter((at) => at >= 0)
      .map((at) => () => jumpTo(scan.keys[at]));
    const canGoOn = decoder !== undefined && next <= index &&
      nearest <= next + NEAR_FRAMES;
    const goOn = () => Promise.resolve(true);
    return [...(canGoOn ? [goOn] : []), ...jumps, restart];
  }

  async function jumpTo(key: number): Promise<boolean> {
    decoder ??= await openDecoder(av, source);
    await decoder.seek(scan.pts[key]!); // keys have timestamps
    next = key;
    return true;
  }

  async function restart(): Promise<boolean> {
    await close();
    decoder = await openDecoder(av, source);
    return true;
  }

  /** Decodes up to a frame; undefined when something else came out. */
  async function decodeTo(
    index: number,
    keepFrom: number,
  ): Promise<RgbImage | undefined> {
    let image: RgbImage | undefined;
    while (decoder && next <= index) {
      const frame = await nextFrame(decoder);
      if (frame?.checksum() !== scan.checksums[next]) return undefined;
      if (next >= keepFrom) image = keep(next, await frame.toRgb());
      next++;
    }
    return image;
  }

  /** The frame `next`, past those before it that a jump may bring along. */
  async function nextFrame(decoder: VideoDecoder) {
    const wanted = scan.pts.at(next);
    while (true) {
      const frame = await decoder.next();
      if (frame?.pts === undefined || wanted === undefined) return frame;
      if (frame.pts === wanted) return frame;
      if (frame.pts > wanted) return undefined;
    }
  }

  function keep(index: number, image: RgbImage): RgbImage {
    cache.delete(index);
    cache.set(index, image);
    const [oldest] = cache.keys();
    if (cache.size > capacity) cache.delete(oldest);
    return image;
  }

  async function close() {
    const open = decoder;
    decoder = undefined;
    next = 0;
    await open?.close();
  }

  return {
    read,
    async close() {
      cache.clear();
      await close();
    },
  };
}
