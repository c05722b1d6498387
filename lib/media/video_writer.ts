// Writing pictures as a video that browsers play: H.264 in MP4.
//
// The file appears under its name only when it is complete. Colours are stored
// as BT.709 and tagged so. H.264 with 4:2:0 colour needs even sides: an odd
// picture gets its last column or row twice.

import { Buffer } from "node:buffer";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { checkCode, type Ffmpeg, loadFfmpeg } from "./ffmpeg.ts";
import { SCALER_FLAGS } from "./rgb_converter.ts";

/** Ticks per second: the clock that fits the usual frame rates. */
const CLOCK = 90_000;

/** Takes pictures one after the other. */
export type VideoWriter = {
  /** Appends a picture, at its own time where given (rising), else `1 / fps` after the last. */
  write(image: RgbImage, options?: { timeMs?: number }): Promise<void>;
  /** Completes the file and gives it its name. */
  close(): Promise<void>;
  /** Stops and leaves nothing behind. */
  abort(): Promise<void>;
};

/**
 * Starts an H.264 video in an MP4 file.
 *
 * @param crf quality, lower is better: 18 hides the compression, 23 is small
 *
 * @example A second of grey
 * ```ts
 * import { createVideoWriter, openVideo } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile({ suffix: ".mp4" });
 * const size = { width: 64, height: 48 };
 * const writer = await createVideoWriter(path, { size, fps: 25 });
 * const data = new Uint8Array(64 * 48 * 3).fill(128);
 * for (let i = 0; i < 25; i++) await writer.write({ ...size, data });
 * await writer.close();
 *
 * const video = await openVideo(path);
 * equal(video.count, 25);
 * await video.close();
 * await Deno.remove(path);
 * ```
 */
export async function createVideoWriter(
  path: string,
  { size, fps, crf = 20, gop = 50 }: {
    size: Size;
    fps: number;
    crf?: number;
    /** Frames from one key frame to the next, at most. */
    gop?: number;
  },
): Promise<VideoWriter> {
  const target = resolve(path);
  const partial = `${target}.${crypto.randomUUID().slice(0, 8)}.part`;
  await mkdir(dirname(target), { recursive: true });
  const av = await loadFfmpeg();
  const muxer = await openMuxer(av, partial, { size, fps, crf, gop });

  const step = CLOCK / fps;
  let lastPts = -step;
  let isOpen = true;

  function take(doing: string) {
    if (!isOpen) throw new Error(`Cannot ${doing} ${path}: it is closed`);
  }

  async function abort() {
    if (!isOpen) return;
    isOpen = false;
    await muxer.free();
    await rm(partial, { force: true });
  }

  return {
    async write(image, { timeMs } = {}) {
      take("write to");
      if (image.width !== size.width || image.height !== size.height) {
        throw new RangeError(
          `Cannot write to ${path}: the picture has ${image.width}x${image.height} pixels, the video ${size.width}x${size.height}`,
        );
      }
      const pts = timeMs === undefined ? lastPts + step : timeMs * CLOCK / 1000;
      if (Math.round(pts) <= Math.round(lastPts) && lastPts >= 0) {
        throw new RangeError(
          `Cannot write to ${path}: ${timeMs} ms is not after the frame before it`,
        );
      }
      lastPts = pts;
      await muxer.encode(image, BigInt(Math.round(pts)));
    },
    async close() {
      take("close");
      try {
        await muxer.finish();
      } catch (error) {
        await abort();
        throw error;
      }
      isOpen = false;
      await muxer.free();
      await rename(partial, target);
    },
    abort,
  };
}

