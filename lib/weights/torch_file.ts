// Files of torch.save: a zip of one pickle and the raw storages of its tensors.
//
// The pickle is read by pickle.ts, so nothing in it can run. Tensors are found
// by walking what it holds: a state dict, a state dict under "model" (SAM 2),
// or nested modules with _parameters and _buffers (Ultralytics), whose average
// "ema" is the better one where it was kept. Other keys, such as "state_dict"
// of training scripts, stay in the names of the tensors.
// Bytes are compared with the archive's checksums as they are read.

import { crc32 } from "node:zlib";
import { sizeOf, type Tensor } from "../base/tensor.ts";
import type { Checkpoint, ElementType } from "./checkpoint.ts";
import { bytesPerElement, toFloat32 } from "./element_types.ts";
import {
  entriesOf,
  isModule,
  lookUpKey,
  moduleTree,
  type PlainValue,
  plainValue,
} from "./module_tree.ts";
import {
  isKind,
  parsePickle,
  type PickleRecord,
  type PickleValue,
} from "./pickle.ts";
import { openForReading, type RandomAccessFile } from "./read_at.ts";
import { readZipDirectory, type ZipEntry } from "./zip.ts";

const storageTypes: Readonly<Record<string, ElementType>> = {
  "torch.DoubleStorage": "float64",
  "torch.FloatStorage": "float32",
  "torch.HalfStorage": "float16",
  "torch.BFloat16Storage": "bfloat16",
  "torch.LongStorage": "int64",
  "torch.IntStorage": "int32",
  "torch.ShortStorage": "int16",
  "torch.CharStorage": "int8",
  "torch.ByteStorage": "uint8",
  "torch.BoolStorage": "bool",
};

const maxPickleBytes = 16 * 2 ** 20; // the largest official one has 0.2 MB
const maxValues = 2 ** 20; // a value that is reached twice counts twice

/** A tensor's place in its storage; strides and offset count values. */
type StoredTensor = {
  readonly dims: readonly number[];
  readonly type: ElementType;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly entry: ZipEntry;
};

