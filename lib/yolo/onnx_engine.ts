// A YOLO that was exported as ONNX, by Ultralytics or by us.
//
// The texts beside the graph tell task, classes and sizes; shapes are checked
// against them before anything runs, and again when it has run where the file
// leaves them open. Exports that suppress doubles themselves (`nms`, end to end
// heads) give rows of corners, score and class; they are brought into the form
// of all others, and marked so that nothing is suppressed twice.

import type { Size, Tensor } from "../base/tensor.ts";
import type { OnnxInfo, OnnxValueInfo } from "../onnx/read_model_info.ts";
import type { Session } from "../runtime/runtime.ts";
import { type RawOutput, runSession, type YoloEngine } from "./engine.ts";
import { parsePythonLiteral, type PythonValue } from "./python_literal.ts";

/** An exported YOLO, before it is loaded. */
export type YoloOnnx = {
  readonly task: "detect" | "segment";
  readonly names: readonly string[];
  readonly stride: number;
  readonly imageSide: number;
  /** Where the file fixes it. */
  readonly fixedSize: Size | undefined;
  /** Where the file fixes it. */
  readonly fixedBatch: number | undefined;
  readonly input: string;
  readonly outputs: readonly string[];
  /** What the file says of its terms. */
  readonly licence: string | undefined;
};

/**
 * Reads what an exported YOLO is.
 *
 * @throws RangeError naming what is not understood: another task, half precision, unknown outputs
 */
export function readYoloOnnx(
  { metadata, inputs, outputs }: OnnxInfo,
  source: string,
): YoloOnnx {
  const fail: Fail = (why) => new RangeError(`Cannot use ${source}: ${why}`);
  const task = taskOf(metadata.task, fail);
  const names = namesOf(metadata.names, fail);
  if (inputs.length !== 1) {
    throw fail(
      `it has ${inputs.length} inputs (${
        inputs.map(({ name }) => name).join(", ")
      }), expected one of images`,
    );
  }
  const [input] = inputs;
  requireFloat(input, fail);
  const [batch, channels, height, width] = input.dims;
  if (input.dims.length !== 4 || channels !== 3) {
    throw fail(
      `its input ${input.name} has shape [${input.dims}], expected [batch, 3, height, width]`,
    );
  }
  requireOutputs(outputs, { task, classCount: names.length, fail });
  const isFixed = typeof height === "number" && typeof width === "number";
  const sides = sidesOf(metadata.imgsz, fail);
  return {
    task,
    names,
    stride: wholeOf(metadata.stride, fail) ?? 32,
    imageSide: isFixed ? Math.max(width, height) : sides ?? 640,
    fixedSize: isFixed ? { width, height } : undefined,
    fixedBatch: typeof batch === "number" ? batch : undefined,
    input: input.name,
    outputs: outputs.slice(0, outputCounts[task]).map(({ name }) => name),
    licence: metadata.license,
  };
}

type Fail = (why: string) => RangeError;

const outputCounts = { detect: 1, segment: 2 } as const;

function taskOf(text: string | undefined, fail: Fail): YoloOnnx["task"] {
  if (text === "detect" || text === "segment") return text;
  throw fail(
    text === undefined
      ? "its metadata names no task, expected an ONNX file as Ultralytics or models export write it"
      : `its task is ${text}, expected detect or segment`,
  );
}

function namesOf(text: string | undefined, fail: Fail): readonly string[] {
  if (text === undefined) throw fail("its metadata has no class names");
  const value = literalOf(text, "names", fail);
  const list = value instanceof Map
    ? [...Array(value.size).keys()].map((i) => value.get(String(i)))
    : value;
  const isList = Array.isArray(list) && list.length > 0 &&
    list.every((name) => typeof name === "string");
  if (isList) return list;
  throw fail(
    `its class names are ${
      text.slice(0, 60)
    }, expected a name for each number from 0`,
  );
}

function literalOf(text: string, name: string, fail: Fail): PythonValue {
  try {
    return parsePythonLiteral(text);
  } catch (error) {
    throw fail(
      `its metadata ${name} is unreadable: ${(error as Error).message}`,
    );
  }
}

function wholeOf(text: string | undefined, fail: Fail): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw fail(`its stride is ${text}, expected a whole number of pixels`);
}

/** The longer side that it was exported for; `[height, width]`, or one number. */
function sidesOf(text: string | undefined, fail: Fail): number | undefined {
  if (text === undefined) return undefined;
  const value = literalOf(text, "imgsz", fail);
  const sides = Array.isArray(value) ? value : [value];
  if (sides.every((side) => typeof side === "number" && side >= 32)) {
    return Math.max(...sides);
  }
  throw fail(`its imgsz is ${text}, expected [height, width] in pixels`);
}

function requireFloat({ name, type }: OnnxValueInfo, fail: Fail) {
  if (type === "float32") return;
  throw fail(
    type === "float16"
      ? `${name} is in half precision (float16), expected float32; export it again without half`
      : `${name} holds ${type}, expected float32`,
  );
}

