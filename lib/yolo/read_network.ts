// Reading a YOLO network off the module tree of a checkpoint.
//
// What counts is what was saved, not the name of the file: YOLO11 and YOLOv8 of
// any width, pruned and fine-tuned ones, detection and segmentation. A class
// that is not known here is an error that names it. The meaning of each class
// follows ../shared/facts/MODELS.md 2.2; Ultralytics' code was not read.

import { basename } from "node:path";
import type { ModuleNode, PlainValue } from "../weights/module_tree.ts";
import type { Block, ConvLayer, Head, Layer, Network } from "./network.ts";

const defaultSide = 640; // what the official networks were trained on

/**
 * Reads a network; `source` names the file in errors.
 *
 * @throws RangeError naming the module and what was expected of it
 */
export function readNetwork(
  root: ModuleNode,
  { source }: { source: string },
): Network {
  const fail = (module: ModuleNode, why: string) =>
    new RangeError(
      `Cannot build ${source}: module ${
        module.path || "(the network)"
      } of class ${shortClass(module)} ${why}`,
    );
  const reader = { fail };
  const list = root.children.get("model");
  if (!list || list.children.size < 2) {
    throw fail(root, "holds no list of layers named model, expected a YOLO");
  }
  const modules = [...list.children.values()];
  const headModule = modules[modules.length - 1];
  const layers = modules.slice(0, -1).map((module, i): Layer => ({
    from: fromOf(module, i, reader),
    block: readBlock(module, reader),
  }));
  const head = readHead(headModule, reader);
  const last = head.from.find((at) => at >= layers.length || at < 0);
  if (last !== undefined) {
    throw fail(headModule, `reads layer ${last}, there are ${layers.length}`);
  }
  return {
    task: head.masks ? "segment" : "detect",
    names: namesOf(root, headModule, reader),
    imageSide: sideOf(root),
    title: basename(source),
    layers,
    head,
  };
}

type Reader = {
  readonly fail: (module: ModuleNode, why: string) => RangeError;
};

function shortClass(module: ModuleNode): string {
  return module.class.slice(module.class.lastIndexOf(".") + 1);
}

/** The layers a module reads, by number from the front; −1 stays. */
function fromOf(module: ModuleNode, i: number, { fail }: Reader): number[] {
  const from = module.attributes.f ?? -1;
  const list = Array.isArray(from) ? from : [from];
  const isRight = (at: PlainValue): at is number =>
    typeof at === "number" && Number.isInteger(at) && at < i && at >= -1 - i;
  if (!list.every(isRight)) {
    throw fail(
      module,
      `reads layers ${JSON.stringify(from)}, it is layer ${i}`,
    );
  }
  return list.map((at) => at < -1 ? i + at : at);
}

const readers: Readonly<
  Record<string, (module: ModuleNode, reader: Reader) => Block>
