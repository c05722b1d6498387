// What an ONNX file says about itself: metadata, inputs and outputs.
//
// The file is walked from field to field and what is large (nodes, constants)
// is jumped over, so that a model of 200 MB costs a few reads. Nothing of it is
// trusted: every length is checked against what holds it, nothing nests deeper
// than a shape does, texts and lists have a limit. Field numbers follow
// onnx/onnx.proto3; whether the graph is sound is ONNX Runtime's to say.

import { messageOf } from "../base/errors.ts";

/** An input or output of a graph. */
export type OnnxValueInfo = {
  readonly name: string;
  /** How ONNX names its type, such as `float32`. */
  readonly type: string;
  /** A number, or the name of one that is free; `?` where nothing is said. */
  readonly dims: readonly (number | string)[];
};

/** What a file says about itself. */
export type OnnxInfo = {
  /** The program that wrote it. */
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Without those that are constants of the graph. */
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
};

/** Bytes that can be read from any place. */
export type ByteSource = {
  readonly size: number;
  /** Reads exactly so many bytes; the caller keeps within the size. */
  read(offset: number, length: number): Uint8Array;
};

/**
 * Reads what an ONNX file says about itself.
 *
 * @throws SyntaxError saying what is wrong with the file, and where
 */
export function readModelInfo(path: string): OnnxInfo {
  const fail = (error: unknown) =>
    new SyntaxError(`Cannot read ONNX file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch (error) {
    throw fail(error);
  }
  try {
    const { size, isFile } = file.statSync();
    if (!isFile) throw new SyntaxError("it is no file");
    return parseModelInfo(openWindow(file, size));
  } catch (error) {
    throw fail(error);
  } finally {
    file.close();
  }
}

/** Reads the same from bytes; throws SyntaxError naming the place that is wrong. */
export function parseModelInfo(source: ByteSource): OnnxInfo {
  let producer = "";
  let graph: Span | undefined;
  const metadata: Record<string, string> = {};
  for (const field of fieldsOf(source, { from: 0, to: source.size })) {
    if (field.number === 2) producer = textOf(source, field);
    if (field.number === 7) graph = spanOf(field);
    if (field.number === 14) {
      const [key, text] = entryOf(source, spanOf(field));
      metadata[key] = text;
    }
  }
  if (!graph) {
    throw new SyntaxError("it holds no graph, expected an ONNX model");
  }
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  const constants = new Set<string>();
  for (const field of fieldsOf(source, graph)) {
    if (field.number === 5) constants.add(constantName(source, spanOf(field)));
    if (field.number === 11) inputs.push(valueOf(source, spanOf(field)));
    if (field.number === 12) outputs.push(valueOf(source, spanOf(field)));
    if (inputs.length + outputs.length > mostValues) {
      throw new SyntaxError(
        `it has more than ${mostValues} inputs and outputs`,
      );
    }
  }
  return {
    producer,
    metadata,
    inputs: inputs.filter(({ name }) => !constants.has(name)),
    outputs,
  };
}

const mostFields = 5_000_000; // a graph has one for each node and constant
const mostValues = 10_000; // old files list every constant as an input
const mostTextBytes = 4 * 2 ** 20;
const mostDims = 64;

/** Bytes of the source, `to` excluded. */
type Span = { readonly from: number; readonly to: number };

/** A field of a message: a number, or bytes that lie within the message. */
type Field = {
  readonly number: number;
  readonly at: number;
  readonly value: bigint | undefined;
  readonly bytes: Span | undefined;
};

/** Walks the fields of a message, without looking into them. */
function* fieldsOf(source: ByteSource, span: Span): Generator<Field> {
  let at = span.from;
  for (let count = 0; at < span.to; count++) {
    if (count === mostFields) {
      throw new SyntaxError(`byte ${at}: more than ${mostFields} fields`);
    }
    const start = at;
    const tag = varintAt(source, at, span.to);
    at = tag.end;
    const number = Number(tag.value >> 3n);
    const wire = Number(tag.value & 7n);
    if (number < 1 || number > 2 ** 29 - 1) {
      throw new SyntaxError(`byte ${start}: there is no field ${number}`);
    }
    if (wire === 0) {
      const { value, end } = varintAt(source, at, span.to);
      yield { number, at: start, value, bytes: undefined };
      at = end;
      continue;
    }
    const bytes = wire === 2
      ? lengthAt(source, at, span.to)
      : { from: at, to: at + fixedLength(wire, start) };
    if (bytes.to > span.to) {
      throw new SyntaxError(
        `byte ${start}: field ${number} ends at byte ${bytes.to}, what holds it at ${span.to}`,
      );
    }
    yield {
      number,
      at: start,
      value: undefined,
      bytes: wire === 2 ? bytes : undefined,
    };
    at = bytes.to;
  }
}

function fixedLength(wire: number, at: number): number {
  if (wire === 1) return 8;
  if (wire === 5) return 4;
  throw new SyntaxError(`byte ${at}: wire type ${wire} is none of ONNX's`);
}

function lengthAt(source: ByteSource, at: number, to: number): Span {
  const { value, end } = varintAt(source, at, to);
  // what does not fit into the file does not fit into a number either
  const length = value > BigInt(source.size) ? Infinity : Number(value);
  return { from: end, to: end + length };
}

function varintAt(source: ByteSource, at: number, to: number) {
  const bytes = source.read(at, Math.min(10, to - at));
  let value = 0n;
  for (let i = 0; i < bytes.length; i++) {
    value |= BigInt(bytes[i] & 127) << BigInt(7 * i);
    if (bytes[i] < 128) {
      return { value: BigInt.asUintN(64, value), end: at + i + 1 };
    }
  }
  throw new SyntaxError(`byte ${at}: a number does not end`);
}

function spanOf({ number, at, bytes }: Field): Span {
  if (bytes) return bytes;
  throw new SyntaxError(`byte ${at}: field ${number} holds no bytes`);
}

function textOf(source: ByteSource, field: Field): string {
  const { from, to } = spanOf(field);
  if (to - from > mostTextBytes) {
    throw new SyntaxError(
      `byte ${field.at}: a text of ${
        to - from
      } bytes, at most ${mostTextBytes} are read`,
    );
  }
  return new TextDecoder().decode(source.read(from, to - from));
}

function entryOf(source: ByteSource, span: Span): readonly [string, string] {
  let key = "", text = "";
  for (const field of fieldsOf(source, span)) {
    if (field.number === 1) key = textOf(source, field);
    if (field.number === 2) text = textOf(source, field);
  }
  return [key, text];
}

/** The name of a constant. */
function constantName(source: ByteSource, span: Span): string {
  for (const field of fieldsOf(source, span)) {
    if (field.number === 8) return textOf(source, field);
  }
  return "";
}

/** ValueInfoProto: name = 1, type = 2 of tensor_type = 1 of elem_type = 1, shape = 2 of dim = 1. */
function valueOf(source: ByteSource, span: Span): OnnxValueInfo {
  let name = "";
  let type = "unknown";
  let dims: (number | string)[] = [];
  for (const field of fieldsOf(source, span)) {
    if (field.number === 1) name = textOf(source, field);
    if (field.number !== 2) continue;
    for (const kind of fieldsOf(source, spanOf(field))) {
      if (kind.number !== 1) continue; // a sequence or map
      for (const part of fieldsOf(source, spanOf(kind))) {
        if (part.number === 1) type = typeName(part.value);
        if (part.number === 2) dims = dimsOf(source, spanOf(part));
      }
    }
  }
  return { name, type, dims };
}

function dimsOf(source: ByteSource, span: Span): (number | string)[] {
  const dims: (number | string)[] = [];
  for (const field of fieldsOf(source, span)) {
    if (field.number !== 1) continue;
    if (dims.length === mostDims) {
      throw new SyntaxError(
        `byte ${field.at}: a shape of more than ${mostDims} dimensions`,
      );
    }
    let dim: number | string = "?";
    for (const part of fieldsOf(source, spanOf(field))) {
      if (part.number === 1 && part.value !== undefined) {
        dim = Number(BigInt.asIntN(64, part.value));
      }
      if (part.number === 2) dim = textOf(source, part) || "?";
    }
    dims.push(dim);
  }
  return dims;
}

/** TensorProto.DataType by number. */
const typeNames: readonly string[] = [
  "unknown",
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
];

function typeName(value: bigint | undefined): string {
  const number = Number(value ?? 0n);
  if (number === 16) return "bfloat16";
  return typeNames[number] ?? `type ${number}`;
}

const windowBytes = 1 << 16;

/** Reads a file through a window, since the walk takes many small looks. */
function openWindow(file: Deno.FsFile, size: number): ByteSource {
  let start = 0;
  let window: Uint8Array = new Uint8Array();
  const readExactly = (offset: number, length: number) => {
    const bytes = new Uint8Array(length);
    file.seekSync(offset, Deno.SeekMode.Start);
    let done = 0;
    while (done < length) {
      const count = file.readSync(bytes.subarray(done));
      if (count === null) {
        throw new SyntaxError(
          `it ends at byte ${offset + done}, not at ${size}`,
        );
      }
      done += count;
    }
    return bytes;
  };
  return {
    size,
    read: (offset, length) => {
      if (length > windowBytes) return readExactly(offset, length);
      if (offset < start || offset + length > start + window.length) {
        start = offset;
        window = readExactly(offset, Math.min(windowBytes, size - offset));
      }
      return window.subarray(offset - start, offset - start + length);
    },
  };
}
