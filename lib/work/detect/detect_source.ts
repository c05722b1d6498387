// What is detected in: an image, a folder of images of any size, a video, or
// frames that are still being made.
//
// Read in order and never held. A video is opened as everywhere else, so that a
// frame's number is the one that the store knows; images of a folder need not
// have one size, as the frames of a sequence must.

import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { RgbImage } from "../../base/image.ts";
import type { OnProgress } from "../../base/progress.ts";
import { readImage } from "../../media/image.ts";
import {
  IMAGE_ENDINGS,
  isImage,
  sortNaturally,
} from "../../media/image_folder.ts";
import {
  type LiveFrame,
  newestOnly,
  openLiveStream,
  watchFolder,
} from "../../media/live_frames.ts";
import { openFrames } from "../../media/open_frames.ts";
import type { ScanShelf } from "../../media/scan_file.ts";
import { sha256OfFile } from "../model_file.ts";

/** A frame as it comes. */
export type SourceFrame = {
  readonly frame: number;
  /** File name in a folder; empty in a video. */
  readonly name: string;
  /** Null where the source has no times. */
  readonly timeMs: number | null;
  readonly image: RgbImage;
  /** How long reading it took; 0 of frames that somebody else makes. */
  readonly msDecode: number;
  /** When it came, on the clock of `performance.now`; of live frames only. */
  readonly arrivedMs?: number;
};

/** Something to detect in; close it when done. */
export type DetectSource = {
  readonly kind: "image" | "folder" | "video" | "live";
  /** Absolute path, or how a live source was named. */
  readonly source: string;
  /** Frames in all; Infinity where nobody knows. */
  readonly count: number;
  readonly fps: number | undefined;
  /** File names of a folder. */
  readonly names: readonly string[];
  /** Stands for what is in it, wherever it lies; empty of live ones. */
  readonly sha256: string;
  /** The frames from one on, each `every`-th. */
  frames(
    range: { readonly from: number; readonly every: number },
  ): AsyncGenerator<SourceFrame>;
  close(): Promise<void>;
};

/** How a source is opened. */
export type SourceOptions = {
  /** Waits for frames that are still to come: a folder that grows, a file that is written. */
  readonly isLive?: boolean;
  /** Of a live source: drops frames when detection is slower than they come. */
  readonly newest?: boolean;
  /** Of a live source: FFmpeg's name of the container, where it cannot be told. */
  readonly format?: string;
  /** Of a folder that grows: ends when nothing new came for so long. */
  readonly idleMs?: number;
  /** Where first passes over videos are kept. */
  readonly scans?: ScanShelf;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** Opens what is detected in; pipes, cameras and URLs are live without being told so. */
export async function openDetectSource(
  input: string,
  options: SourceOptions = {},
): Promise<DetectSource> {
  if (options.isLive || isLiveName(input)) return openLive(input, options);
  const path = resolve(input);
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    throw new Error(
      `Cannot open ${path}: there is no such file or folder. Expected an image, a folder of images, a video, or a live source (-, /dev/video0, rtsp://…)`,
    );
  }
  if (found.isDirectory()) return await openFolder(path);
  if (isImage(basename(path))) {
    const { size } = found;
    const files = [{ name: basename(path), bytes: size }];
    return openFiles(path, "image", [path], listingSha256(files));
  }
  return await openVideoFile(path, options);
}

/** Whether a name can only be that of a live source. */
export function isLiveName(input: string): boolean {
  return input === "-" || input.startsWith("/dev/video") ||
    /^(rtsp|rtsps|rtmp|udp|tcp|http|https):/.test(input);
}

async function openFolder(path: string): Promise<DetectSource> {
  const entries = await readdir(path, { withFileTypes: true });
  const names = sortNaturally(
    entries.filter((entry) => !entry.isDirectory() && isImage(entry.name))
      .map(({ name }) => name),
  );
  if (names.length === 0) {
    throw new Error(
      `Cannot detect in ${path}: it holds ${entries.length} entries but no image, expected files ending in ${
        IMAGE_ENDINGS.join(" ")
      }`,
    );
  }
  const paths = names.map((name) => join(path, name));
  const files = [];
  for (const [i, name] of names.entries()) {
    files.push({ name, bytes: (await stat(paths[i])).size });
  }
  return openFiles(path, "folder", paths, listingSha256(files));
}

/** Names and sizes: reading an archive twice to know it by its pixels would take too long. */
function listingSha256(
  files: readonly { readonly name: string; readonly bytes: number }[],
): string {
  const hash = createHash("sha256");
  for (const { name, bytes } of files) hash.update(`${bytes} ${name}\n`);
  return hash.digest("hex");
}

function openFiles(
  source: string,
  kind: "image" | "folder",
  paths: readonly string[],
  sha256: string,
): DetectSource {
  return {
    kind,
    source,
    count: paths.length,
    fps: undefined,
    names: paths.map((path) => basename(path)),
    sha256,
    async *frames({ from, every }) {
      for (let frame = from; frame < paths.length; frame += every) {
        const path = paths[frame];
        const { image, msDecode } = await timed(() => readImage(path));
        const name = basename(path);
        yield { frame, name, timeMs: null, image, msDecode };
      }
    },
    close: () => Promise.resolve(),
  };
}

async function openVideoFile(
  path: string,
  { scans, onProgress, signal }: SourceOptions,
): Promise<DetectSource> {
  const frames = await openFrames(path, { scans, onProgress, signal });
  try {
    const sha256 = await sha256OfFile(path);
    const { source, count, fps, infos } = frames;
    return {
      kind: "video",
      source,
      count,
      fps,
      names: [],
      sha256,
      async *frames({ from, every }) {
        for (let frame = from; frame < count; frame += every) {
          const read = () => frames.read(frame);
          const { image, msDecode } = await timed(read);
          const { timeMs } = infos[frame];
          yield { frame, name: "", timeMs, image, msDecode };
        }
      },
      close: frames.close,
    };
  } catch (error) {
    await frames.close();
    throw error;
  }
}

async function timed(read: () => Promise<RgbImage>) {
  const startMs = performance.now();
  const image = await read();
  return { image, msDecode: performance.now() - startMs };
}

function openLive(
  input: string,
  { newest = false, format, idleMs, signal }: SourceOptions,
): DetectSource {
  const open = async (): Promise<AsyncIterable<LiveFrame>> => {
    const isFolder = await stat(input)
      .then((found) => found.isDirectory(), () => false);
    const all = isFolder
      ? watchFolder(input, { signal, idleMs })
      : openLiveStream(input, { signal, format });
    return newest ? newestOnly(all) : all;
  };
  return {
    kind: "live",
    source: input,
    count: Infinity,
    fps: undefined,
    names: [],
    sha256: "",
    async *frames({ from, every }) {
      for await (const { index, image, ...frame } of await open()) {
        // those that were dropped count too
        if (index < from || (!newest && (index - from) % every !== 0)) continue;
        yield { ...frame, frame: index, image, msDecode: 0 };
      }
    },
    close: () => Promise.resolve(),
  };
}