> = {
  Conv: (module, reader) => ({
    kind: "conv",
    conv: readConv(module, reader),
  }),
  DWConv: (module, reader) => readers.Conv(module, reader),
  Conv2d: (module, reader) => ({
    kind: "conv",
    conv: plainConv(module, reader),
  }),
  Sequential: (module, reader) => ({
    kind: "sequence",
    blocks: childBlocks(module, reader),
  }),
  Bottleneck: (module, reader) => ({
    kind: "bottleneck",
    first: readChild(module, "cv1", reader),
    second: readChild(module, "cv2", reader),
    add: flagOf(module, "add", reader),
  }),
  C2f: (module, reader) => ({
    kind: "split",
    enter: readChild(module, "cv1", reader),
    inner: childBlocks(getChild(module, "m", reader), reader),
    leave: readChild(module, "cv2", reader),
  }),
  C3k2: (module, reader) => readers.C2f(module, reader),
  C3: (module, reader) => ({
    kind: "cross",
    enter: readChild(module, "cv1", reader),
    beside: readChild(module, "cv2", reader),
    inner: readChild(module, "m", reader),
    leave: readChild(module, "cv3", reader),
  }),
  C3k: (module, reader) => readers.C3(module, reader),
  SPPF: (module, reader) => {
    const pool = getChild(module, "m", reader);
    const kernel = pool.attributes.kernel_size;
    const isPlain = shortClass(pool) === "MaxPool2d" &&
      typeof kernel === "number" && pool.attributes.stride === 1 &&
      pool.attributes.padding === (kernel - 1) / 2;
    if (!isPlain) throw reader.fail(pool, "is no max pool that keeps the size");
    return {
      kind: "pool",
      enter: readChild(module, "cv1", reader),
      leave: readChild(module, "cv2", reader),
      kernel,
      repeats: numberOf(module, "n", reader, 3),
      add: module.attributes.add === true,
    };
  },
  C2PSA: (module, reader) => ({
    kind: "half",
    enter: readChild(module, "cv1", reader),
    inner: childBlocks(getChild(module, "m", reader), reader),
    leave: readChild(module, "cv2", reader),
  }),
  PSABlock: (module, reader) => ({
    kind: "attentionBlock",
    attention: readChild(module, "attn", reader),
    feed: readChild(module, "ffn", reader),
    add: flagOf(module, "add", reader),
  }),
  Attention: (module, reader) => ({
    kind: "attention",
    qkv: readChild(module, "qkv", reader),
    position: readChild(module, "pe", reader),
    project: readChild(module, "proj", reader),
    heads: numberOf(module, "num_heads", reader),
    keyDim: numberOf(module, "key_dim", reader),
    headDim: numberOf(module, "head_dim", reader),
  }),
  Upsample: (module, reader) => {
    const factor = numberOf(module, "scale_factor", reader);
    if (module.attributes.mode !== "nearest" || !Number.isInteger(factor)) {
      throw reader.fail(
        module,
        `enlarges ${factor} times by ${module.attributes.mode}, expected a whole number of times by nearest`,
      );
    }
    return { kind: "upsample", factor };
  },
  Concat: (module, reader) => {
    if (module.attributes.d !== 1) {
      throw reader.fail(module, "joins another axis than the channels");
    }
    return { kind: "concat" };
  },
};

function readBlock(module: ModuleNode, reader: Reader): Block {
  const name = shortClass(module);
  if (!Object.hasOwn(readers, name)) {
    throw reader.fail(
      module,
      `is not known here, expected one of ${Object.keys(readers).join(", ")}`,
    );
  }
  return readers[name](module, reader);
}

function childBlocks(module: ModuleNode, reader: Reader): Block[] {
  return [...module.children.values()].map((child) => readBlock(child, reader));
}

function getChild(
  module: ModuleNode,
  name: string,
  { fail }: Reader,
): ModuleNode {
  const child = module.children.get(name);
  if (child) return child;
  throw fail(module, `has no part ${name}, which its class has`);
}

function readChild(module: ModuleNode, name: string, reader: Reader): Block {
  return readBlock(getChild(module, name, reader), reader);
}

function numberOf(
  module: ModuleNode,
  name: string,
  { fail }: Reader,
  fallback?: number,
): number {
  const value = module.attributes[name] ?? fallback;
  if (typeof value === "number") return value;
  throw fail(module, `has ${name} ${JSON.stringify(value)}, expected a number`);
}

function flagOf(module: ModuleNode, name: string, { fail }: Reader): boolean {
  const value = module.attributes[name];
  if (typeof value === "boolean") return value;
  throw fail(
    module,
    `has ${name} ${JSON.stringify(value)}, expected a yes or no`,
  );
}

/** Conv: a convolution, its batch norm (gone where a file was fused) and an activation. */
function readConv(module: ModuleNode, reader: Reader): ConvLayer {
  const conv = plainConv(getChild(module, "conv", reader), reader);
  const norm = module.children.get("bn");
  const activation = activationOf(module, reader);
  if (!norm) return { ...conv, activation };
  if (shortClass(norm) !== "BatchNorm2d") {
    throw reader.fail(
      norm,
      "normalises in an unknown way, expected BatchNorm2d",
    );
  }
  return {
    ...conv,
    activation,
    norm: {
      name: norm.path,
      epsilon: numberOf(norm, "eps", reader),
      momentum: numberOf(norm, "momentum", reader, 0.03),
    },
  };
}

