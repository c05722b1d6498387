// Label Studio's brush strokes: runs of bytes packed into bits.
//
// The bytes are the pixels of the image in RGBA, row by row, so there are four
// times as many as pixels; the stream is that of @thi.ng/rle-pack, written from
// the layout in its README (https://www.npmjs.com/package/@thi.ng/rle-pack): 32
// bits for the count of words, 5 for the bits of a word less 1, four times 4 for
// the bits of a length less 1; then blocks of a flag (1: one word repeated, 0:
// words as they are), 2 bits for the kind of length, the length less 1, the word
// or words. Label Studio shows a pixel whose alpha is above 0.

import type { Bitmap } from "../base/image.ts";
import type { Size } from "../base/tensor.ts";

const WORD_BITS = 8;
const LENGTH_BITS = [3, 4, 8, 16] as const;
const CHANNELS = 4;

/** Sizes above this are refused before memory is taken. */
const MAX_PIXELS = 2 ** 27;

/** One word and how often it stands in a row. */
export type WordRun = readonly [word: number, count: number];

/**
 * Encodes a mask; the numbers go into `value.rle` as they are.
 *
 * @example A mask of two pixels
 * ```ts
 * import { brushRleToBitmap, bitmapToBrushRle } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const mask = { width: 2, height: 1, data: Uint8Array.of(0, 1) };
 * const rle = bitmapToBrushRle(mask);
 * deepEqual([...rle.slice(0, 4)], [0, 0, 0, 8]); // 2 pixels, 4 bytes each
 * deepEqual(brushRleToBitmap(rle, mask), mask);
 * ```
 */
export function bitmapToBrushRle({ data }: Bitmap): Uint8Array {
  const runs: [number, number][] = [];
  for (let i = 0; i < data.length; i++) {
    const word = data[i] > 0 ? 255 : 0;
    const last = runs.at(-1);
    if (last && last[0] === word) last[1] += CHANNELS;
    else runs.push([word, CHANNELS]);
  }
  return packRuns(runs);
}

/** Decodes a mask; throws when the stream is broken or of another size. */
export function brushRleToBitmap(
  rle: ArrayLike<number>,
  { width, height }: Size,
): Bitmap {
  if (!(width * height <= MAX_PIXELS)) {
    throw new RangeError(
      `Cannot decode a brush of ${width}x${height} pixels, expected at most ${MAX_PIXELS}`,
    );
  }
  const data = new Uint8Array(width * height);
  let at = 0;
  for (const [word, count] of unpackRuns(rle, width * height * CHANNELS)) {
    const end = at + count;
    if (word > 0) {
      // Alpha is the last of four.
      for (let i = Math.ceil((at - 3) / CHANNELS); i * 4 + 3 < end; i++) {
        data[i] = 1;
      }
    }
    at = end;
  }
  return { width, height, data };
}

/** Packs runs of words; lengths above the longest go into several blocks. */
export function packRuns(
  runs: Iterable<WordRun>,
  { wordBits = WORD_BITS, lengthBits = LENGTH_BITS }: {
    wordBits?: number;
    lengthBits?: readonly number[];
  } = {},
): Uint8Array {
  const blocks = toBlocks(runs, 2 ** lengthBits[3]);
  const words = blocks.reduce((sum, { count }) => sum + count, 0);
  const bits = createBitWriter();
  bits.write(words >>> 16, 16);
  bits.write(words & 0xffff, 16);
  bits.write(wordBits - 1, 5);
  for (const length of lengthBits) bits.write(length - 1, 4);
  for (const { count, words, isRun } of blocks) {
    const kind = lengthBits.findIndex((length) => count <= 2 ** length);
    bits.write(isRun ? 1 : 0, 1);
    bits.write(kind, 2);
    bits.write(count - 1, lengthBits[kind]);
    for (const word of words) bits.write(word, wordBits);
  }
  return bits.end();
}

type Block = { count: number; words: number[]; isRun: boolean };

/** Words that repeat are blocks of their own; the others are gathered. */
function toBlocks(runs: Iterable<WordRun>, longest: number): Block[] {
  const blocks: Block[] = [];
  for (const [word, total] of runs) {
    for (let left = total; left > 0;) {
      const count = Math.min(left, longest);
      left -= count;
      const last = blocks.at(-1);
      if (count > 1) blocks.push({ count, words: [word], isRun: true });
      else if (last && !last.isRun && last.count < longest) {
        last.count++;
        last.words.push(word);
      } else blocks.push({ count, words: [word], isRun: false });
    }
  }
  return blocks;
}

/** Unpacks runs one by one; throws unless they are as many words as expected. */
export function* unpackRuns(
  bytes: ArrayLike<number>,
  expectedWords?: number,
): Generator<WordRun> {
  const read = createBitReader(bytes);
  const words = read(16) * 0x10000 + read(16);
  if (expectedWords !== undefined && words !== expectedWords) {
    throw new RangeError(
      `Cannot decode a brush: it has ${words} values, expected ${expectedWords} (4 for each pixel)`,
    );
  }
  const wordBits = read(5) + 1;
  const lengthBits = [0, 0, 0, 0].map(() => read(4) + 1);
  for (let left = words; left > 0;) {
    const isRun = read(1) === 1;
    const count = read(lengthBits[read(2)]) + 1;
    if (count > left) {
      throw new SyntaxError(
        `Cannot decode a brush: ${count} values where ${left} are left`,
      );
    }
    left -= count;
    if (isRun) yield [read(wordBits), count];
    else for (let i = 0; i < count; i++) yield [read(wordBits), 1];
  }
}

/** Reads up to 32 bits at a time, the highest first. */
function createBitReader(bytes: ArrayLike<number>): (bits: number) => number {
  let at = 0, held = 0, heldBits = 0;
  const readBits = (bits: number): number => { // up to 16
    while (heldBits < bits) {
      const byte = bytes[at++];
      if (!(Number.isInteger(byte) && byte >= 0 && byte <= 255)) {
        throw new SyntaxError(
          `Cannot decode a brush: byte ${
            at - 1
          } is ${byte}, there are ${bytes.length}`,
        );
      }
      held = (held & 0xffff) << 8 | byte;
      heldBits += 8;
    }
    heldBits -= bits;
    const value = held >>> heldBits & (2 ** bits - 1);
    held &= 2 ** heldBits - 1;
    return value;
  };
  return (bits) =>
    bits <= 16 ? readBits(bits) : readBits(bits - 16) * 0x10000 + readBits(16);
}

function createBitWriter() {
  const bytes: number[] = [];
  let held = 0, heldBits = 0;
  return {
    /** Up to 16 bits. */
    write(value: number, bits: number) {
      held = held << bits | value;
      heldBits += bits;
      while (heldBits >= 8) {
        heldBits -= 8;
        bytes.push(held >>> heldBits & 255);
      }
      held &= 2 ** heldBits - 1;
    },
    end(): Uint8Array {
      if (heldBits > 0) bytes.push(held << (8 - heldBits) & 255);
      return Uint8Array.from(bytes);
    },
  };
}
