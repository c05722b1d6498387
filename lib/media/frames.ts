// Frames: an image folder, a video or a volume as one numbered sequence of
// pictures.
//
// Nothing above this room knows where pictures come from. A frame is its index
// in the order the source delivers it, its presentation time and its pixels;
// it is never found by multiplying a time by a frame rate.

import { createHash } from "node:crypto";
import type { RgbImage } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";
import type { VolumeAxis } from "./volume_slices.ts";

/** What is known about a frame without its pixels. */
export type FrameInfo = {
  /** Place in the sequence, from 0, in the order the decoder outputs frames. */
  readonly index: number;
  /**
   * Presentation time. A video's own timestamp, which need not start at 0;
   * a folder has no times, there it is `index * 1000 / FOLDER_FPS`.
   */
  readonly timeMs: number;
  /** The file name in a folder; empty in a video or a volume. */
  readonly name: string;
};

/** How the slices of a volume are seen. */
export type VolumeView = {
  /** The axis of the patient that the slices are cut across. */
  readonly axis: VolumeAxis;
  /** From pixel to pixel along a row and a column, and from slice to slice. */
  readonly spacingMm: {
    readonly row: number;
    readonly column: number;
    readonly slice: number;
  };
  /** The value that becomes middle grey. */
  readonly level: number;
  /** How many values lie between black and white. */
  readonly width: number;
};

/** A numbered sequence of pictures of one size, read when asked for. */
export type Frames = {
  readonly kind: "folder" | "video" | "volume";
  /** Absolute path of the folder or the file. */
  readonly source: string;
  readonly size: Size;
  readonly count: number;
  /** Mean frames per second; undefined where the source has no times. */
  readonly fps: number | undefined;
  readonly infos: readonly FrameInfo[];
  /** How slices are seen, of a volume only. */
  readonly volume?: VolumeView;
  /** Stands for a video file as it is: its path, size, time and number on the disk. */
  readonly fileKey?: string;
  /** Reads one frame; the image may be shared with later reads, so never write into it. */
  read(index: number): Promise<RgbImage>;
  /** Opens the same source once more, at once: two readers do not wait for each other. */
  again(): Promise<Frames>;
  /** Frees what the source holds; reading afterwards is an error. */
  close(): Promise<void>;
};

/** The rate that gives the frames of a folder their times. */
export const FOLDER_FPS = 25;

/** Computes the identity of a frame: sha256 of "WxH\n" and its RGB bytes, in hex. */
export function framesSha256(image: RgbImage): string {
  return createHash("sha256")
    .update(`${image.width}x${image.height}\n`)
    .update(image.data)
    .digest("hex");
}

/** Throws a RangeError that tells the range unless the frame exists. */
export function checkFrameIndex(index: number, count: number, source: string) {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new RangeError(
    `No frame ${index} in ${source}: frames are 0 to ${count - 1}`,
  );
}
