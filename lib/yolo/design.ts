// The official networks by family and size, as far as they are needed to train
// from nothing: layers, and the shape of every tensor.
//
// YOLO11 and YOLOv8, detection and segmentation, n to x. Tables and block rules
// follow ../shared/facts/MODELS.md 2.1 and 2.2; names and order of the tensors
// are those of the official state dicts, which the goldens list.

import type { Block, ConvLayer, Head, Layer, Network } from "./network.ts";

/** What can be built by name. */
export type Design = {
  readonly family: "yolo11" | "yolov8";
  readonly size: YoloSize;
  readonly task: Network["task"];
};

/** Sizes of the official networks, small to large. */
export const yoloSizes = ["n", "s", "m", "l", "x"] as const;
export type YoloSize = typeof yoloSizes[number];

/** Reads a design from a name such as `yolo11n-seg`; undefined when it is none. */
export function findDesign(name: string): Design | undefined {
  const match = /^(yolo11|yolov8)([nsmlx])(-seg)?$/.exec(name);
  const size = yoloSizes.find((size) => size === match?.[2]);
  if (!match || !size) return undefined;
  return {
    family: match[1] === "yolo11" ? "yolo11" : "yolov8",
    size,
    task: match[3] ? "segment" : "detect",
  };
}

/** What a tensor is, which decides how it starts. */
export type TensorRole =
  | "weight"
  | "bias"
  | "normWeight"
  | "normBias"
  | "normMean"
  | "normVariance"
  | "counter"
  | "bins";

/** A tensor that a network takes. */
export type TensorShape = {
  readonly dims: readonly number[];
  readonly role: TensorRole;
};

/** A network, and its tensors by name in the official order. */
export type DesignedNetwork = {
  readonly network: Network;
  readonly shapes: ReadonlyMap<string, TensorShape>;
};

type Scale = readonly [depth: number, width: number, maxChannels: number];

const scales: Readonly<Record<Design["family"], Record<YoloSize, Scale>>> = {
  yolo11: {
    n: [0.5, 0.25, 1024],
    s: [0.5, 0.5, 1024],
    m: [0.5, 1, 512],
    l: [1, 1, 512],
    x: [1, 1.5, 512],
  },
  yolov8: {
    n: [1 / 3, 0.25, 1024],
    s: [1 / 3, 0.5, 1024],
    m: [2 / 3, 0.75, 768],
    l: [1, 1, 512],
    x: [1, 1.25, 512],
  },
};

const epsilon = 1e-3;
const momentum = 0.03;
const bins = 16;
const maskCount = 32;

/** One row of a network's table: where from, how often, what. */
type Row = {
  readonly from?: readonly number[];
  readonly repeats?: number;
  readonly kind: "conv" | "split" | "pool" | "half" | "upsample" | "concat";
  readonly channels?: number;
  /** Of split: inner blocks are C3k, share of hidden channels, residual. */
  readonly isDeep?: boolean;
  readonly share?: number;
  readonly add?: boolean;
};

const tables: Readonly<Record<Design["family"], readonly Row[]>> = {
  yolo11: [
    { kind: "conv", channels: 64 },
    { kind: "conv", channels: 128 },
    { kind: "split", repeats: 2, channels: 256, share: 0.25, add: true },
    { kind: "conv", channels: 256 },
    { kind: "split", repeats: 2, channels: 512, share: 0.25, add: true },
    { kind: "conv", channels: 512 },
    { kind: "split", repeats: 2, channels: 512, isDeep: true, add: true },
    { kind: "conv", channels: 1024 },
    { kind: "split", repeats: 2, channels: 1024, isDeep: true, add: true },
    { kind: "pool", channels: 1024 },
    { kind: "half", repeats: 2, channels: 1024 },
    { kind: "upsample" },
    { kind: "concat", from: [-1, 6] },
    { kind: "split", repeats: 2, channels: 512, add: true },
    { kind: "upsample" },
    { kind: "concat", from: [-1, 4] },
    { kind: "split", repeats: 2, channels: 256, add: true },
    { kind: "conv", channels: 256 },
    { kind: "concat", from: [-1, 13] },
    { kind: "split", repeats: 2, channels: 512, add: true },
    { kind: "conv", channels: 512 },
    { kind: "concat", from: [-1, 10] },
    { kind: "split", repeats: 2, channels: 1024, isDeep: true, add: true },
  ],
  yolov8: [
    { kind: "conv", channels: 64 },
    { kind: "conv", channels: 128 },
    { kind: "split", repeats: 3, channels: 128, add: true },
    { kind: "conv", channels: 256 },
    { kind: "split", repeats: 6, channels: 256, add: true },
    { kind: "conv", channels: 512 },
    { kind: "split", repeats: 6, channels: 512, add: true },
    { kind: "conv", channels: 1024 },
    { kind: "split", repeats: 3, channels: 1024, add: true },
    { kind: "pool", channels: 1024 },
    { kind: "upsample" },
    { kind: "concat", from: [-1, 6] },
    { kind: "split", repeats: 3, channels: 512 },
    { kind: "upsample" },
    { kind: "concat", from: [-1, 4] },
    { kind: "split", repeats: 3, channels: 256 },
    { kind: "conv", channels: 256 },
    { kind: "concat", from: [-1, 12] },
    { kind: "split", repeats: 3, channels: 512 },
    { kind: "conv", channels: 512 },
    { kind: "concat", from: [-1, 9] },
    { kind: "split", repeats: 3, channels: 1024 },
  ],
};