/** Opens a `.pt` file; throws SyntaxError naming the tensor or byte that is wrong. */
export function openTorchFile(path: string): Checkpoint {
  const file = openForReading(path);
  try {
    return readTorchFile(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function readTorchFile(file: RandomAccessFile): Checkpoint {
  const fail = (why: string) =>
    new SyntaxError(`Cannot read checkpoint ${file.path}: ${why}`);
  const entries = readZipDirectory(file);
  const pickle = [...entries.values()].find(({ name }) =>
    /^[^/]+\/data\.pkl$/.test(name)
  );
  if (!pickle) {
    throw fail("the zip has no NAME/data.pkl, expected a file of torch.save");
  }
  if (pickle.size > maxPickleBytes) {
    throw fail(
      `${pickle.name} has ${pickle.size} bytes, at most ${maxPickleBytes} are read`,
    );
  }
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const order = entries.get(`${folder}byteorder`);
  if (order && text(file, order) !== "little") {
    throw fail(`its values are ${text(file, order)}-endian, expected little`);
  }
  const readEntry = checkedReader(file, entries.get(`${folder}version`), fail);
  const root = parsePickle(readEntry(pickle), {
    source: `checkpoint ${file.path}, ${pickle.name}`,
  });

  const network = findNetwork(root);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, record] of findTensors(root, network, fail)) {
    tensors.set(name, locate(name, record, folder, entries, fail));
  }
  if (tensors.size === 0) throw fail("it holds no tensor");
  return {
    source: file.path,
    format: "pt",
    tensors,
    metadata: {},
    modules: network ? moduleTree(network) : undefined,
    details: detailsOf(root),
    read: (name) => {
      const tensor = tensors.get(name);
      if (!tensor) throw fail(`it has no tensor ${name}`);
      return readTensor(readEntry, tensor);
    },
    close: file.close,
  };
}

/** Reads bytes of an entry, all of them where nothing else is said. */
type ReadEntry = (
  entry: ZipEntry,
  range?: { readonly from: number; readonly length: number },
) => Uint8Array<ArrayBuffer>;

/**
 * Compares each entry with its checksum before its first bytes are handed out. A
 * writer may have left checksums out (torch.serialization.set_crc32_options),
 * which shows in the small entry `version`: then they say nothing.
 */
function checkedReader(
  file: RandomAccessFile,
  version: ZipEntry | undefined,
  fail: (why: string) => SyntaxError,
): ReadEntry {
  const readAll = ({ offset, size }: ZipEntry) => file.read(offset, size);
  const hasChecksums = version !== undefined &&
    crc32(readAll(version)) === version.crc32;
  const checked = new Set<ZipEntry>();
  const readChecked = (entry: ZipEntry) => {
    const bytes = readAll(entry);
    const found = hasChecksums ? crc32(bytes) : entry.crc32;
    if (found !== entry.crc32) {
      throw fail(
        `zip entry ${entry.name} is damaged, its checksum is ${
          hex(found)
        }, expected ${hex(entry.crc32)}`,
      );
    }
    checked.add(entry);
    return bytes;
  };
  return (entry, { from, length } = { from: 0, length: entry.size }) => {
    if (length === entry.size) return readChecked(entry);
    if (!checked.has(entry)) readChecked(entry);
    return file.read(entry.offset + from, length);
  };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function text(file: RandomAccessFile, entry: ZipEntry): string {
  return new TextDecoder()
    .decode(file.read(entry.offset, Math.min(entry.size, 64))).trim();
}

/** The network of a file that holds one as modules; a moving average goes before what it averages. */
function findNetwork(root: PickleValue): PickleRecord | undefined {
  return [lookUpKey(root, "ema"), lookUpKey(root, "model"), root]
    .find(isModule);
}

/** What stands beside the network: version, licence, arguments of the training. */
function detailsOf(root: PickleValue): Readonly<Record<string, PlainValue>> {
  const details: Record<string, PlainValue> = {};
  for (const [key, value] of entriesOf(root)) {
    if (typeof key !== "string" || isTensorHolder(key)) continue;
    const plain = plainValue(value);
    if (plain !== undefined) details[key] = plain;
  }
  return details;
}

function isTensorHolder(key: string): boolean {
  return ["model", "ema", "optimizer", "state_dict"].includes(key);
}

/** Walks dictionaries and modules; yields every tensor record with its dotted name. */
function findTensors(
  root: PickleValue,
  network: PickleRecord | undefined,
  fail: (why: string) => SyntaxError,
): (readonly [string, PickleRecord])[] {
  const count = { visited: 0 };
  const places = [lookUpKey(root, "model"), lookUpKey(root, "ema"), root];
  for (const part of network ? [network] : places) {
    const found = part === undefined ? [] : [...walk(part, "", 0, count)];
    if (count.visited > maxValues) {
      throw fail(`its pickle refers to more than ${maxValues} values`);
    }
    if (found.length > 0) return found;
  }
  return [];
}

function* walk(
  value: PickleValue,
  prefix: string,
  depth: number,
  count: { visited: number },
): Generator<readonly [string, PickleRecord]> {
  if (depth > 64 || ++count.visited > maxValues) return;
  const tensor = asTensorRecord(value);
  if (tensor) {
    yield [prefix, tensor];
    return;
  }
  const state = isKind(value, "record") ? value.state : undefined;
  if (isKind(state, "dict")) {
    for (const part of ["_parameters", "_buffers", "_modules"]) {
      const inner = lookUpKey(state, part);
      if (inner) yield* walk(inner, prefix, depth + 1, count);
    }
  }
  for (const [key, inner] of entriesOf(value)) {
    if (typeof key !== "string" && typeof key !== "number") continue;
    const name = prefix ? `${prefix}.${key}` : String(key);
    yield* walk(inner, name, depth + 1, count);
  }
}

function asTensorRecord(value: PickleValue): PickleRecord | undefined {
  const inner = isKind(value, "record") &&
      /^torch\._utils\._rebuild_parameter(_with_state)?$/.test(value.class)
    ? value.args[0]
    : value; // a parameter holds a tensor, never another parameter
  const isTensor = isKind(inner, "record") &&
    inner.class === "torch._utils._rebuild_tensor_v2";
  return isTensor ? inner : undefined;
}

/** Reads the arguments of _rebuild_tensor_v2(storage, offset, size, stride, …) and proves that they fit. */
function locate(
  name: string,
  record: PickleRecord,
  folder: string,
  entries: ReadonlyMap<string, ZipEntry>,
  fail: (why: string) => SyntaxError,
): StoredTensor {
  const [storage, offset, size, stride] = record.args;
  const id = isKind(storage, "persistent") ? storage.id : undefined;
  const [word, storageClass, key, , count] = isKind(id, "tuple")
    ? id.items
    : [];
  const type = isKind(storageClass, "name")
    ? storageTypes[storageClass.name]
    : undefined;
  if (word !== "storage" || !type || typeof key !== "string") {
    throw fail(`tensor ${name} has a storage that is not understood`);
  }
  const entry = entries.get(`${folder}data/${key}`);
  if (!entry) throw fail(`tensor ${name}: storage ${key} is missing`);
  const width = bytesPerElement[type];
  if (!isCount(count) || count * width !== entry.size) {
    throw fail(
      `tensor ${name}: storage ${key} has ${entry.size} bytes, expected ${count} values of ${width}`,
    );
  }
  const dims = countsOf(size);
  const strides = countsOf(stride);
  if (
    !dims || !strides || dims.length !== strides.length || !isCount(offset)
  ) {
    throw fail(`tensor ${name} has a size or stride that is no list of counts`);
  }
  const values = sizeOf(dims);
  const last = values === 0 ? 0 : 1 + offset +
    dims.reduce((sum, dim, i) => sum + (dim - 1) * strides[i], 0);
  if (last > count || values > count) {
    throw fail(
      `tensor ${name} of shape [${dims}] at ${offset} needs ${
        Math.max(last, values)
      } values, storage ${key} has ${count}`,
    );
  }
  return { dims, type, strides, offset, entry };
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function countsOf(value: PickleValue | undefined): number[] | undefined {
  const isTorchSize = isKind(value, "record") && value.class === "torch.Size";
  const list = isTorchSize ? value.args[0] : value;
  if (!isKind(list, "tuple") && !isKind(list, "list")) return undefined;
  return list.items.every(isCount) ? [...list.items] as number[] : undefined;
}

function readTensor(
  read: ReadEntry,
  { dims, type, strides, offset, entry }: StoredTensor,
): Tensor {
  const width = bytesPerElement[type];
  const count = sizeOf(dims);
  if (isContiguous(dims, strides)) {
    const range = { from: offset * width, length: count * width };
    return { dims, data: toFloat32(read(entry, range), type) };
  }
  const all = toFloat32(read(entry), type);
  const data = new Float32Array(count);
  const index = dims.map(() => 0);
  for (let i = 0; i < count; i++) {
    data[i] = all[
      index.reduce((at, x, axis) => at + x * strides[axis], offset)
    ];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
  return { dims, data };
}

function isContiguous(dims: readonly number[], strides: readonly number[]) {
  let step = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (dims[axis] !== 1 && strides[axis] !== step) return false;
    step *= dims[axis];
  }
  return true;
}
