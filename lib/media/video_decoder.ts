// One open video stream: packets in, decoded frames out, in presentation order.
//
// The native half of video.ts. It knows nothing of indices or caches; it hands
// out frames one after the other, can jump to a key frame, and turns a frame
// into RGB. Whoever opens it closes it.

import { crc32 } from "node:zlib";
import type { FormatContext, Frame, Stream } from "node-av/lib";
import type { RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import { checkCode, type Ffmpeg } from "./ffmpeg.ts";
import {
  orientedSize,
  orientImage,
  parseDisplayMatrix,
} from "./orientation.ts";
import { openRgbConverter } from "./rgb_converter.ts";

/** FFmpeg's names of the containers that are opened; lists, streams and stills are not. */
const CONTAINERS =
  "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,flv,mxf,ogg,h264,hevc,m4v,ivf,dv";

/** A decoded frame; its picture is valid until the next call of `next`. */
export type DecodedFrame = {
  /** Presentation time in units of the stream's time base; undefined when the file has none. */
  readonly pts: bigint | undefined;
  /** Whether decoding may start here. */
  readonly isKey: boolean;
  /** Whether the decoder had to guess parts of it. */
  readonly isDamaged: boolean;
  readonly size: Size;
  /** CRC-32 over a quarter of the luma rows: enough to notice a wrong frame. */
  checksum(): number;
  toRgb(): Promise<RgbImage>;
};

/** An open stream, see {@link openDecoder}. */
export type VideoDecoder = Awaited<ReturnType<typeof openDecoder>>;

/** What is allowed of a stream that is still being made. */
export type LivePlace = {
  /** FFmpeg's names of the protocols, with commas. */
  readonly protocols: string;
  /** FFmpeg's name of the container; found out where undefined. */
  readonly format: string | undefined;
  /** A camera or a network: what came while it was being opened is let go. */
  readonly isNow: boolean;
};

/**
 * Opens the best video stream of a file, or of a live place; the decoder must be closed.
 *
 * @param path of a file, or with `live` a URL of FFmpeg
 */
export async function openDecoder(
  av: Ffmpeg,
  path: string,
  { live }: { live?: LivePlace } = {},
) {
  const format = new av.FormatContext();
  const codec = new av.CodecContext();
  const packet = new av.Packet();
  const frame = new av.Frame();
  const converter = openRgbConverter(av);
  packet.alloc();
  frame.alloc();

  async function close() {
    converter.free();
    frame.free();
    packet.free();
    codec.freeContext();
    await format.closeInput();
  }

  let stream: Stream;
  try {
    stream = await openStream(av, format, path, live);
    await openCodec(av, codec, stream);
  } catch (error) {
    await close();
    throw error;
  }
  const orientation = streamOrientation(av, stream);
  let hasKey = false;
  let isDraining = false;
  let packets = 0;

  /** Decodes the next frame; undefined at the end. */
  async function next(): Promise<DecodedFrame | undefined> {
    while (true) {
      frame.unref();
      const code = await codec.receiveFrame(frame);
      if (code === av.AVERROR_EOF) return undefined;
      if (code !== av.AVERROR_EAGAIN) {
        checkCode(av, code, "decoding stops");
        return describe();
      }
      if (isDraining) return undefined;
      await feed();
    }
  }

  /** Feeds the next packet of the stream to the decoder. */
  async function feed() {
    const code = await readPacket();
    if (code === av.AVERROR_EOF) {
      isDraining = true;
      checkCode(av, await codec.sendPacket(null), "decoding stops");
      return;
    }
    checkCode(av, code, "reading stops");
    const isCutOff = packet.hasFlags(av.AV_PKT_FLAG_CORRUPT);
    // A recording may start between key frames: what nothing can decode is left out.
    hasKey ||= packet.isKeyframe;
    const sent = hasKey ? await codec.sendPacket(packet) : 0;
    packet.unref();
    packets++;
    if (isCutOff) throw new Error("reading stops: a packet is cut off");
    checkCode(av, sent, "decoding stops");
  }

  async function readPacket(): Promise<number> {
    while (true) {
      const code = await format.readFrame(packet);
      if (code < 0 || packet.streamIndex === stream.index) return code;
      packet.unref();
    }
  }

  function describe(): DecodedFrame {
    const { bestEffortTimestamp: pts, width, height } = frame;
    return {
      pts: pts === av.AV_NOPTS_VALUE ? undefined : pts,
      isKey: frame.keyFrame === 1,
      isDamaged: frame.decodeErrorFlags !== 0 ||
        frame.hasFlags(av.AV_FRAME_FLAG_CORRUPT),
      size: orientedSize({ width, height }, orientation),
      checksum: () => lumaChecksum(frame),
      toRgb: async () => orientImage(await converter.toRgb(frame), orientation),
    };
  }

  /** Jumps to the last key frame at or before a time; the next frames follow from there. */
  async function seek(pts: bigint) {
    const flags = av.AVSEEK_FLAG_BACKWARD;
    const code = await format.seekFrame(stream.index, pts, flags);
    checkCode(av, code, "seeking fails");
    codec.flushBuffers();
    isDraining = false;
    hasKey = false;
  }

  return {
    /** What the container says about the stream. */
    stream: describeStream(av, format, stream),
    /** Packets of the stream that were read so far. */
    packetsRead: () => packets,
    next,
    seek,
    close,
  };
}

async function openStream(
  av: Ffmpeg,
  format: FormatContext,
  path: string,
  live: LivePlace | undefined,
): Promise<Stream> {
  const options = av.Dictionary.fromObject(
    live
      ? {
        protocol_whitelist: live.protocols,
        ...(live.isNow ? { fflags: "nobuffer", probesize: "500000" } : {}),
      }
      : { format_whitelist: CONTAINERS, protocol_whitelist: "file" },
  );
  const container = live?.format === undefined
    ? null
    : av.InputFormat.findInputFormat(live.format);
  if (live?.format !== undefined && !container) {
    throw new Error(`FFmpeg knows no container ${live.format}`);
  }
  try {
    const url = live ? path : `file:${path}`;
    const opened = await format.openInput(url, container, options);
    checkCode(
      av,
      opened,
      live ? "no stream there" : "not a video, or one without its index",
    );
  } finally {
    options.free();
  }
  checkCode(av, await format.findStreamInfo(), "no streams");
  const best = format.findBestStream(av.AVMEDIA_TYPE_VIDEO);
  const isCover = best >= 0 &&
    format.streams[best].hasDisposition(av.AV_DISPOSITION_ATTACHED_PIC);
  if (best >= 0 && !isCover) return format.streams[best];
  const kinds = format.streams.map((stream) =>
    av.avGetMediaTypeString(stream.codecpar.codecType)
  );
  throw new Error(
    `no video stream, found ${kinds.join(", ") || "no stream at all"}`,
  );
}

async function openCodec(
  av: Ffmpeg,
  context: InstanceType<Ffmpeg["CodecContext"]>,
  stream: Stream,
) {
  const { codecId } = stream.codecpar;
  const codec = av.Codec.findDecoder(codecId);
  if (!codec) throw new Error(`no decoder for ${av.avGetCodecName(codecId)}`);
  context.allocContext3(codec);
  checkCode(av, context.parametersToContext(stream.codecpar), "bad stream");
  context.pktTimebase = stream.timeBase;
  context.threadCount = 2; // each thread holds frames, so a fixed, small number
  checkCode(av, await context.open2(codec, null), "no decoder");
}

function describeStream(av: Ffmpeg, format: FormatContext, stream: Stream) {
  const { num, den } = stream.timeBase;
  const { num: frames, den: seconds } = stream.avgFrameRate;
  const known = (value: bigint) => value > 0n && value !== av.AV_NOPTS_VALUE;
  return {
    container: format.iformat?.name ?? "",
    msPerTick: 1000 * num / den,
    fps: frames > 0 && seconds > 0 ? frames / seconds : undefined,
    /** Frames the container claims; undefined when it does not say. */
    frames: known(stream.nbFrames) ? Number(stream.nbFrames) : undefined,
    /** Length the container claims for this stream. */
    durationMs: known(stream.duration)
      ? Number(stream.duration) * 1000 * num / den
      : format.nbStreams === 1 && known(format.duration)
      ? Number(format.duration) / 1000
      : undefined,
  };
}

function streamOrientation(av: Ffmpeg, stream: Stream) {
  const kind = av.AV_PKT_DATA_DISPLAYMATRIX;
  const matrix = stream.codecpar.getCodedSideData(kind);
  return matrix ? parseDisplayMatrix(matrix) : undefined;
}

function lumaChecksum(frame: Frame): number {
  const luma = frame.data![0];
  const stride = frame.linesize[0];
  let checksum = 0;
  for (let y = 0; y < frame.height; y += 4) {
    const row = luma.subarray(y * stride, y * stride + frame.width);
    checksum = crc32(row, checksum);
  }
  return checksum;
}
