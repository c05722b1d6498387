// Damaged and hostile checkpoints, made from whole ones by a seeded generator.

import { crc32 } from "node:zlib";
import { type Random, seededRandom } from "../../lib/base/random.ts";

/** A whole checkpoint and where its parts are. */
export type WholeFile = {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What describes the values: a header, a pickle, the directory of the zip. */
  readonly descriptions: readonly Range[];
  readonly values: Range;
  /** The entries of a zip, to mend their checksums after a change. */
  readonly entries: readonly ZipRow[];
};

type Range = { readonly from: number; readonly to: number };
type ZipRow = Range & { readonly name: string; readonly checksumAt: number };

/** One damaged file. */
export type Mutation = {
  readonly kind: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** Finds the parts of a `.pt` file. */
export function wholeTorchFile(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): WholeFile {
  const view = new DataView(bytes.buffer);
  const end = bytes.length - 22; // torch.save writes no comment
  const directory = view.getUint32(end + 16, true);
  const entries: ZipRow[] = [];
  for (let at = directory; view.getUint32(at, true) === 0x02014b50;) {
    const [nameLength, extra, comment] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true)
    );
    const header = view.getUint32(at + 42, true);
    const from = header + 30 + view.getUint16(header + 26, true) +
      view.getUint16(header + 28, true);
    entries.push({
      name: new TextDecoder().decode(
        bytes.slice(at + 46, at + 46 + nameLength),
      ),
      from,
      to: from + view.getUint32(at + 24, true),
      checksumAt: at + 16,
    });
    at += 46 + nameLength + extra + comment;
  }
  const pickle = entries.find(({ name }) => name.endsWith("/data.pkl"))!;
  const values = entries.filter(({ name }) => name.includes("/data/"));
  return {
    name,
    bytes,
    descriptions: [pickle, { from: directory, to: bytes.length }],
    values: { from: values[0].from, to: values.at(-1)!.to },
    entries,
  };
}

/** Finds the parts of a `.safetensors` file. */
export function wholeSafetensors(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): WholeFile {
  const length = new DataView(bytes.buffer).getUint32(0, true);
  return {
    name,
    bytes,
    descriptions: [{ from: 0, to: 8 + length }],
    values: { from: 8 + length, to: bytes.length },
    entries: [],
  };
}

type Change = (file: WholeFile, random: Random) => Uint8Array<ArrayBuffer>;

const changes: Readonly<Record<string, Change>> = {
  "bits anywhere": (file, random) =>
    flipBits(file, { from: 0, to: file.bytes.length }, random),
  "bits of the description": (file, random) =>
    flipBits(file, pick(file.descriptions, random), random),
  "cut": (file, random) =>
    file.bytes.slice(0, Math.floor(random() * file.bytes.length)),
  "cut near an end": (file, random) => {
    const few = Math.floor(random() * 400);
    return random() < 0.5
      ? file.bytes.slice(0, few)
      : file.bytes.slice(0, file.bytes.length - few - 1);
  },
  "more bytes": (file, random) => {
    const extra = Math.floor(random() * 5000);
    return Uint8Array.from(
      { length: file.bytes.length + extra },
      (_, i) => file.bytes[i] ?? Math.floor(random() * 256),
    );
  },
  "a number of the description": (file, random) =>
    file.entries.length > 0
      ? changePickleNumber(file, random)
      : changeJsonNumber(file, random),
  "a size of the directory": changeDirectory,
  "swapped names": swapNames,
  "a value that is no number": (file, random) => {
    const { from, to } = file.values;
    const bytes = file.bytes.slice();
    const at = from + 4 * Math.floor(random() * (to - from) / 4);
    const value = pick([NaN, Infinity, -Infinity], random);
    new DataView(bytes.buffer).setFloat32(at, value, true);
    return bytes;
  },
  "a block of other bytes": (file, random) => {
    const bytes = file.bytes.slice();
    const range = random() < 0.5
      ? pick(file.descriptions, random)
      : { from: 0, to: bytes.length };
    const at = placeIn(range, random);
    const length = Math.floor(random() * 64);
    const from = placeIn({ from: 0, to: bytes.length - 64 }, random);
    bytes.set(
      file.bytes.slice(from, from + length).subarray(0, bytes.length - at),
      at,
    );
    return bytes;
  },
};

