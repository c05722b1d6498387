// A small video with B-frames and uneven times, different on every frame.

import { createVideoWriter, type RgbImage } from "medannotate";
import type { Size } from "../../lib/base/tensor.ts";

/** Times in ms of so many frames: gaps of 20, 60, 20, 100 and again. */
export function unevenTimes(count: number): number[] {
  const gaps = [20, 60, 20, 100];
  let timeMs = 0;
  return Array.from({ length: count }, (_, i) => {
    const now = timeMs;
    timeMs += gaps[i % gaps.length];
    return now;
  });
}

/** Draws a frame whose pattern moves and whose brightness tells its number. */
export function drawPattern({ width, height }: Size, index: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[i++] = 128 + 100 * Math.sin((x + 5 * index) / 9);
      data[i++] = 128 + 100 * Math.sin((y - 3 * index) / 11);
      data[i++] = 2 * index;
    }
  }
  return { width, height, data };
}

/** Writes the video. */
export async function writePattern(
  path: string,
  { count, size, gop = 12 }: { count: number; size: Size; gop?: number },
) {
  const writer = await createVideoWriter(path, { size, fps: 25, gop });
  for (const [index, timeMs] of unevenTimes(count).entries()) {
    await writer.write(drawPattern(size, index), { timeMs });
  }
  await writer.close();
}