function activationOf(
  module: ModuleNode,
  reader: Reader,
): ConvLayer["activation"] {
  const activation = module.children.get("act");
  if (!activation) return "none";
  const kinds = { SiLU: "silu", ReLU: "relu", Identity: "none" } as const;
  const name = shortClass(activation);
  if (name in kinds) return kinds[name as keyof typeof kinds];
  throw reader.fail(activation, "is an activation that is not known here");
}

function plainConv(module: ModuleNode, reader: Reader): ConvLayer {
  if (shortClass(module) !== "Conv2d") {
    throw reader.fail(module, "is no Conv2d");
  }
  const square = (name: string) => {
    const value = module.attributes[name];
    if (
      Array.isArray(value) && value.length === 2 && value[0] === value[1] &&
      typeof value[0] === "number"
    ) return value[0];
    throw reader.fail(
      module,
      `has ${name} ${JSON.stringify(value)}, expected the same both ways`,
    );
  };
  square("kernel_size");
  const dilation = square("dilation");
  const { transposed, padding_mode } = module.attributes;
  if (dilation !== 1 || transposed === true || padding_mode !== "zeros") {
    throw reader.fail(
      module,
      `is transposed, dilated (${dilation}) or padded by ${padding_mode}`,
    );
  }
  const hasBias = module.parameters.includes("bias");
  return {
    weight: `${module.path}.weight`,
    ...(hasBias ? { bias: `${module.path}.bias` } : {}),
    stride: square("stride"),
    pad: square("padding"),
    groups: numberOf(module, "groups", reader),
    activation: "none",
  };
}

const headParts = new Set(["cv2", "cv3", "cv4", "dfl", "proto"]);

function readHead(module: ModuleNode, reader: Reader): Head {
  const kind = shortClass(module);
  if (kind !== "Detect" && kind !== "Segment") {
    throw reader.fail(module, "is the head, expected Detect or Segment");
  }
  const extra = [...module.children.keys()].find((name) =>
    !headParts.has(name)
  );
  if (extra) throw reader.fail(module, `has a part ${extra} that is not known`);
  const from = module.attributes.f;
  if (!Array.isArray(from) || !from.every((at) => typeof at === "number")) {
    throw reader.fail(module, "does not say which layers it reads");
  }
  const branches = (name: string) =>
    childBlocks(getChild(module, name, reader), reader);
  const head: Head = {
    from,
    bins: numberOf(module, "reg_max", reader),
    boxBranches: branches("cv2"),
    classBranches: branches("cv3"),
  };
  const counts = [head.boxBranches.length, head.classBranches.length];
  if (counts.some((count) => count !== from.length)) {
    throw reader.fail(
      module,
      `reads ${from.length} maps with ${counts} branches`,
    );
  }
  if (kind === "Detect") return head;
  const proto = getChild(module, "proto", reader);
  const upsample = getChild(proto, "upsample", reader);
  if (shortClass(upsample) !== "ConvTranspose2d") {
    throw reader.fail(upsample, "enlarges in an unknown way");
  }
  return {
    ...head,
    masks: {
      branches: branches("cv4"),
      count: numberOf(module, "nm", reader),
      enter: readChild(proto, "cv1", reader),
      upsample: {
        weight: `${upsample.path}.weight`,
        bias: `${upsample.path}.bias`,
      },
      middle: readChild(proto, "cv2", reader),
      leave: readChild(proto, "cv3", reader),
    },
  };
}

/** Class names; a file without names, or with too few, gets numbers. */
function namesOf(
  root: ModuleNode,
  head: ModuleNode,
  reader: Reader,
): string[] {
  const count = numberOf(head, "nc", reader);
  const names = root.attributes.names;
  const byNumber = typeof names === "object" && names !== null
    ? names as { readonly [key: string]: PlainValue }
    : {};
  return Array.from({ length: count }, (_, i) => {
    const name = byNumber[i];
    return typeof name === "string" ? name : `class ${i}`;
  });
}

function sideOf(root: ModuleNode): number {
  const args = root.attributes.args;
  const side = typeof args === "object" && args !== null && "imgsz" in args
    ? args.imgsz
    : undefined;
  return typeof side === "number" && side >= 32 ? side : defaultSide;
}
