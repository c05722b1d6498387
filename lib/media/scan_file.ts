// What the first pass over a video learned, as text to keep: a long video is
// then opened at once. Every later read is still checked against it.

import { z } from "zod";
import type { VideoScan } from "./video_scan.ts";

/** Keeps scans; whoever opens videos says where. */
export type ScanShelf = {
  /** Finds what was kept under a key. */
  find(key: string): Promise<string | undefined>;
  /** Keeps text; a full disk is nobody's trouble, the video is scanned again. */
  keep(key: string, text: string): Promise<void>;
};

const ScanText = z.object({
  version: z.literal(1),
  width: z.int().positive(),
  height: z.int().positive(),
  fps: z.number().nullable(),
  keys: z.array(z.int().nonnegative()),
  timesMs: z.array(z.number()),
  pts: z.array(z.string().nullable()),
  checksums: z.array(z.int()),
}).refine(
  ({ timesMs, pts, checksums }) =>
    timesMs.length === pts.length && pts.length === checksums.length,
  "as many times as timestamps and checksums",
);

/** Writes a scan as text. */
export function writeScan(
  { size: { width, height }, timesMs, pts, keys, checksums, fps }: VideoScan,
): string {
  return JSON.stringify({
    version: 1,
    width,
    height,
    fps: fps ?? null,
    keys,
    timesMs,
    pts: pts.map((ticks) => ticks?.toString() ?? null),
    checksums,
  });
}

/** Reads a scan; undefined where the text is none, or one of another version. */
export function parseScan(text: string): VideoScan | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined; // cut off: the video is scanned again
  }
  const parsed = ScanText.safeParse(json);
  if (!parsed.success) return undefined;
  const { width, height, fps, pts, ...scan } = parsed.data;
  return {
    ...scan,
    size: { width, height },
    fps: fps ?? undefined,
    pts: pts.map((ticks) => ticks === null ? undefined : BigInt(ticks)),
  };
}
