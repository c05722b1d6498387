// Decoded frames of any pixel format as 8-bit RGB, the same bytes on every CPU.
//
// The scaler reads colour space and range off each frame, so BT.601, BT.709,
// limited and full range, 8 and 10 bits come out right; untagged frames count
// as BT.601, limited range, as FFmpeg does it.

import { Buffer } from "node:buffer";
import type { Frame } from "node-av/lib";
import type { RgbImage } from "../base/image.ts";
import { checkCode, type Ffmpeg } from "./ffmpeg.ts";

/** Exact arithmetic without CPU-dependent shortcuts, at full chroma resolution. */
export const SCALER_FLAGS = "bicubic+accurate_rnd+bitexact+full_chroma_int";

/** Opens a converter; it must be freed. */
export function openRgbConverter(av: Ffmpeg) {
  const scaler = new av.SoftwareScaleContext();
  const rgb = new av.Frame();
  scaler.allocContext();
  scaler.setOption("sws_flags", SCALER_FLAGS);
  rgb.alloc();

  /** Copies a frame's picture out as RGB. */
  async function toRgb(frame: Frame): Promise<RgbImage> {
    const { width, height } = frame;
    if (rgb.width !== width || rgb.height !== height) {
      rgb.unref();
      Object.assign(rgb, { format: av.AV_PIX_FMT_RGB24, width, height });
      checkCode(av, rgb.getBuffer(), "no memory for a frame");
    }
    checkCode(av, await scaler.scaleFrame(rgb, frame), "cannot convert");
    const data = new Uint8Array(width * height * 3);
    av.avImageCopyToBuffer(
      Buffer.from(data.buffer),
      data.length,
      rgb.data,
      rgb.linesize,
      av.AV_PIX_FMT_RGB24,
      width,
      height,
      1,
    );
    return { width, height, data };
  }

  function free() {
    scaler.freeContext();
    rgb.free();
  }

  return { toRgb, free };
}
