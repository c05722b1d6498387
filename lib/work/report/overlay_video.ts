// The clip with its masks drawn over it, as a video that browsers play.
//
// Frames are read, drawn and written one by one: memory does not grow with the
// length of the clip. The rate is constant; a frame of the video is the frame
// of the source with the same number.

import { throwIfCancelled } from "../../base/errors.ts";
import { type OnProgress, startProgress } from "../../base/progress.ts";
import type { Frames } from "../../media/frames.ts";
import { FOLDER_FPS } from "../../media/frames.ts";
import { createVideoWriter } from "../../media/video_writer.ts";
import { drawOverlay, type MasksAt } from "./pictures.ts";

/** Writes the overlay video; the file appears when it is complete, or not at all. */
export async function writeOverlayVideo(
  path: string,
  frames:
    & Pick<Frames, "count" | "size" | "read">
    & Partial<Pick<Frames, "fps">>,
  masksAt: MasksAt,
  { fps = frames.fps ?? FOLDER_FPS, onProgress, signal }: {
    fps?: number;
    onProgress?: OnProgress;
    signal?: AbortSignal;
  } = {},
) {
  const report = startProgress("overlay video", frames.count, { onProgress });
  const writer = await createVideoWriter(path, { size: frames.size, fps });
  try {
    for (let index = 0; index < frames.count; index++) {
      throwIfCancelled(signal, `overlay video at frame ${index}`);
      const image = await frames.read(index);
      const masks = await masksAt(index);
      await writer.write(drawOverlay(image, { masks }));
      report(index + 1);
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