function requireOutputs(
  outputs: readonly OnnxValueInfo[],
  { task, classCount, fail }: {
    readonly task: YoloOnnx["task"];
    readonly classCount: number;
    readonly fail: Fail;
  },
) {
  const told = outputs.map(({ name, dims }) => `${name} [${dims}]`).join(", ");
  const [boxes, prototypes] = outputs;
  const isRight = outputs.length >= outputCounts[task] &&
    boxes.dims.length === 3 &&
    (task === "detect" || prototypes.dims.length === 4);
  if (!isRight) {
    throw fail(
      `its outputs are ${told}, expected those of an export for ${task}`,
    );
  }
  for (const output of outputs.slice(0, outputCounts[task])) {
    requireFloat(output, fail);
  }
  const [, rows, columns] = boxes.dims;
  if (typeof rows !== "number" || typeof columns !== "number") return;
  const masks = task === "segment" ? prototypes.dims[1] : 0;
  if (typeof masks !== "number") return;
  if (rows === 4 + classCount + masks || columns === 6 + masks) return;
  throw fail(
    `its outputs are ${told}, expected ${
      4 + classCount + masks
    } rows for ${classCount} classes`,
  );
}

/**
 * Makes an engine of a loaded export; the engine closes the session.
 *
 * Several images run one after the other where the file fixes a batch of one.
 */
export function onnxEngine(
  file: YoloOnnx,
  session: Session,
  source: string,
): YoloEngine {
  const { task, names, imageSide, stride, fixedSize, fixedBatch } = file;
  const run = async (images: Tensor) =>
    unified(await runSession(session, images, file), file, source);
  return {
    task,
    names,
    imageSide,
    stride,
    fixedSize,
    run: async (images) => {
      const [batch] = images.dims;
      if (fixedBatch === undefined || batch === fixedBatch) {
        return await run(images);
      }
      if (fixedBatch === 1) return await runEach(images, run);
      throw new RangeError(
        `Cannot run ${source} on ${batch} images: it was exported for ${fixedBatch} at once`,
      );
    },
    close: () => session.release(),
  };
}

async function runEach(
  { dims: [batch, ...dims], data }: Tensor,
  run: (images: Tensor) => Promise<RawOutput>,
): Promise<RawOutput> {
  const length = data.length / batch;
  const found: RawOutput[] = [];
  for (let i = 0; i < batch; i++) {
    const own = data.slice(i * length, (i + 1) * length);
    found.push(await run({ dims: [1, ...dims], data: own }));
  }
  const [{ prototypes, isSuppressed }] = found;
  return {
    output: stack(found.map(({ output }) => output)),
    prototypes: prototypes &&
      stack(found.flatMap(({ prototypes }) => prototypes ?? [])),
    isSuppressed,
  };
}

/** Tensors `[1, …]` as one `[B, …]`. */
function stack(tensors: readonly Tensor[]): Tensor {
  const [{ dims: [, ...dims], data: { length } }] = tensors;
  const data = new Float32Array(tensors.length * length);
  tensors.forEach((tensor, i) => data.set(tensor.data, i * length));
  return { dims: [tensors.length, ...dims], data };
}

/** The output in the form of all others; throws RangeError where it has another shape. */
function unified(
  raw: RawOutput,
  { task, names }: YoloOnnx,
  source: string,
): RawOutput {
  const { output, prototypes } = raw;
  const masks = task === "segment" ? prototypes?.dims[1] ?? 0 : 0;
  const [, rows, columns] = output.dims;
  if (rows === 4 + names.length + masks) return raw;
  if (columns === 6 + masks) {
    return {
      output: fromRows(output, { classCount: names.length, masks }),
      prototypes,
      isSuppressed: true,
    };
  }
  throw new RangeError(
    `${source} gave an output of shape [${output.dims}], expected ${
      4 + names.length + masks
    } rows for ${names.length} classes`,
  );
}

/** Rows of corners, score, class (and coefficients) as `[B, 4 + classes (+ masks), A]`. */
function fromRows(
  { dims: [batch, count, columns], data }: Tensor,
  { classCount, masks }: {
    readonly classCount: number;
    readonly masks: number;
  },
): Tensor {
  const height = 4 + classCount + masks;
  const made = new Float32Array(batch * height * count);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < count; i++) {
      const at = (b * count + i) * columns;
      const put = (row: number, value: number) => {
        made[(b * height + row) * count + i] = value;
      };
      const [x0, y0, x1, y1, score, classNumber] = data.subarray(at, at + 6);
      put(0, (x0 + x1) / 2);
      put(1, (y0 + y1) / 2);
      put(2, x1 - x0);
      put(3, y1 - y0);
      // rows that are left over have no score
      if (classNumber >= 0 && classNumber < classCount) {
        put(4 + classNumber, score);
      }
      for (let k = 0; k < masks; k++) {
        put(4 + classCount + k, data[at + 6 + k]);
      }
    }
  }
  return { dims: [batch, height, count], data: made };
}
