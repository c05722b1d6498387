// The directory of a zip archive whose entries are stored, as torch.save writes them.
//
// Compressed entries are refused: PyTorch never writes them, and without an
// inflater there is no zip bomb. Follows PKWARE's APPNOTE, with zip64 for
// archives above 4 GB. Local headers may lack sizes, so the central directory
// is what counts.

import type { RandomAccessFile } from "./read_at.ts";

/** Where an entry's bytes lie. */
export type ZipEntry = {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** The CRC-32 of its bytes, as the directory claims it. */
  readonly crc32: number;
};

const maxDirectoryBytes = 64 * 2 ** 20;

/** Lists the stored entries of an archive; throws SyntaxError naming the entry that is wrong. */
export function readZipDirectory(
  file: RandomAccessFile,
): ReadonlyMap<string, ZipEntry> {
  const fail = (why: string) =>
    new SyntaxError(`Cannot read checkpoint ${file.path}: ${why}`);
  const { count, size, offset } = findDirectory(file, fail);
  if (size > maxDirectoryBytes || offset + size > file.size) {
    throw fail(
      `the zip directory claims bytes ${offset} to ${
        offset + size
      }, the file has ${file.size}`,
    );
  }
  const bytes = file.read(offset, size);
  const view = new DataView(bytes.buffer);

  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || view.getUint32(at, true) !== 0x02014b50) {
      throw fail(`entry ${i} of the zip directory is damaged at byte ${at}`);
    }
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const commentLength = view.getUint16(at + 32, true);
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > size) throw fail(`entry ${i} of the zip directory is cut off`);
    const name = new TextDecoder().decode(
      bytes.subarray(at + 46, at + 46 + nameLength),
    );
    const wide = readZip64(view, at, nameLength, extraLength);
    if (flags & 1) throw fail(`zip entry ${name} is encrypted`);
    if (method !== 0) {
      throw fail(
        `zip entry ${name} is compressed (method ${method}), expected it stored as torch.save does`,
      );
    }
    if (wide.packed !== wide.size) {
      throw fail(
        `zip entry ${name} is stored but claims ${wide.packed} packed and ${wide.size} unpacked bytes`,
      );
    }
    if (entries.has(name)) throw fail(`zip entry ${name} occurs twice`);
    entries.set(name, {
      name,
      size: wide.size,
      crc32: view.getUint32(at + 16, true),
      offset: dataOffset(file, name, wide.header, fail),
    });
    at = next;
  }
  refuseOverlaps([...entries.values()], offset, fail);
  return entries;
}

type Fail = (why: string) => SyntaxError;

function findDirectory(file: RandomAccessFile, fail: Fail) {
  const tailSize = Math.min(file.size, 22 + 0xffff);
  const tail = file.read(file.size - tailSize, tailSize);
  const view = new DataView(tail.buffer);
  for (let at = tailSize - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    const count = view.getUint16(at + 10, true);
    const size = view.getUint32(at + 12, true);
    const offset = view.getUint32(at + 16, true);
    const isWide = count === 0xffff || size === 0xffffffff ||
      offset === 0xffffffff;
    if (!isWide) return { count, size, offset };
    return findWideDirectory(file, file.size - tailSize + at, fail);
  }
  throw fail(
    "the zip directory at its end is missing (the file is cut off or damaged)",
  );
}

function findWideDirectory(file: RandomAccessFile, end: number, fail: Fail) {
  if (end < 20) throw fail("the zip64 locator is missing");
  const locator = new DataView(file.read(end - 20, 20).buffer);
  const at = Number(locator.getBigUint64(8, true));
  if (locator.getUint32(0, true) !== 0x07064b50 || at + 56 > file.size) {
    throw fail("the zip64 locator is damaged");
  }
  const record = new DataView(file.read(at, 56).buffer);
  if (record.getUint32(0, true) !== 0x06064b50) {
    throw fail("the zip64 directory record is damaged");
  }
  return {
    count: Number(record.getBigUint64(32, true)),
    size: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  };
}

function readZip64(
  view: DataView,
  at: number,
  nameLength: number,
  extraLength: number,
) {
  let packed = view.getUint32(at + 20, true);
  let size = view.getUint32(at + 24, true);
  let header = view.getUint32(at + 42, true);
  let extra = at + 46 + nameLength;
  const end = extra + extraLength;
  while (extra + 4 <= end) {
    const id = view.getUint16(extra, true);
    const length = view.getUint16(extra + 2, true);
    let field = extra + 4;
    extra = field + length;
    if (id !== 1 || extra > end) continue;
    const next = () => {
      if (field + 8 > extra) return Number.MAX_SAFE_INTEGER; // refused as out of the file
      field += 8;
      return Number(view.getBigUint64(field - 8, true));
    };
    if (size === 0xffffffff) size = next();
    if (packed === 0xffffffff) packed = next();
    if (header === 0xffffffff) header = next();
  }
  return { packed, size, header };
}

function dataOffset(
  file: RandomAccessFile,
  name: string,
  header: number,
  fail: Fail,
): number {
  if (header + 30 > file.size) {
    throw fail(`zip entry ${name} starts at byte ${header}, outside the file`);
  }
  const local = new DataView(file.read(header, 30).buffer);
  if (local.getUint32(0, true) !== 0x04034b50) {
    throw fail(`zip entry ${name} has no local header at byte ${header}`);
  }
  return header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
}

function refuseOverlaps(
  entries: readonly ZipEntry[],
  directory: number,
  fail: Fail,
) {
  const sorted = entries.toSorted((a, b) => a.offset - b.offset);
  sorted.forEach(({ name, offset, size }, i) => {
    const limit = sorted[i + 1]?.offset ?? directory;
    if (offset + size > limit) {
      throw fail(
        `zip entry ${name} claims bytes ${offset} to ${
          offset + size
        }, what follows starts at ${limit}`,
      );
    }
  });
}