async function openMuxer(
  av: Ffmpeg,
  path: string,
  { size, fps, crf, gop }: {
    size: Size;
    fps: number;
    crf: number;
    gop: number;
  },
) {
  const even = (side: number) => side + side % 2;
  const width = even(size.width);
  const height = even(size.height);
  const format = new av.FormatContext();
  const codec = new av.CodecContext();
  const packet = new av.Packet();
  const rgb = new av.Frame();
  const yuv = new av.Frame();
  const scaler = new av.SoftwareScaleContext();
  const clock = new av.Rational(1, CLOCK);

  async function free() {
    scaler.freeContext();
    yuv.free();
    rgb.free();
    packet.free();
    codec.freeContext();
    await format.closeOutput();
    format.freeContext();
  }

  async function open() {
    checkCode(av, format.allocOutputContext2(null, "mp4", path), "no MP4");
    const x264 = av.Codec.findEncoderByName("libx264" as never);
    if (!x264) throw new Error("this FFmpeg has no libx264");
    codec.allocContext3(x264);
    Object.assign(codec, {
      width,
      height,
      pixelFormat: av.AV_PIX_FMT_YUV420P,
      timeBase: clock,
      framerate: new av.Rational(Math.round(fps * 1000), 1000),
      gopSize: gop,
      maxBFrames: 2,
      threadCount: 2, // the number of threads changes the bytes: never the machine's
      colorSpace: av.AVCOL_SPC_BT709,
      colorPrimaries: av.AVCOL_PRI_BT709,
      colorTrc: av.AVCOL_TRC_BT709,
      colorRange: av.AVCOL_RANGE_MPEG,
    });
    codec.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
    const options = av.Dictionary.fromObject({ crf, preset: "medium" });
    checkCode(av, await codec.open2(x264, options), "no H.264 encoder");
    options.free();
    const stream = format.newStream(null);
    stream.timeBase = clock;
    stream.avgFrameRate = new av.Rational(Math.round(fps * 1000), 1000);
    checkCode(av, stream.codecpar.fromContext(codec), "no stream");
    checkCode(av, await format.openOutput(), `cannot write ${path}`);
    const header = av.Dictionary.fromObject({
      movflags: "+faststart",
      fflags: "+bitexact",
    });
    checkCode(av, await format.writeHeader(header), "no header");
    header.free();
    packet.alloc();
    rgb.alloc();
    Object.assign(rgb, { width, height, format: av.AV_PIX_FMT_RGB24 });
    checkCode(av, rgb.getBuffer(1), "no memory");
    yuv.alloc();
    Object.assign(yuv, {
      width,
      height,
      format: av.AV_PIX_FMT_YUV420P,
      colorSpace: av.AVCOL_SPC_BT709,
      colorRange: av.AVCOL_RANGE_MPEG,
    });
    checkCode(av, yuv.getBuffer(), "no memory");
    scaler.allocContext();
    scaler.setOption("sws_flags", SCALER_FLAGS);
  }

  async function encode(image: RgbImage, pts: bigint) {
    const pixels = Buffer.from(padEven(image, width, height));
    checkCode(av, rgb.fromBuffer(pixels), "bad picture");
    checkCode(av, yuv.makeWritable(), "no memory");
    checkCode(av, await scaler.scaleFrame(yuv, rgb), "cannot convert");
    yuv.pts = pts;
    checkCode(av, await codec.sendFrame(yuv), "cannot encode");
    await drain();
  }

  async function finish() {
    checkCode(av, await codec.sendFrame(null), "cannot encode");
    await drain();
    checkCode(av, await format.writeTrailer(), "cannot finish");
  }

  async function drain() {
    while (true) {
      const code = await codec.receivePacket(packet);
      if (code === av.AVERROR_EAGAIN || code === av.AVERROR_EOF) return;
      checkCode(av, code, "cannot encode");
      packet.streamIndex = 0;
      packet.duration ||= BigInt(Math.round(CLOCK / fps));
      packet.rescaleTs(clock, format.streams[0].timeBase);
      checkCode(av, await format.interleavedWriteFrame(packet), "cannot write");
      packet.unref();
    }
  }

  try {
    await open();
  } catch (error) {
    await free();
    await rm(path, { force: true });
    throw error;
  }
  return { encode, finish, free };
}

/** Repeats the last column and row where a side is odd. */
function padEven(image: RgbImage, width: number, height: number): Uint8Array {
  if (image.width === width && image.height === height) return image.data;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = Math.min(y, image.height - 1) * image.width * 3;
    data.set(image.data.subarray(row, row + image.width * 3), y * width * 3);
    const lastPixel = row + (image.width - 1) * 3;
    if (width > image.width) {
      data.set(
        image.data.subarray(lastPixel, lastPixel + 3),
        (y + 1) * width * 3 - 3,
      );
    }
  }
  return data;
}
