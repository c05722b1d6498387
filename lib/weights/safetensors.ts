// Safetensors: a JSON header and raw little-endian values.
//
// Follows the format's own description (huggingface/safetensors README): eight
// bytes of header length, the header, then one buffer that the tensors fill
// without holes or overlaps.

import { z } from "zod";
import { sizeOf, type Tensor } from "../base/tensor.ts";
import type { Checkpoint, ElementType, TensorInfo } from "./checkpoint.ts";
import { bytesPerElement, toFloat32 } from "./element_types.ts";
import { openForReading, type RandomAccessFile } from "./read_at.ts";

const typeNames: Readonly<Record<string, ElementType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
};

const maxHeaderBytes = 16 * 2 ** 20; // some 100,000 tensors; the reference reader takes 100 MB

const Entry = z.object({
  dtype: z.enum(Object.keys(typeNames)),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const Header = z.object({
  __metadata__: z.record(z.string(), z.string()).default({}),
}).catchall(z.unknown());

/** Opens a `.safetensors` file; throws SyntaxError naming the tensor that is wrong. */
export function openSafetensors(path: string): Checkpoint {
  const file = openForReading(path);
  try {
    return readHeader(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function readHeader(file: RandomAccessFile): Checkpoint {
  const fail = (why: string) =>
    new SyntaxError(`Cannot read checkpoint ${file.path}: ${why}`);
  if (file.size < 8) {
    throw fail(`it has ${file.size} bytes, a header needs at least 8`);
  }
  const length = Number(
    new DataView(file.read(0, 8).buffer).getBigUint64(0, true),
  );
  if (length > Math.min(maxHeaderBytes, file.size - 8)) {
    throw fail(
      `the header claims ${length} bytes, the file has ${
        file.size - 8
      } more, and ${maxHeaderBytes} are the most that is read`,
    );
  }
  const header = parseHeader(file.read(8, length));
  if (!header) throw fail("the header is not one of safetensors");
  const { metadata, entries } = header;

  const base = 8 + length;
  const tensors = new Map<string, TensorInfo>();
  const ranges = new Map<string, readonly [number, number]>();
  for (const [name, value] of Object.entries(entries)) {
    const entry = Entry.safeParse(value);
    if (!entry.success) {
      throw fail(`tensor ${name}: ${z.prettifyError(entry.error)}`);
    }
    const { dtype, shape, data_offsets: [start, end] } = entry.data;
    const type = typeNames[dtype];
    const bytes = sizeOf(shape) * bytesPerElement[type];
    if (end - start !== bytes) {
      throw fail(
        `tensor ${name} of shape [${shape}] has ${
          end - start
        } bytes, expected ${bytes}`,
      );
    }
    if (base + end > file.size) {
      throw fail(
        `tensor ${name} ends at byte ${
          base + end
        }, the file ends at ${file.size}`,
      );
    }
    tensors.set(name, { dims: shape, type });
    ranges.set(name, [base + start, bytes]);
  }
  refuseOverlaps(ranges, base, file.size, fail);

  return {
    source: file.path,
    format: "safetensors",
    tensors,
    metadata,
    read: (name) => {
      const info = tensors.get(name);
      const range = ranges.get(name);
      if (!info || !range) throw fail(`it has no tensor ${name}`);
      const data = toFloat32(file.read(...range), info.type);
      return { dims: info.dims, data };
    },
    close: file.close,
  };
}

/** The header as JSON; undefined when it is none. */
function parseHeader(bytes: Uint8Array) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const { __metadata__, ...entries } = Header.parse(JSON.parse(text));
    return { metadata: __metadata__, entries };
  } catch {
    return undefined; // not UTF-8, not JSON, or no object of entries
  }
}

function refuseOverlaps(
  ranges: ReadonlyMap<string, readonly [number, number]>,
  base: number,
  fileSize: number,
  fail: (why: string) => SyntaxError,
) {
  let end = base;
  const sorted = [...ranges].sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1]);
  for (const [name, [start, bytes]] of sorted) {
    if (start !== end) {
      throw fail(`tensor ${name} starts at byte ${start}, expected ${end}`);
    }
    end = start + bytes;
  }
  if (end !== fileSize) {
    throw fail(`the tensors end at byte ${end}, the file ends at ${fileSize}`);
  }
}

/**
 * Writes tensors as a `.safetensors` file, complete or not at all.
 *
 * @param path replaced atomically
 * @param options.precision float16 rounds every value to 11 bits
 * @throws RangeError for a value that float16 cannot hold (above 65,504)
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor<readonly number[], Float32Array>>,
  { metadata = {}, precision = "float32" }: {
    metadata?: Readonly<Record<string, string>>;
    precision?: "float32" | "float16";
  } = {},
): void {
  const dtype = precision === "float16" ? "F16" : "F32";
  const values = new Map<string, Float32Array | Float16Array>();
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { dims, data }] of tensors) {
    if (sizeOf(dims) !== data.length) {
      throw new RangeError(
        `Cannot write ${path}: tensor ${name} of shape [${dims}] has ${data.length} values`,
      );
    }
    const stored = precision === "float16" ? halved(path, name, data) : data;
    values.set(name, stored);
    const end = offset + stored.byteLength;
    header[name] = { dtype, shape: dims, data_offsets: [offset, end] };
    offset = end;
  }
  const json = JSON.stringify(header);
  const padded = json.padEnd(json.length + (8 - utf8(json).length % 8) % 8);
  const text = utf8(padded);

  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const file = Deno.openSync(temporary, { write: true, createNew: true });
  try {
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
    writeAll(file, length);
    writeAll(file, text);
    for (const { buffer, byteOffset, byteLength } of values.values()) {
      writeAll(file, new Uint8Array(buffer, byteOffset, byteLength));
    }
    file.syncSync();
    file.close();
    Deno.renameSync(temporary, path);
  } catch (error) {
    Deno.removeSync(temporary);
    throw error;
  }
}

function halved(path: string, name: string, data: Float32Array): Float16Array {
  const half = Float16Array.from(data);
  const bad = half.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return half;
  throw new RangeError(
    `Cannot write ${path} in half precision: tensor ${name} holds ${
      data[bad]
    } at index ${bad}, expected at most 65504`,
  );
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array) {
  let done = 0;
  while (done < bytes.length) done += file.writeSync(bytes.subarray(done));
}
