// Detection in a cell: what was found, on frames spread over the source.

import { join } from "node:path";
import type { DeviceChoice } from "../runtime/runtime.ts";
import { encodeJpeg, resizeImage } from "../media/image.ts";
import { openFrames } from "../media/open_frames.ts";
import {
  detectIn,
  type DetectInOptions,
  type DetectSummary,
} from "../work/detect/detect_in.ts";
import { detectFiles } from "../work/detect/detection_folder.ts";
import {
  type DetectionLine,
  readDetectionLines,
} from "../work/detect/detection_lines.ts";
import { drawLine } from "../work/detect/detection_overlay.ts";
import { openDetector } from "../work/open_detector.ts";
import type { ReportPicture } from "../work/report/demo_report.ts";
import { type Displayable, displayed } from "./display.ts";
import { drawnQuality, joinPictures } from "./picture.ts";
import { withProgress } from "./progress.ts";
import { tableLook } from "./table.ts";

/** A detection as a cell shows it. */
export type DetectView = Displayable & DetectSummary & {
  /** What was found, a line for each frame. */
  readonly lines: readonly DetectionLine[];
};

/**
 * Detects in a folder of frames or a video and shows some of the frames.
 *
 * @param options.count how many frames are shown
 * @throws RangeError as detectIn does
 */
export async function detect(
  { model, device, size, count = 3, widthPx = 320, ...options }:
    & Omit<DetectInOptions, "onProgress">
    & {
      readonly model: string;
      readonly device?: DeviceChoice;
      readonly size?: number;
      readonly count?: number;
      readonly widthPx?: number;
    },
): Promise<DetectView> {
  const detector = await openDetector({ model, device, size });
  try {
    const summary = await withProgress((onProgress) =>
      detectIn(detector, { ...options, onProgress })
    );
    const file = join(summary.out, detectFiles.lines);
    const lines = await Array.fromAsync(readDetectionLines(file));
    const pictures = await drawSome(options.input, lines, { count, widthPx });
    const { frames, detections, tracks, fps } = summary;
    return displayed(
      { ...summary, lines },
      {
        picture: await joinPictures(pictures),
        text: `frames ${pictures.map(({ frame }) => frame).join(", ")}`,
      },
      tableLook([{ frames, detections, tracks, fps: Math.round(fps) }]),
    );
  } finally {
    await detector.close();
  }
}

/** Frames spread evenly over the source, with what was found on them. */
async function drawSome(
  input: string,
  lines: readonly DetectionLine[],
  { count, widthPx }: { readonly count: number; readonly widthPx: number },
): Promise<ReportPicture[]> {
  const frames = await openFrames(input);
  try {
    const step = Math.max(1, lines.length / count);
    const pictures: ReportPicture[] = [];
    for (let i = 0; i < Math.min(count, lines.length); i++) {
      const line = lines[Math.floor((i + 0.5) * step)];
      const image = drawLine(await frames.read(line.frame), line);
      const scale = Math.min(1, widthPx / image.width);
      const size = {
        width: Math.round(image.width * scale),
        height: Math.round(image.height * scale),
      };
      const bytes = await encodeJpeg(await resizeImage(image, size), {
        quality: drawnQuality,
      });
      const src = `data:image/jpeg;base64,${bytes.toBase64()}`;
      pictures.push({ src, size, frame: line.frame, caption: "" });
    }
    return pictures;
  } finally {
    await frames.close();
  }
}
