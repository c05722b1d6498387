// Widths of stored values, and their conversion to float32.

import type { ElementType } from "./checkpoint.ts";

/** Bytes of one value. */
export const bytesPerElement: Readonly<Record<ElementType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Reads little-endian values as float32; `bytes` must start at a buffer of its own. */
export function toFloat32(
  bytes: Uint8Array<ArrayBuffer>,
  type: ElementType,
): Float32Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  const count = byteLength / bytesPerElement[type];
  switch (type) {
    case "float32":
      return new Float32Array(buffer, byteOffset, count);
    case "float64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    case "float16":
      return Float32Array.from(new Float16Array(buffer, byteOffset, count));
    case "bfloat16": {
      const high = new Uint16Array(buffer, byteOffset, count);
      const bits = Uint32Array.from(high, (half) => half << 16);
      return new Float32Array(bits.buffer);
    }
    case "int64":
      return Float32Array.from(
        new BigInt64Array(buffer, byteOffset, count),
        Number,
      );
    case "int32":
      return Float32Array.from(new Int32Array(buffer, byteOffset, count));
    case "int16":
      return Float32Array.from(new Int16Array(buffer, byteOffset, count));
    case "int8":
      return Float32Array.from(new Int8Array(buffer, byteOffset, count));
    case "uint8":
    case "bool":
      return Float32Array.from(bytes);
  }
}