const headLayers = { yolo11: [16, 19, 22], yolov8: [15, 18, 21] } as const;

/**
 * Designs a network for the classes given.
 *
 * @example The smallest detector has 2.6 million parameters
 * ```ts
 * import { designNetwork } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const { network } = designNetwork(
 *   { family: "yolo11", size: "n", task: "detect" },
 *   { names: ["polyp"], imageSide: 320 },
 * );
 * equal(network.layers.length, 23);
 * ```
 */
export function designNetwork(
  { family, size, task }: Design,
  { names, imageSide }: {
    readonly names: readonly string[];
    readonly imageSide: number;
  },
): DesignedNetwork {
  const [depth, width, maxChannels] = scales[family][size];
  const shapes = new Map<string, TensorShape>();
  const drawer: Drawer = {
    shapes,
    // m, l and x of YOLO11 have C3k everywhere
    allDeep: family === "yolo11" && "mlx".includes(size),
    isYolo11: family === "yolo11",
  };
  const wide = (channels: number) =>
    Math.ceil(Math.min(channels, maxChannels) * width / 8) * 8;
  const outs: number[] = [];
  const layers = tables[family].map((row, i): Layer => {
    const from = row.from ?? [-1];
    const given = from.map((at) => (at < 0 ? outs[i - 1] : outs[at]) ?? 3);
    const to = row.channels === undefined
      ? given.reduce((a, b) => a + b)
      : wide(row.channels);
    const repeats = Math.max(Math.round((row.repeats ?? 1) * depth), 1);
    outs.push(to);
    const block = drawRow(drawer, `model.${i}`, row, {
      from: given[0],
      to,
      repeats,
    });
    return { from, block };
  });
  const from = headLayers[family];
  const head = drawHead(drawer, `model.${layers.length}`, {
    from,
    channels: from.map((at) => outs[at]),
    classes: names.length,
    maskChannels: task === "segment" ? wide(256) : undefined,
  });
  const suffix = task === "segment" ? "-seg" : "";
  const title = `${family}${size}${suffix}`;
  return { network: { task, names, imageSide, title, layers, head }, shapes };
}

type Drawer = {
  readonly shapes: Map<string, TensorShape>;
  readonly allDeep: boolean;
  readonly isYolo11: boolean;
};
type Ends = { readonly from: number; readonly to: number };

function drawRow(
  drawer: Drawer,
  name: string,
  row: Row,
  { from, to, repeats }: Ends & { readonly repeats: number },
): Block {
  switch (row.kind) {
    case "conv":
      return conv(drawer, name, { from, to, kernel: 3, stride: 2 });
    case "split": {
      const hidden = Math.trunc(to * (row.share ?? 0.5));
      const enter = conv(drawer, `${name}.cv1`, { from, to: 2 * hidden });
      const leave = conv(drawer, `${name}.cv2`, {
        from: (2 + repeats) * hidden,
        to,
      });
      const isDeep = row.isDeep || drawer.allDeep;
      const share = drawer.isYolo11 ? 0.5 : 1;
      const inner = Array.from({ length: repeats }, (_, i) => {
        const part = `${name}.m.${i}`;
        const add = row.add === true;
        return isDeep
          ? cross(drawer, part, hidden, { add })
          : bottleneck(drawer, part, hidden, { add, share });
      });
      return { kind: "split", enter, inner, leave };
    }
    case "pool": {
      const half = from / 2;
      return {
        kind: "pool",
        enter: conv(drawer, `${name}.cv1`, { from, to: half }),
        leave: conv(drawer, `${name}.cv2`, { from: half * 4, to }),
        kernel: 5,
        repeats: 3,
        add: false,
      };
    }
    case "half": {
      const half = from / 2;
      const enter = conv(drawer, `${name}.cv1`, { from, to: 2 * half });
      const leave = conv(drawer, `${name}.cv2`, { from: 2 * half, to: from });
      const inner = Array.from(
        { length: repeats },
        (_, i) => attentionBlock(drawer, `${name}.m.${i}`, half),
      );
      return { kind: "half", enter, inner, leave };
    }
    case "upsample":
      return { kind: "upsample", factor: 2 };
    case "concat":
      return { kind: "concat" };
  }
}

