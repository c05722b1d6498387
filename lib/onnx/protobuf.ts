// The wire format of protocol buffers, as much as ONNX files need.
//
// Follows protobuf.dev/programming-guides/encoding. A message is a list of
// byte chunks, so that large constants are never copied while it is put together.

/** Encoded bytes, in order. */
export type Chunks = readonly Uint8Array[];

/** A whole number, 64 bit, two's complement. */
export function varintField(field: number, value: number | bigint): Chunks {
  return [varint(field << 3), varint(value)];
}

/** A 32-bit float. */
export function floatField(field: number, value: number): Chunks {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [varint((field << 3) | 5), bytes];
}

/** A UTF-8 text. */
export function stringField(field: number, value: string): Chunks {
  return bytesField(field, [new TextEncoder().encode(value)]);
}

/** Bytes or a nested message, preceded by their length. */
export function bytesField(field: number, chunks: Chunks): Chunks {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return [varint((field << 3) | 2), varint(length), ...chunks];
}

/** Whole numbers in one packed field. */
export function packedField(
  field: number,
  values: readonly (number | bigint)[],
): Chunks {
  return bytesField(field, values.map(varint));
}

function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const more = rest > 127n;
    bytes.push(Number(rest & 127n) | (more ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