/** Makes the damaged file of a seed; the same for ever. */
export function mutate(file: WholeFile, seed: number): Mutation {
  const random = seededRandom(seed);
  const kind = pick(Object.keys(changes), random);
  const bytes = changes[kind](file, random);
  // checksums would hide what lies behind them
  const isMended = file.entries.length > 0 && random() < 0.7 &&
    bytes.length === file.bytes.length;
  if (isMended) mendChecksums(file, bytes);
  return { kind: isMended ? `${kind}, mended` : kind, bytes };
}

function mendChecksums({ entries }: WholeFile, bytes: Uint8Array<ArrayBuffer>) {
  const view = new DataView(bytes.buffer);
  for (const { from, to, checksumAt } of entries) {
    view.setUint32(checksumAt, crc32(bytes.subarray(from, to)), true);
  }
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[Math.floor(random() * items.length)];
}

function placeIn({ from, to }: Range, random: Random): number {
  return from + Math.floor(random() * (to - from));
}

function flipBits({ bytes }: WholeFile, range: Range, random: Random) {
  const flipped = bytes.slice();
  const count = 1 + Math.floor(random() * 8);
  for (let i = 0; i < count; i++) {
    flipped[placeIn(range, random)] ^= 1 << Math.floor(random() * 8);
  }
  return flipped;
}

const numbers = [
  "-1",
  "0",
  "1",
  "2147483647",
  "4294967296",
  "9007199254740993",
  "1e300",
  "1.5",
  "-9007199254740992",
  "null",
  '"4"',
  "[]",
  "1e-3",
];

/** Replaces a number of the header; its length is mended, so that the rest stays in place. */
function changeJsonNumber({ bytes, descriptions }: WholeFile, random: Random) {
  const { to } = descriptions[0];
  const text = new TextDecoder().decode(bytes.subarray(8, to));
  const found = [...text.matchAll(/\d+(?=[,\]])/g)];
  const { 0: old, index } = pick(found, random);
  const changed = text.slice(0, index) + pick(numbers, random) +
    text.slice(index + old.length);
  return withHeader(changed, bytes.subarray(to));
}

function withHeader(text: string, values: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + header.length + values.length);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(header, 8);
  bytes.set(values, 8 + header.length);
  return bytes;
}

/** Changes the number behind an opcode BININT, BININT1 or BININT2 of the pickle. */
function changePickleNumber(
  { bytes, descriptions }: WholeFile,
  random: Random,
) {
  const { from, to } = descriptions[0];
  const changed = bytes.slice();
  const widths: Readonly<Record<number, number>> = {
    0x4a: 4,
    0x4b: 1,
    0x4d: 2,
  };
  const places: number[] = [];
  for (let at = from; at < to - 5; at++) if (widths[bytes[at]]) places.push(at);
  const at = pick(places, random);
  const value = pick([0, 1, 0x7f, 0xff, 0x7fffffff, 0xffffffff], random);
  for (let i = 0; i < widths[bytes[at]]; i++) {
    changed[at + 1 + i] = value / 2 ** (8 * i) & 255;
  }
  return changed;
}

/** Writes an extreme number over four bytes of the directory, or of a header's length. */
function changeDirectory({ bytes, descriptions }: WholeFile, random: Random) {
  const changed = bytes.slice();
  const range = descriptions.at(-1)!;
  const isZip = descriptions.length > 1;
  const at = isZip ? placeIn(range, random) : Math.floor(random() * 5);
  const value = pick(
    [0, 1, 0xffff, 0x7fffffff, 0xfffffffe, 0xffffffff],
    random,
  );
  const end = Math.min(at, bytes.length - 4);
  new DataView(changed.buffer).setUint32(end, value, true);
  return changed;
}

/** Swaps two names of the same length, so that each tensor is read as the other. */
function swapNames({ bytes, descriptions }: WholeFile, random: Random) {
  const { from, to } = descriptions[0];
  const text = new TextDecoder("latin1").decode(bytes.subarray(from, to));
  const found = [...text.matchAll(/[a-z_]+(\.[a-z_0-9]+)+\.(weight|bias)/g)];
  const one = pick(found, random);
  const same = found.filter(([name]) => name.length === one[0].length);
  const other = pick(same, random);
  const changed = bytes.slice();
  const put = (name: string, index: number) =>
    changed.set(new TextEncoder().encode(name), from + index);
  put(one[0], other.index);
  put(other[0], one.index);
  return changed;
}
