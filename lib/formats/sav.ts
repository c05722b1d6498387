// SA-V: the masks of a video as one JSON file, frames times objects.
//
// `masklet[frame][object]` is a COCO run length code; an object that is not
// seen has one that covers nothing. SA-V labels every fourth frame of its
// videos: how many frames lie between two rows is what the count of frames says
// (483 frames, 121 rows: 4). Other fields of the file are passed over.

import { z } from "zod";
import type { Size } from "../base/tensor.ts";
import { CocoRle } from "./coco.ts";

/** The masks of one video. */
export type SavVideo = {
  readonly videoId: string;
  readonly size: Size;
  /** Frames of the video. */
  readonly frameCount: number;
  /** Frames from one row of masks to the next. */
  readonly step: number;
  /** The number of each object, in the order of the columns. */
  readonly objects: readonly number[];
  /** Row by row, one for each object; null where nothing is said. */
  readonly masklet: readonly (readonly (CocoRle | null)[])[];
};

// Counts come as 483.0 in JSON written by Python.
const Count = z.number().int().nonnegative();

const SavFile = z.object({
  video_id: z.string(),
  video_frame_count: Count,
  video_height: Count.positive(),
  video_width: Count.positive(),
  masklet: z.array(z.array(CocoRle.nullable())),
  masklet_id: z.array(Count).optional(),
});

/**
 * Writes the masks of a video.
 *
 * @example One object on one frame
 * ```ts
 * import { parseSav, savJson } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const video = {
 *   videoId: "clip",
 *   size: { width: 2, height: 1 },
 *   frameCount: 1,
 *   step: 1,
 *   objects: [3],
 *   masklet: [[{ size: [1, 2] as [number, number], counts: "11" }]],
 * };
 * deepEqual(parseSav(savJson(video)), video);
 * ```
 */
export function savJson(
  { videoId, size, frameCount, objects, masklet }: Omit<SavVideo, "step">,
): string {
  const isSeen = (mask: CocoRle | null) => mask !== null;
  return JSON.stringify({
    video_id: videoId,
    video_frame_count: frameCount,
    video_height: size.height,
    video_width: size.width,
    video_resolution: size.width * size.height,
    masklet,
    masklet_id: objects,
    masklet_num: objects.length,
    masklet_frame_count: objects.map((_, i) =>
      masklet.filter((row) => isSeen(row[i])).length
    ),
    masklet_first_appeared_frame: objects.map((_, i) =>
      masklet.findIndex((row) => isSeen(row[i]))
    ),
    masklet_type: objects.map(() => "manual"),
  });
}

/** Reads the masks of a video; throws when rows, objects or sizes do not fit together. */
export function parseSav(text: string): SavVideo {
  const parsed = SavFile.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new SyntaxError(
      `Cannot read SA-V file: ${z.prettifyError(parsed.error)}`,
    );
  }
  const file = parsed.data;
  const { masklet } = file;
  const size = { width: file.video_width, height: file.video_height };
  const objects = file.masklet_id ?? masklet[0]?.map((_, i) => i) ?? [];
  for (const [frame, row] of masklet.entries()) {
    if (row.length !== objects.length) {
      throw new SyntaxError(
        `Cannot read SA-V file: row ${frame} has ${row.length} masks, expected ${objects.length}`,
      );
    }
    for (const mask of row) {
      if (!mask) continue;
      const [height, width] = mask.size;
      if (width === size.width && height === size.height) continue;
      throw new SyntaxError(
        `Cannot read SA-V file: row ${frame} has a mask of ${width}x${height}, the video has ${size.width}x${size.height}`,
      );
    }
  }
  if (masklet.length > file.video_frame_count) {
    throw new SyntaxError(
      `Cannot read SA-V file: ${masklet.length} rows of masks for ${file.video_frame_count} frames`,
    );
  }
  return {
    videoId: file.video_id,
    size,
    frameCount: file.video_frame_count,
    step: Math.max(1, Math.ceil(file.video_frame_count / masklet.length)),
    objects,
    masklet,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new SyntaxError("Cannot read SA-V file: it is not JSON", { cause });
  }
}
