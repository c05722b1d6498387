// Frames that are still being made: a camera, a pipe, or a folder that grows.
//
// They come one at a time and nothing of the past is kept. Whoever is slower
// than a camera chooses: take every frame and fall behind, or only the newest.

import { resolve } from "node:path";
import { readdir, stat } from "node:fs/promises";
import type { RgbImage } from "../base/image.ts";
import { messageOf } from "../base/errors.ts";
import { loadFfmpeg } from "./ffmpeg.ts";
import { readImage } from "./image.ts";
import { isImage, sortNaturally } from "./image_folder.ts";
import { openDecoder } from "./video_decoder.ts";

/** A frame that has just come. */
export type LiveFrame = {
  /** Counts from 0 in the order of arrival, with those that were dropped. */
  readonly index: number;
  /** Presentation time of a stream; time since the first picture of a folder. */
  readonly timeMs: number;
  /** When it was there to be used, on the clock of `performance.now`. */
  readonly arrivedMs: number;
  /** The file name in a folder; empty in a stream. */
  readonly name: string;
  readonly image: RgbImage;
};

/** How to wait for frames. */
export type LiveOptions = {
  /** Ends the frames without an error. */
  readonly signal?: AbortSignal;
};

/**
 * Reads a stream as it comes: `-` for standard input, a device such as
 * `/dev/video0`, a URL (`rtsp:`, `rtmp:`, `udp:`, `http:`), or a file or named
 * pipe that is still being written.
 *
 * @param options.format FFmpeg's name of the container where it cannot be told, such as `mjpeg` for a pipe of pictures
 * @throws Error when it cannot be opened, or breaks off within a frame
 */
export async function* openLiveStream(
  source: string,
  { signal, format }: LiveOptions & { readonly format?: string } = {},
): AsyncGenerator<LiveFrame> {
  const av = await loadFfmpeg();
  const place = placeOf(source, format);
  const decoder = await openDecoder(av, place.url, { live: place }).catch(
    (cause) => {
      throw new Error(`Cannot watch ${source}: ${messageOf(cause)}`, { cause });
    },
  );
  try {
    const { msPerTick } = decoder.stream;
    let first: bigint | undefined;
    for (let index = 0; !signal?.aborted; index++) {
      const frame = await untilStopped(decoder.next(), signal);
      if (!frame) return;
      const image = await frame.toRgb();
      const arrivedMs = performance.now();
      first ??= frame.pts;
      const timeMs = frame.pts === undefined || first === undefined
        ? index * 1000 / (decoder.stream.fps ?? 25)
        : Number(frame.pts - first) * msPerTick;
      yield { index, timeMs, arrivedMs, name: "", image };
    }
  } finally {
    // a camera that is silent would keep the decoder waiting
    if (!signal?.aborted) await decoder.close();
  }
}

function placeOf(source: string, format: string | undefined) {
  if (source === "-") {
    return { url: "pipe:0", protocols: "pipe", format, isNow: false };
  }
  if (source.startsWith("/dev/video")) {
    const camera = format ?? "v4l2";
    return { url: source, protocols: "file", format: camera, isNow: true };
  }
  const protocol = source.match(/^(rtsp|rtsps|rtmp|udp|tcp|http|https):/)?.[1];
  if (protocol) {
    const protocols = "rtsp,rtp,rtmp,udp,tcp,tls,http,https";
    const isNow = !protocol.startsWith("http"); // which may be a file
    return { url: source, protocols, format, isNow };
  }
  return {
    url: `file:${resolve(source)}`,
    protocols: "file",
    format,
    isNow: false,
  };
}

/** The work's result, or undefined as soon as the signal fires. */
async function untilStopped<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result | undefined> {
  if (!signal) return await work;
  const stopped = Promise.withResolvers<undefined>();
  const stop = () => stopped.resolve(undefined);
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) return undefined;
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
    work.catch(() => {}); // nobody waits for it any more
  }
}

/**
 * Reads the pictures of a folder and then every one that is added, in the order
 * of their names. A picture counts when two looks find the same size of file and
 * it can be read.
 *
 * @param options.idleMs ends when nothing new came for so long; else waits for ever
 * @throws Error for a picture that stays unreadable, or has another size than the first
 */
export async function* watchFolder(
  path: string,
  { signal, idleMs = Infinity }: LiveOptions & { readonly idleMs?: number } =
    {},
): AsyncGenerator<LiveFrame> {
  const folder = resolve(path);
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) {
    throw new Error(`Cannot watch ${folder}: there is no such folder`);
  }
  const taken = { last: undefined as string | undefined, count: 0 };
  let firstMs: number | undefined;
  let size: RgbImage | undefined;
  let lastMs = performance.now();
  const sizes = new Map<string, { bytes: number; sinceMs: number }>();
  while (!signal?.aborted) {
    const fresh = await listAfter(folder, taken.last);
    for (const name of fresh) {
      if (signal?.aborted) return;
      const bytes = (await stat(`${folder}/${name}`)).size;
      const before = sizes.get(name);
      if (before?.bytes !== bytes) {
        sizes.set(name, { bytes, sinceMs: performance.now() });
        break; // still being written; later names wait for it
      }
      const image = await readImage(`${folder}/${name}`).catch((error) => {
        // a slow writer may pause; one that does not go on has left it broken
        if (performance.now() - before.sinceMs > patienceMs) throw error;
        return undefined;
      });
      if (!image) break;
      size ??= image;
      if (image.width !== size.width || image.height !== size.height) {
        throw new Error(
          `Cannot watch ${folder}: ${name} has ${image.width}x${image.height} pixels, expected ${size.width}x${size.height}`,
        );
      }
      sizes.delete(name);
      taken.last = name;
      const arrivedMs = performance.now();
      firstMs ??= arrivedMs;
      const timeMs = arrivedMs - firstMs;
      yield { index: taken.count++, timeMs, arrivedMs, name, image };
      lastMs = performance.now();
    }
    if (performance.now() - lastMs > idleMs) return;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

const lookEveryMs = 20;
const patienceMs = 2000;

/** The pictures that come after a name in natural order. */
async function listAfter(
  folder: string,
  last: string | undefined,
): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter(isImage);
  if (last === undefined) return sortNaturally(names);
  const sorted = sortNaturally([...new Set([...names, last])]);
  return sorted.slice(sorted.indexOf(last) + 1);
}

/**
 * Passes on the newest frame whenever one is asked for; those between are
 * dropped, except the ones that must be seen.
 *
 * @param options.mustSee frames that are never dropped, such as prompted ones
 */
export async function* newestOnly(
  frames: AsyncIterable<LiveFrame>,
  { mustSee = () => false }: { mustSee?: (index: number) => boolean } = {},
): AsyncGenerator<LiveFrame> {
  const waiting: LiveFrame[] = []; // those to be seen, and at most one other
  let hasEnded = false;
  let failure: unknown;
  let wake = Promise.withResolvers<void>();
  const pump = (async () => {
    try {
      for await (const frame of frames) {
        const last = waiting.at(-1);
        if (last && !mustSee(last.index)) waiting.pop();
        waiting.push(frame);
        wake.resolve();
      }
    } catch (error) {
      failure = error;
    }
    hasEnded = true;
    wake.resolve();
  })();
  while (true) {
    const next = waiting.shift();
    if (next) {
      yield next;
      continue;
    }
    if (hasEnded) break;
    await wake.promise;
    wake = Promise.withResolvers<void>();
  }
  await pump;
  if (failure !== undefined) throw failure;
}