function bottleneck(
  drawer: Drawer,
  name: string,
  channels: number,
  { add, share }: { readonly add: boolean; readonly share: number },
): Block {
  const hidden = Math.trunc(channels * share);
  return {
    kind: "bottleneck",
    first: conv(drawer, `${name}.cv1`, {
      from: channels,
      to: hidden,
      kernel: 3,
    }),
    second: conv(drawer, `${name}.cv2`, {
      from: hidden,
      to: channels,
      kernel: 3,
    }),
    add,
  };
}

function cross(
  drawer: Drawer,
  name: string,
  channels: number,
  { add }: { readonly add: boolean },
): Block {
  const hidden = Math.trunc(channels / 2);
  const enter = conv(drawer, `${name}.cv1`, { from: channels, to: hidden });
  const beside = conv(drawer, `${name}.cv2`, { from: channels, to: hidden });
  const leave = conv(drawer, `${name}.cv3`, { from: 2 * hidden, to: channels });
  const blocks = [0, 1].map((i) =>
    bottleneck(drawer, `${name}.m.${i}`, hidden, { add, share: 1 })
  );
  return {
    kind: "cross",
    enter,
    beside,
    inner: { kind: "sequence", blocks },
    leave,
  };
}

function attentionBlock(drawer: Drawer, name: string, channels: number): Block {
  const heads = Math.max(Math.trunc(channels / 64), 1);
  const headDim = Math.trunc(channels / heads);
  const keyDim = Math.trunc(headDim / 2);
  const linear = { activation: "none" } as const;
  const qkv = conv(drawer, `${name}.attn.qkv`, {
    from: channels,
    to: channels + 2 * heads * keyDim,
    ...linear,
  });
  const project = conv(drawer, `${name}.attn.proj`, {
    from: channels,
    to: channels,
    ...linear,
  });
  const position = conv(drawer, `${name}.attn.pe`, {
    from: channels,
    to: channels,
    kernel: 3,
    groups: channels,
    ...linear,
  });
  const feed: Block = {
    kind: "sequence",
    blocks: [
      conv(drawer, `${name}.ffn.0`, { from: channels, to: 2 * channels }),
      conv(drawer, `${name}.ffn.1`, {
        from: 2 * channels,
        to: channels,
        ...linear,
      }),
    ],
  };
  return {
    kind: "attentionBlock",
    attention: {
      kind: "attention",
      qkv,
      position,
      project,
      heads,
      keyDim,
      headDim,
    },
    feed,
    add: true,
  };
}

function drawHead(
  drawer: Drawer,
  name: string,
  { from, channels, classes, maskChannels }: {
    readonly from: readonly number[];
    readonly channels: readonly number[];
    readonly classes: number;
    readonly maskChannels: number | undefined;
  },
): Head {
  const boxHidden = Math.max(16, Math.trunc(channels[0] / 4), bins * 4);
  const classHidden = Math.max(channels[0], Math.min(classes, 100));
  const boxBranches = channels.map((c, i) =>
    branch(drawer, `${name}.cv2.${i}`, c, boxHidden, 4 * bins)
  );
  const classBranches = channels.map((c, i) =>
    drawer.isYolo11
      ? classBranch(drawer, `${name}.cv3.${i}`, c, classHidden, classes)
      : branch(drawer, `${name}.cv3.${i}`, c, classHidden, classes)
  );
  drawer.shapes.set(`${name}.dfl.conv.weight`, {
    dims: [1, bins, 1, 1],
    role: "bins",
  });
  const head = { from, bins, boxBranches, classBranches };
  return maskChannels === undefined
    ? head
    : { ...head, masks: drawMasks(drawer, name, { channels, maskChannels }) };
}

