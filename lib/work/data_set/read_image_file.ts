// What is known of an image before its pixels are decoded: its upright size,
// whether the file is complete, and the sha256 of its bytes.
//
// A header can promise more than memory holds. Such images are refused by what
// they say, and files that are too long are not even read.

import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { messageOf } from "../../base/errors.ts";
import type { Size } from "../../base/tensor.ts";
import { findDamage } from "../../media/complete_image.ts";
import { readImageSize } from "../../media/image.ts";

/** Pixels of an image, at most: 805 MB once decoded. */
export const maxImagePixels = 2 ** 28;

/** Bytes of an image file, at most. */
const MAX_FILE_BYTES = 2 ** 29;

/** An image that can be used, or what is wrong with it. */
export type ImageReading =
  | { readonly kind: "image"; readonly size: Size; readonly sha256: string }
  | {
    readonly kind: "huge image" | "unreadable image" | "truncated image";
    readonly message: string;
  };

/** Reads the header of an image file and checks that the rest is there. */
export async function readImageFile(path: string): Promise<ImageReading> {
  try {
    const { size: bytesLong } = await stat(path);
    if (bytesLong > MAX_FILE_BYTES) {
      const message =
        `the file has ${bytesLong} bytes, expected at most ${MAX_FILE_BYTES}`;
      return { kind: "huge image", message };
    }
    const bytes = await readFile(path);
    if (bytes.length === 0) {
      return { kind: "unreadable image", message: "the file is empty" };
    }
    const { width, height } = await readImageSize(bytes, { anySize: true });
    if (!(width * height <= maxImagePixels)) {
      const message =
        `its header says ${width}x${height} pixels, expected at most ${maxImagePixels} in all`;
      return { kind: "huge image", message };
    }
    const damage = findDamage(bytes);
    if (damage) return { kind: "truncated image", message: damage };
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { kind: "image", size: { width, height }, sha256 };
  } catch (error) {
    return { kind: "unreadable image", message: messageOf(error).trim() };
  }
}
