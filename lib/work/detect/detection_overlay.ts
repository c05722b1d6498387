// Pictures of detections: a video for a video, an image for each image.
//
// The video has a constant rate and one picture for each frame that was looked
// at; it appears when it is complete. A run that goes on draws what it has done
// before anew from its lines.

import { basename, extname, join } from "node:path";
import type { RgbImage } from "../../base/image.ts";
import { drawFindings } from "../../masks/draw_findings.ts";
import { objectColour } from "../../masks/overlay.ts";
import { encodeJpeg } from "../../media/image.ts";
import { FOLDER_FPS } from "../../media/frames.ts";
import {
  createVideoWriter,
  type VideoWriter,
} from "../../media/video_writer.ts";
import { writeFileWhole } from "../write_file.ts";
import type { DetectSource } from "./detect_source.ts";
import { type DetectionLine, detectionOf } from "./detection_lines.ts";

/** Takes frames in order. */
export type DetectionOverlay = {
  /** Whether pictures of earlier frames have to be given again when a run goes on. */
  readonly needsAll: boolean;
  /** Whether an earlier sitting left it. */
  readonly isThere: boolean;
  write(image: RgbImage, line: DetectionLine): Promise<void>;
  /** Completes what was begun. */
  close(): Promise<void>;
  /** Leaves nothing that is not complete. */
  abort(): Promise<void>;
};

/** Names under a run's folder. */
export const overlayVideo = "overlay.mp4";
export const overlayFolder = "overlay";

/** Opens the overlay that fits a source. */
export async function openDetectionOverlay(
  out: string,
  source: DetectSource,
  { every }: { readonly every: number },
): Promise<DetectionOverlay> {
  const isVideo = source.kind === "video" || source.kind === "live";
  const path = join(out, isVideo ? overlayVideo : overlayFolder);
  const isThere = await Deno.stat(path).then(() => true, () => false);
  return isVideo
    ? { ...openVideoOverlay(path, source, every), isThere, needsAll: true }
    : { ...openImageOverlay(path, source), isThere, needsAll: !isThere };
}

type Pictures = Omit<DetectionOverlay, "isThere" | "needsAll">;

function openVideoOverlay(
  path: string,
  { kind, fps = FOLDER_FPS }: DetectSource,
  every: number,
): Pictures {
  let writer: VideoWriter | undefined;
  let lastMs = -1;
  return {
    write: async (image, line) => {
      writer ??= await createVideoWriter(path, {
        size: { width: image.width, height: image.height },
        fps: fps / every,
        gop: 25,
      });
      const drawn = drawLine(image, line);
      if (kind === "video") return await writer.write(drawn);
      lastMs = Math.max(lastMs + 1, Math.round(line.timeMs ?? 0));
      await writer.write(drawn, { timeMs: lastMs });
    },
    close: async () => await writer?.close(),
    abort: async () => await writer?.abort(),
  };
}

function openImageOverlay(
  folder: string,
  { names }: DetectSource,
): Pictures {
  const stems = names.map(stemOf);
  const isTwice = (stem: string) =>
    stems.indexOf(stem) !== stems.lastIndexOf(stem);
  return {
    write: async (image, line) => {
      const stem = stemOf(line.name);
      const name = isTwice(stem) ? line.name : stem;
      const jpeg = await encodeJpeg(drawLine(image, line));
      await writeFileWhole(join(folder, `${name}.jpg`), jpeg);
    },
    close: () => Promise.resolve(),
    abort: () => Promise.resolve(),
  };
}

function stemOf(name: string): string {
  return basename(name, extname(name));
}

/** Draws a line over its frame: tracks have colours of their own, else classes. */
export function drawLine(
  image: RgbImage,
  { detections }: DetectionLine,
): RgbImage {
  return drawFindings(
    image,
    detections.map((object) => {
      const { name, confidence, track } = object;
      const { box, classNumber, mask } = detectionOf(object);
      const who = track === undefined ? name : `${name} #${track}`;
      return {
        box,
        mask,
        colour: objectColour(track ?? classNumber + 1),
        words: `${who} ${confidence.toFixed(2)}`,
      };
    }),
  );
}