function drawMasks(
  drawer: Drawer,
  name: string,
  { channels, maskChannels }: {
    readonly channels: readonly number[];
    readonly maskChannels: number;
  },
): NonNullable<Head["masks"]> {
  const proto = `${name}.proto`;
  const c = channels[0];
  const enter = conv(drawer, `${proto}.cv1`, {
    from: c,
    to: maskChannels,
    kernel: 3,
  });
  const upsample = {
    weight: `${proto}.upsample.weight`,
    bias: `${proto}.upsample.bias`,
  };
  const square = [maskChannels, maskChannels, 2, 2];
  drawer.shapes.set(upsample.weight, { dims: square, role: "weight" });
  drawer.shapes.set(upsample.bias, { dims: [maskChannels], role: "bias" });
  const middle = conv(drawer, `${proto}.cv2`, {
    from: maskChannels,
    to: maskChannels,
    kernel: 3,
  });
  const leave = conv(drawer, `${proto}.cv3`, {
    from: maskChannels,
    to: maskCount,
  });
  const hidden = Math.max(Math.trunc(c / 4), maskCount);
  const branches = channels.map((channel, i) =>
    branch(drawer, `${name}.cv4.${i}`, channel, hidden, maskCount)
  );
  return { branches, count: maskCount, enter, upsample, middle, leave };
}

/**
 * The part of a head that makes masks, for a network that has none.
 *
 * @param name prefix of the head's tensors, such as `model.23`
 * @param channels of the maps that the head reads, fine to coarse
 */
export function designMasks(name: string, channels: readonly number[]): {
  readonly masks: NonNullable<Head["masks"]>;
  readonly shapes: ReadonlyMap<string, TensorShape>;
} {
  const shapes = new Map<string, TensorShape>();
  const drawer = { shapes, allDeep: false, isYolo11: true };
  const maskChannels = channels[0]; // 256 times the width, in all official sizes
  return { masks: drawMasks(drawer, name, { channels, maskChannels }), shapes };
}

/** Two 3×3 convolutions and a linear 1×1. */
function branch(
  drawer: Drawer,
  name: string,
  from: number,
  hidden: number,
  to: number,
): Block {
  return {
    kind: "sequence",
    blocks: [
      conv(drawer, `${name}.0`, { from, to: hidden, kernel: 3 }),
      conv(drawer, `${name}.1`, { from: hidden, to: hidden, kernel: 3 }),
      lastConv(drawer, `${name}.2`, { from: hidden, to }),
    ],
  };
}

/** YOLO11's class branch: the 3×3 convolutions are depthwise, followed by 1×1. */
function classBranch(
  drawer: Drawer,
  name: string,
  from: number,
  hidden: number,
  to: number,
): Block {
  const pair = (part: string, into: number): Block => ({
    kind: "sequence",
    blocks: [
      conv(drawer, `${part}.0`, {
        from: into,
        to: into,
        kernel: 3,
        groups: into,
      }),
      conv(drawer, `${part}.1`, { from: into, to: hidden }),
    ],
  });
  return {
    kind: "sequence",
    blocks: [
      pair(`${name}.0`, from),
      pair(`${name}.1`, hidden),
      lastConv(drawer, `${name}.2`, { from: hidden, to }),
    ],
  };
}

function lastConv(drawer: Drawer, name: string, { from, to }: Ends): Block {
  const { shapes } = drawer;
  shapes.set(`${name}.weight`, { dims: [to, from, 1, 1], role: "weight" });
  shapes.set(`${name}.bias`, { dims: [to], role: "bias" });
  const layer: ConvLayer = {
    weight: `${name}.weight`,
    bias: `${name}.bias`,
    stride: 1,
    pad: 0,
    groups: 1,
    activation: "none",
  };
  return { kind: "conv", conv: layer };
}

/** A convolution without bias, a batch norm, an activation. */
function conv(
  { shapes }: Drawer,
  name: string,
  { from, to, kernel = 1, stride = 1, groups = 1, activation = "silu" }:
    & Ends
    & {
      readonly kernel?: number;
      readonly stride?: number;
      readonly groups?: number;
      readonly activation?: ConvLayer["activation"];
    },
): Block {
  const dims = [to, from / groups, kernel, kernel];
  const norm = { name: `${name}.bn`, epsilon, momentum };
  shapes.set(`${name}.conv.weight`, { dims, role: "weight" });
  const channels = { dims: [to] };
  shapes.set(`${norm.name}.weight`, { ...channels, role: "normWeight" });
  shapes.set(`${norm.name}.bias`, { ...channels, role: "normBias" });
  shapes.set(`${norm.name}.running_mean`, { ...channels, role: "normMean" });
  shapes.set(`${norm.name}.running_var`, { ...channels, role: "normVariance" });
  shapes.set(`${norm.name}.num_batches_tracked`, { dims: [], role: "counter" });
  const layer: ConvLayer = {
    weight: `${name}.conv.weight`,
    norm,
    stride,
    pad: Math.trunc(kernel / 2),
    groups,
    activation,
  };
  return { kind: "conv", conv: layer };
}
