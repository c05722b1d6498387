// Building small files of torch.save by hand, right or hostile.

import { crc32 } from "node:zlib";

/** Pickle opcodes, written as the tests need them. */
export const op = {
  proto: Uint8Array.of(0x80, 2),
  mark: Uint8Array.of(0x28),
  stop: Uint8Array.of(0x2e),
  emptyDict: Uint8Array.of(0x7d),
  emptyList: Uint8Array.of(0x5d),
  emptyTuple: Uint8Array.of(0x29),
  tuple: Uint8Array.of(0x74),
  setItem: Uint8Array.of(0x73),
  append: Uint8Array.of(0x61),
  reduce: Uint8Array.of(0x52),
  persistent: Uint8Array.of(0x51),
  put: (index: number) => Uint8Array.of(0x71, index),
  get: (index: number) => Uint8Array.of(0x68, index),
  int: (value: number) => {
    const bytes = new Uint8Array(5);
    bytes[0] = 0x4a;
    new DataView(bytes.buffer).setInt32(1, value, true);
    return bytes;
  },
  text: (value: string) => {
    const utf8 = new TextEncoder().encode(value);
    return Uint8Array.of(0x58, utf8.length, 0, 0, 0, ...utf8);
  },
  global: (module: string, name: string) =>
    new TextEncoder().encode(`c${module}\n${name}\n`),
};

/** Joins bytes. */
export function bytesOf(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The pickle of one float32 tensor as torch.save writes it. */
export function tensorPickle(
  { key = "0", values, offset = 0, dims, strides }: {
    readonly key?: string;
    /** How many values the storage claims. */
    readonly values: number;
    readonly offset?: number;
    readonly dims: readonly number[];
    readonly strides: readonly number[];
  },
): Uint8Array {
  const list = (numbers: readonly number[]) =>
    bytesOf(op.mark, ...numbers.map(op.int), op.tuple);
  return bytesOf(
    op.global("torch._utils", "_rebuild_tensor_v2"),
    op.mark,
    op.mark,
    op.text("storage"),
    op.global("torch", "FloatStorage"),
    op.text(key),
    op.text("cpu"),
    op.int(values),
    op.tuple,
    op.persistent,
    op.int(offset),
    list(dims),
    list(strides),
    Uint8Array.of(0x89), // requires_grad: False
    op.emptyTuple,
    op.tuple,
    op.reduce,
  );
}

/** A state dict of named values. */
export function dictPickle(
  entries: Readonly<Record<string, Uint8Array>>,
): Uint8Array {
  const items = Object.entries(entries).map(([name, value]) =>
    bytesOf(op.text(name), value, op.setItem)
  );
  return bytesOf(op.proto, op.emptyDict, ...items, op.stop);
}

/** A zip of stored entries; single fields can be overwritten to break it. */
export function zipOf(
  entries: Readonly<Record<string, Uint8Array>>,
  { method = 0, claimedSize, claimedOffset, checksums = false }: {
    readonly method?: number;
    readonly claimedSize?: number;
    readonly claimedOffset?: number;
    readonly checksums?: boolean;
  } = {},
): Uint8Array {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(entries)) {
    const utf8 = new TextEncoder().encode(name);
    const head = new Uint8Array(30);
    const view = new DataView(head.buffer);
    view.setUint32(0, 0x04034b50, true);
    view.setUint16(26, utf8.length, true);
    local.push(head, utf8, data);

    const row = new Uint8Array(46);
    const entry = new DataView(row.buffer);
    entry.setUint32(0, 0x02014b50, true);
    entry.setUint16(10, method, true);
    if (checksums) entry.setUint32(16, crc32(data), true);
    entry.setUint32(20, claimedSize ?? data.length, true);
    entry.setUint32(24, claimedSize ?? data.length, true);
    entry.setUint16(28, utf8.length, true);
    entry.setUint32(42, claimedOffset ?? offset, true);
    central.push(row, utf8);
    offset += head.length + utf8.length + data.length;
  }
  const directory = bytesOf(...central);
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(10, Object.keys(entries).length, true);
  view.setUint32(12, directory.length, true);
  view.setUint32(16, offset, true);
  return bytesOf(...local, directory, end);
}

/** Runs a test with a file of the given bytes, which is removed afterwards. */
export function withFile<Result>(
  bytes: Uint8Array,
  name: string,
  use: (path: string) => Result,
): Result {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/${name}`;
    Deno.writeFileSync(path, bytes);
    return use(path);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
