import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { seededRandom } from "../../lib/base/random.ts";
import {
  addInput,
  addOutput,
  constant,
  createGraph,
} from "../../lib/onnx/graph.ts";
import { encodeModel, joinChunks } from "../../lib/onnx/model_file.ts";
import { Add } from "../../lib/onnx/ops/elementwise.ts";
import {
  bytesField,
  stringField,
  varintField,
} from "../../lib/onnx/protobuf.ts";
import {
  parseModelInfo,
  readModelInfo,
} from "../../lib/onnx/read_model_info.ts";
import { inFolder } from "../media/temporary_folder.ts";

function sourceOf(bytes: Uint8Array) {
  return {
    size: bytes.length,
    read: (offset: number, length: number) => {
      ok(length >= 0 && offset >= 0 && offset + length <= bytes.length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** x + a constant of so many numbers. */
function smallModel(length: number): Uint8Array<ArrayBuffer> {
  const graph = createGraph("small");
  const x = addInput(graph, "images", ["batch", 3, length]);
  const data = new Float32Array(length);
  const offset = constant(graph, "offset", { dims: [length], data });
  addOutput(graph, "output0", Add(graph, x, offset));
  const metadata = { task: "detect", names: "{0: 'полип'}" };
  const { model } = encodeModel(graph, { externalName: "x", metadata });
  return joinChunks(model);
}

const wanted = {
  producer: "medannotate",
  metadata: { task: "detect", names: "{0: 'полип'}" },
  inputs: [{ name: "images", type: "float32", dims: ["batch", 3, 40_000] }],
  outputs: [{ name: "output0", type: "float32", dims: ["batch", 3, 40_000] }],
};

Deno.test(
  "readModelInfo() reads metadata, inputs and outputs past large constants",
  inFolder(async (folder) => {
    const path = `${folder}/small.onnx`;
    await Deno.writeFile(path, smallModel(40_000)); // two windows of 64 kB
    deepEqual(readModelInfo(path), wanted);
  }),
);

Deno.test(
  "readModelInfo() names the file and why it cannot be read",
  inFolder(async (folder) => {
    throws(
      () => readModelInfo(`${folder}/none.onnx`),
      /^SyntaxError: Cannot read ONNX file .*none\.onnx: No such file/,
    );
    await Deno.writeTextFile(`${folder}/text.onnx`, "hello, this is a text");
    throws(
      () => readModelInfo(`${folder}/text.onnx`),
      /Cannot read ONNX file .*text\.onnx: byte 2: wire type 4 is none of ONNX/,
    );
  }),
);

Deno.test("parseModelInfo() leaves out inputs that are constants", () => {
  const named = (field: number, name: string) =>
    bytesField(field, stringField(field === 5 ? 8 : 1, name));
  const graph = bytesField(7, [
    ...named(11, "images"),
    ...named(11, "weight"),
    ...named(5, "weight"),
  ]);
  const { inputs } = parseModelInfo(sourceOf(joinChunks(graph)));
  deepEqual(inputs, [{ name: "images", type: "unknown", dims: [] }]);
});

Deno.test("parseModelInfo() names half precision", () => {
  const tensor = bytesField(2, bytesField(1, varintField(1, 10)));
  const value = bytesField(11, [...stringField(1, "images"), ...tensor]);
  const { inputs } = parseModelInfo(sourceOf(joinChunks(bytesField(7, value))));
  equal(inputs[0].type, "float16");
});

Deno.test("parseModelInfo() refuses every truncated file in one sentence", () => {
  const bytes = smallModel(8);
  let whole = 0;
  for (let length = 0; length < bytes.length; length++) {
    try {
      parseModelInfo(sourceOf(bytes.subarray(0, length)));
      whole++; // cut between two fields at the end: still a message
    } catch (error) {
      ok(error instanceof SyntaxError, String(error));
      match(error.message, /^byte \d+: |holds no graph/);
    }
  }
  ok(whole <= 4, `${whole} truncations were not noticed`);
});

Deno.test("parseModelInfo() reads or refuses random and mutated bytes, and nothing else", () => {
  const random = seededRandom(7);
  const bytes = smallModel(8);
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const mutated = round % 3 === 0
      ? Uint8Array.from({ length: 200 }, () => random() * 256)
      : bytes.slice();
    for (let i = 0; i < 1 + round % 5; i++) {
      mutated[Math.floor(random() * mutated.length)] = random() * 256;
    }
    try {
      parseModelInfo(sourceOf(mutated));
    } catch (error) {
      ok(error instanceof SyntaxError, String(error));
      refused++;
    }
  }
  ok(refused > 1000, `only ${refused} were refused`);
});

Deno.test("parseModelInfo() does not follow lengths that no file has", () => {
  const huge = [0x3a, ...Array(9).fill(0xff), 0x01]; // field 7, 2^64 − 1 bytes
  throws(
    () => parseModelInfo(sourceOf(Uint8Array.from(huge))),
    /byte 0: field 7 ends at byte Infinity/,
  );
  const endless = Uint8Array.from(Array(12).fill(0xff));
  throws(
    () => parseModelInfo(sourceOf(endless)),
    /byte 0: a number does not end/,
  );
});
