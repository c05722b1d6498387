// One door for whatever holds pictures: a folder, a video, a single picture.

import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Frames } from "./frames.ts";
import { isImage, openImageFiles, openImageFolder } from "./image_folder.ts";
import { type OpenOptions, openVideo } from "./video.ts";

/**
 * Opens a folder of pictures, a video, or one picture as a sequence of one frame.
 *
 * @example The first picture of the sample clip
 * ```ts
 * import { openFrames } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const frames = await openFrames("data/sample/clip.mp4");
 * const image = await frames.read(0);
 * deepEqual([image.width, image.height], [480, 360]);
 * await frames.close();
 * ```
 */
export async function openFrames(
  path: string,
  options: OpenOptions = {},
): Promise<Frames> {
  const source = resolve(path);
  const found = await stat(source).catch(() => undefined);
  if (found === undefined) {
    throw new Error(
      `Cannot open ${source}: there is no such file or folder. ` +
        `Expected a video, a picture or a folder of pictures`,
    );
  }
  if (found.isDirectory()) return await openImageFolder(source);
  if (isImage(basename(source))) return await openImageFiles(source, [source]);
  return await openVideo(source, options);
}
