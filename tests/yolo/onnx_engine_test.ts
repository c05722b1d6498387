import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import type { Tensor } from "medannotate";
import { readDetections } from "../../lib/yolo/detect.ts";
import { planLetterbox } from "../../lib/yolo/letterbox.ts";
import {
  onnxEngine,
  readYoloOnnx,
  type YoloOnnx,
} from "../../lib/yolo/onnx_engine.ts";
import type { OnnxInfo } from "../../lib/onnx/read_model_info.ts";
import type { Session } from "../../lib/runtime/runtime.ts";

const float = (name: string, dims: readonly (number | string)[]) => ({
  name,
  type: "float32",
  dims,
});
const exported: OnnxInfo = {
  producer: "pytorch",
  metadata: {
    task: "detect",
    names: "{0: 'polyp', 1: \"it's\"}",
    stride: "32",
    imgsz: "[96, 64]",
    license: "AGPL-3.0",
  },
  inputs: [float("images", [1, 3, 96, 64])],
  outputs: [float("output0", [1, 6, 126])],
};

Deno.test("readYoloOnnx() reads a fixed export", () => {
  deepEqual(readYoloOnnx(exported, "x.onnx"), {
    task: "detect",
    names: ["polyp", "it's"],
    stride: 32,
    imageSide: 96,
    fixedSize: { width: 64, height: 96 },
    fixedBatch: 1,
    input: "images",
    outputs: ["output0"],
    licence: "AGPL-3.0",
  });
});

Deno.test("readYoloOnnx() takes the side of a dynamic export from its metadata", () => {
  const found = readYoloOnnx({
    ...exported,
    inputs: [float("images", ["batch", 3, "height", "width"])],
    outputs: [float("output0", ["batch", "rows", "anchors"])],
  }, "x.onnx");
  deepEqual(
    [found.imageSide, found.fixedSize, found.fixedBatch],
    [96, undefined, undefined],
  );
});

Deno.test("readYoloOnnx() refuses what it does not understand by name", () => {
  const refused = (part: Partial<OnnxInfo>, message: RegExp) =>
    throws(() => readYoloOnnx({ ...exported, ...part }, "x.onnx"), message);
  const told = (metadata: Record<string, string>) => ({
    metadata: { ...exported.metadata, ...metadata },
  });
  refused(told({ task: "pose" }), /Cannot use x\.onnx: its task is pose/);
  refused({ metadata: {} }, /its metadata names no task/);
  refused(told({ names: "{0: 'a', 2: 'b'}" }), /a name for each number from 0/);
  refused(
    told({ names: "{0: 'a'" }),
    /metadata names is unreadable: .*expected ,/,
  );
  refused(told({ stride: "-1" }), /its stride is -1/);
  refused(told({ imgsz: "'big'" }), /its imgsz is 'big'/);
  refused({ inputs: [] }, /it has 0 inputs/);
  refused(
    { inputs: [{ ...exported.inputs[0], type: "float16" }] },
    /images is in half precision \(float16\), expected float32; export it again without half/,
  );
  refused({ inputs: [float("x", [1, 4, 96, 64])] }, /has shape \[1,4,96,64\]/);
  refused(
    { outputs: [float("output0", [1, 84, 126])] },
    /its outputs are output0 \[1,84,126\], expected 6 rows for 2 classes/,
  );
  refused(
    { ...told({ task: "segment" }) },
    /its outputs are output0 \[1,6,126\], expected those of an export for segment/,
  );
});

/** A session that gives what is wanted, and what it was fed. */
function fakeSession(answer: (images: Tensor) => Record<string, Tensor>) {
  const fed: Tensor[] = [];
  const session = {
    run: (feeds: Record<string, Tensor>) => {
      fed.push(feeds.images);
      return Promise.resolve(answer(feeds.images));
    },
    release: () => Promise.resolve(),
  };
  return { session: session as unknown as Session, fed };
}

const file: YoloOnnx = readYoloOnnx(exported, "x.onnx");
const images = (batch: number): Tensor => ({
  dims: [batch, 3, 96, 64],
  data: new Float32Array(batch * 3 * 96 * 64).map((_, i) =>
    Math.floor(i / (3 * 96 * 64))
  ),
});

Deno.test("onnxEngine() reads rows of an export that suppresses itself", async () => {
  // two boxes of one class, almost the same, and a row that is left over
  const rows = [
    [10, 20, 30, 60, 0.9, 1],
    [10, 20, 30, 58, 0.8, 1],
    [0, 0, 0, 0, 0, 0],
  ];
  const { session } = fakeSession(() => ({
    output0: { dims: [1, 3, 6], data: Float32Array.from(rows.flat()) },
  }));
  const engine = onnxEngine(file, session, "x.onnx");
  const raw = await engine.run(images(1));
  const image = { width: 64, height: 96 };
  const place = planLetterbox(image, 96);
  const found = readDetections(engine, raw, { image, place });
  deepEqual(
    found.map(({ box, classNumber }) => [classNumber, box]),
    [[1, { x0: 10, y0: 20, x1: 30, y1: 60 }], [1, {
      x0: 10,
      y0: 20,
      x1: 30,
      y1: 58,
    }]],
  );
});

Deno.test("onnxEngine() runs images one by one where a batch of one is fixed", async () => {
  const { session, fed } = fakeSession(({ data: [first] }) => ({
    output0: { dims: [1, 6, 126], data: new Float32Array(6 * 126).fill(first) },
  }));
  const { output } = await onnxEngine(file, session, "x.onnx").run(images(3));
  deepEqual([fed.length, fed[0].dims[0]], [3, 1]);
  deepEqual(output.dims, [3, 6, 126]);
  deepEqual([0, 1, 2].map((i) => output.data[i * 6 * 126]), [0, 1, 2]);
});

Deno.test("onnxEngine() refuses outputs that have another shape than was told", async () => {
  const open = { ...file, fixedBatch: undefined, fixedSize: undefined };
  const { session } = fakeSession(() => ({
    output0: { dims: [1, 84, 126], data: new Float32Array(84 * 126) },
  }));
  await rejects(
    onnxEngine(open, session, "x.onnx").run(images(1)),
    /x\.onnx gave an output of shape \[1,84,126\], expected 6 rows for 2 classes/,
  );
  const two = { ...file, fixedBatch: 2 };
  await rejects(
    onnxEngine(two, session, "x.onnx").run(images(3)),
    /on 3 images: it was exported for 2 at once/,
  );
  equal(onnxEngine(two, session, "x.onnx").stride, 32);
});
