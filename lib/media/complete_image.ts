// Whether an image file is there to its end, told from its bytes without
// decoding the pixels.
//
// A header says nothing about what follows: half a download still has one. PNG
// says its end and has a checksum for every chunk, JPEG ends with a marker,
// WebP states its length. TIFF may keep its pixels anywhere and is not judged.

import { crc32 } from "node:zlib";

/** Says what is missing or damaged in an image file; undefined when nothing is found. */
export function findDamage(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "the file is empty";
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47])) return damageOfPng(bytes);
  if (startsWith(bytes, [0xff, 0xd8])) return damageOfJpeg(bytes);
  if (startsWith(bytes, [0x52, 0x49, 0x46, 0x46])) return damageOfWebp(bytes);
  return undefined;
}

/** Chunks of length, name, content and checksum, the last one called IEND. */
function damageOfPng(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const end = at + 8 + length;
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (end + 4 > bytes.length) return `it ends inside chunk ${shown(name)}`;
    if (view.getUint32(end) !== crc32(bytes.subarray(at + 4, end))) {
      return `the checksum of chunk ${shown(name)} is wrong`;
    }
    if (name === "IEND") return undefined;
    at = end + 4;
  }
  return "it ends before its last chunk";
}

/** Segments up to the start of the scan (FF DA), and the end marker FF D9 after it. */
function damageOfJpeg(bytes: Uint8Array): string | undefined {
  let at = 2;
  while (
    at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda
  ) {
    // Fill bytes before a marker; else a length of two bytes that counts itself.
    if (bytes[at + 1] === 0xff) at++;
    else at += 2 + bytes[at + 2] * 256 + bytes[at + 3];
  }
  if (at + 4 > bytes.length || bytes[at] !== 0xff) {
    return "it ends in its header";
  }
  // In a scan, FF is never followed by D9; cameras may write something behind the end.
  for (let i = bytes.length - 2; i > at; i--) {
    if (bytes[i] === 0xff && bytes[i + 1] === 0xd9) return undefined;
  }
  return "it ends before its end marker";
}

function damageOfWebp(bytes: Uint8Array): string | undefined {
  if (bytes.length < 12) return "it ends inside its header";
  const stated = new DataView(bytes.buffer, bytes.byteOffset).getUint32(
    4,
    true,
  );
  if (stated + 8 <= bytes.length) return undefined;
  return `it has ${bytes.length} bytes and states ${stated + 8}`;
}

function startsWith(bytes: Uint8Array, head: readonly number[]): boolean {
  return head.every((value, i) => bytes[i] === value);
}

function shown(name: string): string {
  return /^[A-Za-z]{4}$/.test(name) ? name : "of no name";
}
