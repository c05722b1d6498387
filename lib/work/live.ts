// Live: watch a camera, a pipe or a growing folder and leave a mask for every
// frame that was seen, with how late it came.

import { join } from "node:path";
import type { OnProgress } from "../base/progress.ts";
import { startProgress } from "../base/progress.ts";
import { areaPx } from "../masks/bitmap.ts";
import { encodeMaskPng } from "../media/image.ts";
import {
  type LiveFrame,
  newestOnly,
  openLiveStream,
  watchFolder,
} from "../media/live_frames.ts";
import { type LiveResult, trackLive } from "../propagate/live.ts";
import type { FramePrompt } from "../sam2/interact.ts";
import { toFramePrompt } from "./annotate.ts";
import type { OpenModel } from "./open_model.ts";
import { readPromptsFile } from "./prompts_file.ts";
import { writeFileWhole } from "./write_file.ts";

/** How to watch. */
export type LiveWatch = {
  /** A folder, `-` for standard input, a device, a URL or a file that grows. */
  readonly source: string;
  /** Path of prompts.json; `frame` counts the frames as they come. */
  readonly prompts: string;
  /** Folder for masks and `live.jsonl`. */
  readonly out?: string;
  /** Drops frames when the model is slower than they come; prompted ones are never dropped. */
  readonly newest?: boolean;
  /** FFmpeg's name of the container, where it cannot be told. */
  readonly format?: string;
  /** Ends when a folder got nothing new for so long. */
  readonly idleMs?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** What watching came to. */
export type LiveSummary = {
  /** Frames that were seen. */
  readonly frames: number;
  readonly dropped: number;
  readonly perSecond: number;
  /** From a frame's arrival until its masks were there. */
  readonly latencyMs: {
    readonly median: number;
    readonly p95: number;
    readonly worst: number;
  };
};

const latenciesKept = 10_000; // the last ones, so that memory does not grow

/** Watches until the frames end or the signal fires, which is no error. */
export async function watchLive(
  model: OpenModel,
  watch: LiveWatch,
): Promise<LiveSummary> {
  const { source, prompts, out, newest = false, signal, onProgress } = watch;
  const frames = await openSource(watch);
  const first = await frames.next();
  if (first.done) {
    throw new Error(`Cannot watch ${source}: it ended before its first frame`);
  }
  const { width, height } = first.value.image;
  const given = await readPromptsFile(prompts, {
    width,
    height,
    frameCount: Number.MAX_SAFE_INTEGER,
  });
  const mustSee = new Set(given.map(({ frame }) => frame));
  const all = startingWith(first.value, frames);
  const wanted = newest
    ? newestOnly(all, { mustSee: (index) => mustSee.has(index) })
    : all;
  const promptsFor = ({ index }: LiveFrame) => {
    const here = given.filter(({ frame }) => frame === index);
    return new Map(
      [...Map.groupBy(here, ({ object }) => object)].map((
        [object, group],
      ): [number, FramePrompt[]] => [
        object,
        group.map(({ prompt }) => toFramePrompt(prompt)),
      ]),
    );
  };

  const latencies: number[] = [];
  let seen = 0;
  let last = -1;
  const startMs = performance.now();
  const report = startProgress("live", Infinity, { onProgress });
  for await (const result of trackLive(model.engine, wanted, { promptsFor })) {
    seen++;
    last = result.frame.index;
    latencies.push(result.latencyMs);
    if (latencies.length > latenciesKept) latencies.shift();
    if (out !== undefined) await writeResult(out, result);
    report(seen);
    if (signal?.aborted) break;
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[
      Math.min(latencies.length - 1, Math.floor(latencies.length * share))
    ];
  return {
    frames: seen,
    dropped: last + 1 - seen,
    perSecond: seen / (performance.now() - startMs) * 1000,
    latencyMs: { median: at(0.5), p95: at(0.95), worst: at(1) },
  };
}

async function openSource({ source, format, idleMs, signal }: LiveWatch) {
  const isFolder = await Deno.stat(source)
    .then(({ isDirectory }) => isDirectory, () => false);
  return isFolder
    ? watchFolder(source, { signal, idleMs })
    : openLiveStream(source, { signal, format });
}

async function* startingWith(
  first: LiveFrame,
  rest: AsyncIterable<LiveFrame>,
): AsyncGenerator<LiveFrame> {
  yield first;
  yield* rest;
}

async function writeResult(out: string, result: LiveResult) {
  const { frame, masks, latencyMs } = result;
  for (const { object, mask, source, ...scores } of masks) {
    const name = `${String(frame.index).padStart(5, "0")}.png`;
    const path = join(out, String(object), name);
    await writeFileWhole(path, await encodeMaskPng(mask));
    const row = {
      frame: frame.index,
      timeMs: frame.timeMs,
      object,
      source,
      ...scores,
      areaPx: areaPx(mask),
      latencyMs,
    };
    await Deno.writeTextFile(
      join(out, "live.jsonl"),
      `${JSON.stringify(row)}\n`,
      {
        append: true,
      },
    );
  }
}
