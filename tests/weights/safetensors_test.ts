import { deepEqual, throws } from "node:assert/strict";
import { openCheckpoint } from "../../lib/weights/open_checkpoint.ts";
import { writeSafetensors } from "../../lib/weights/safetensors.ts";
import { withFile } from "./torch_builder.ts";

function fileOf(
  header: unknown,
  data: Uint8Array = new Uint8Array(),
): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return Uint8Array.of(...length, ...text, ...data);
}

function refused(file: Uint8Array, message: RegExp) {
  withFile(
    file,
    "a.safetensors",
    (path) => throws(() => openCheckpoint(path), message),
  );
}

Deno.test("writeSafetensors() writes what openCheckpoint() reads", () => {
  withFile(new Uint8Array(), "b.safetensors", (path) => {
    const weights = new Map([
      ["a", { dims: [2, 2], data: Float32Array.of(1, -2, 3.5, 0) }],
      ["empty", { dims: [0], data: new Float32Array() }],
    ]);
    writeSafetensors(path, weights, { metadata: { made: "here" } });
    const file = openCheckpoint(path);
    deepEqual(file.read("a"), {
      dims: [2, 2],
      data: Float32Array.of(1, -2, 3.5, 0),
    });
    deepEqual(file.tensors.get("empty"), { dims: [0], type: "float32" });
    deepEqual(file.metadata, { made: "here" });
    file.close();
  });
});

Deno.test("openCheckpoint() widens half precision", () => {
  const header = {
    half: { dtype: "F16", shape: [2], data_offsets: [0, 4] },
    brain: { dtype: "BF16", shape: [1], data_offsets: [4, 6] },
  };
  // 0x3c00 = 1, 0xc000 = −2 in half; 0x3fc0 = 1.5 in bfloat16
  const data = Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, 0xc0, 0x3f);
  withFile(fileOf(header, data), "a.safetensors", (path) => {
    const file = openCheckpoint(path);
    deepEqual([...file.read("half").data], [1, -2]);
    deepEqual([...file.read("brain").data], [1.5]);
    file.close();
  });
});

Deno.test("openCheckpoint() refuses a header longer than the file", () => {
  const file = fileOf({});
  new DataView(file.buffer).setBigUint64(0, 10n ** 12n, true);
  refused(file, /header claims 1000000000000 bytes/);
});

Deno.test("openCheckpoint() refuses a header that is no JSON", () => {
  const file = fileOf({ a: 1 });
  file[8] = 0x21;
  refused(file, /header is not one of safetensors/);
});

Deno.test("openCheckpoint() refuses a tensor outside the file", () => {
  const header = { a: { dtype: "F32", shape: [2], data_offsets: [0, 8] } };
  refused(fileOf(header, new Uint8Array(4)), /tensor a ends at byte/);
});

Deno.test("openCheckpoint() refuses a tensor whose bytes do not fit its shape", () => {
  const header = { a: { dtype: "F32", shape: [3], data_offsets: [0, 8] } };
  refused(fileOf(header, new Uint8Array(8)), /has 8 bytes, expected 12/);
});

Deno.test("openCheckpoint() refuses tensors that overlap or leave holes", () => {
  const entry = (start: number) => ({
    dtype: "F32",
    shape: [1],
    data_offsets: [start, start + 4],
  });
  const overlap = { a: entry(0), b: entry(0) };
  refused(fileOf(overlap, new Uint8Array(4)), /starts at byte/);
  const hole = { a: entry(0), b: entry(8) };
  refused(fileOf(hole, new Uint8Array(12)), /tensor b starts at byte/);
});

Deno.test("openCheckpoint() refuses an element type that is not known", () => {
  const header = { a: { dtype: "F8", shape: [1], data_offsets: [0, 1] } };
  refused(fileOf(header, new Uint8Array(1)), /tensor a: /);
});
