// One door for whatever holds pictures: a folder, a video, a volume, a single
// picture.

import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Frames } from "./frames.ts";
import { isImage, openImageFiles, openImageFolder } from "./image_folder.ts";
import { isVolume } from "./read_volume.ts";
import { type OpenOptions, openVideo } from "./video.ts";
import { openVolume, type VolumeOptions } from "./volume.ts";

/**
 * Opens a folder of pictures, a video, a volume (NIfTI, NRRD), or one picture as
 * a sequence of one frame.
 *
 * @param options.volume axis and window; only for a volume
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
  { volume, ...options }: OpenOptions & {
    readonly volume?: VolumeOptions;
  } = {},
): Promise<Frames> {
  const source = resolve(path);
  const found = await stat(source).catch(() => undefined);
  if (found === undefined) {
    throw new Error(
      `Cannot open ${source}: there is no such file or folder. ` +
        `Expected a video, a volume, a picture or a folder of pictures`,
    );
  }
  if (found.isFile() && isVolume(basename(source))) {
    return await openVolume(source, volume);
  }
  if (volume && (volume.axis || volume.window)) {
    throw new RangeError(
      `Cannot open ${source} with an axis or a window: it is no volume`,
    );
  }
  if (found.isDirectory()) return await openImageFolder(source);
  if (isImage(basename(source))) return await openImageFiles(source, [source]);
  return await openVideo(source, options);
}
