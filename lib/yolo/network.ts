// A YOLO network as plain data: which layers, how they are joined, which
// tensors they take.
//
// Read off the module tree of a checkpoint (read_network.ts) or written by
// size (design.ts), and kept beside our own weights as JSON. The sizes of
// layers stand in the weights alone, so pruned networks are described alike.

import { z } from "zod";

/** A convolution with what follows it; tensors are named after it. */
export type ConvLayer = {
  /** Name of the weight. */
  readonly weight: string;
  /** Name of the bias; convolutions with a batch norm have none. */
  readonly bias?: string;
  readonly norm?: BatchNorm;
  readonly stride: number;
  readonly pad: number;
  readonly groups: number;
  readonly activation: "silu" | "relu" | "none";
};

/** Prefix of a batch norm's tensors, and its constants. */
export type BatchNorm = {
  readonly name: string;
  readonly epsilon: number;
  readonly momentum: number;
};

/** A part of a network. */
export type Block =
  | { readonly kind: "conv"; readonly conv: ConvLayer }
  | { readonly kind: "sequence"; readonly blocks: readonly Block[] }
  /** x + second(first(x)), or without x. */
  | {
    readonly kind: "bottleneck";
    readonly first: Block;
    readonly second: Block;
    readonly add: boolean;
  }
  /** C2f, C3k2: halves of enter(x), each inner block goes on from the last part; leave(all parts). */
  | {
    readonly kind: "split";
    readonly enter: Block;
    readonly inner: readonly Block[];
    readonly leave: Block;
  }
  /** C3, C3k: leave(inner(enter(x)), beside(x)). */
  | {
    readonly kind: "cross";
    readonly enter: Block;
    readonly beside: Block;
    readonly inner: Block;
    readonly leave: Block;
  }
  /** SPPF: repeated max pools of enter(x), all joined. */
  | {
    readonly kind: "pool";
    readonly enter: Block;
    readonly leave: Block;
    readonly kernel: number;
    readonly repeats: number;
    readonly add: boolean;
  }
  /** C2PSA: inner blocks on the second half of enter(x). */
  | {
    readonly kind: "half";
    readonly enter: Block;
    readonly inner: readonly Block[];
    readonly leave: Block;
  }
  /** PSABlock: x + attention(x), then + feed(x). */
  | {
    readonly kind: "attentionBlock";
    readonly attention: Block;
    readonly feed: Block;
    readonly add: boolean;
  }
  | {
    readonly kind: "attention";
    readonly qkv: Block;
    readonly position: Block;
    readonly project: Block;
    readonly heads: number;
    readonly keyDim: number;
    readonly headDim: number;
  }
  | { readonly kind: "upsample"; readonly factor: number }
  | { readonly kind: "concat" };

/** A layer and the earlier layers that it reads; −1 is the one before it. */
export type Layer = { readonly from: readonly number[]; readonly block: Block };

/** What turns the last maps into boxes, classes and masks. */
export type Head = {
  /** Numbers of the layers that it reads, fine to coarse. */
  readonly from: readonly number[];
  /** Bins of each side's distribution. */
  readonly bins: number;
  readonly boxBranches: readonly Block[];
  readonly classBranches: readonly Block[];
  readonly masks?: {
    readonly branches: readonly Block[];
    /** Coefficients, and prototypes. */
    readonly count: number;
    readonly enter: Block;
    /** Weight and bias of a transposed 2×2 convolution with stride 2. */
    readonly upsample: { readonly weight: string; readonly bias: string };
    readonly middle: Block;
    readonly leave: Block;
  };
};

/** A whole network. */
export type Network = {
  readonly task: "detect" | "segment";
  /** Class names by number. */
  readonly names: readonly string[];
  /** Side of the images it was trained on, pixels. */
  readonly imageSide: number;
  /** What it is, for people: `yolo11n`, or the file it comes from. */
  readonly title: string;
  readonly layers: readonly Layer[];
  readonly head: Head;
};

const Norm = z.object({
  name: z.string(),
  epsilon: z.number().positive(),
  momentum: z.number().min(0).max(1),
});
const Conv = z.object({
  weight: z.string(),
  bias: z.string().optional(),
  norm: Norm.optional(),
  stride: z.int().min(1).max(8),
  pad: z.int().min(0).max(16),
  groups: z.int().min(1),
  activation: z.enum(["silu", "relu", "none"]),
});
const blockSchema: z.ZodType<Block> = z.lazy(() => BlockShape);
const blocks = z.array(blockSchema).max(256);
const BlockShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("conv"), conv: Conv }),
  z.object({ kind: z.literal("sequence"), blocks }),
  z.object({
    kind: z.literal("bottleneck"),
    first: blockSchema,
    second: blockSchema,
    add: z.boolean(),
  }),
  z.object({
    kind: z.literal("split"),
    enter: blockSchema,
    inner: blocks,
    leave: blockSchema,
  }),
  z.object({
    kind: z.literal("cross"),
    enter: blockSchema,
    beside: blockSchema,
    inner: blockSchema,
    leave: blockSchema,
  }),
  z.object({
    kind: z.literal("pool"),
    enter: blockSchema,
    leave: blockSchema,
    kernel: z.int().min(1).max(31),
    repeats: z.int().min(1).max(8),
    add: z.boolean(),
  }),
  z.object({
    kind: z.literal("half"),
    enter: blockSchema,
    inner: blocks,
    leave: blockSchema,
  }),
  z.object({
    kind: z.literal("attentionBlock"),
    attention: blockSchema,
    feed: blockSchema,
    add: z.boolean(),
  }),
  z.object({
    kind: z.literal("attention"),
    qkv: blockSchema,
    position: blockSchema,
    project: blockSchema,
    heads: z.int().min(1),
    keyDim: z.int().min(1),
    headDim: z.int().min(1),
  }),
  z.object({ kind: z.literal("upsample"), factor: z.int().min(1).max(8) }),
  z.object({ kind: z.literal("concat") }),
]);

const NetworkShape = z.object({
  task: z.enum(["detect", "segment"]),
  names: z.array(z.string()).min(1),
  imageSide: z.int().min(32),
  title: z.string(),
  layers: z.array(z.object({ from: z.array(z.int()), block: blockSchema })),
  head: z.object({
    from: z.array(z.int().min(0)).min(1).max(8),
    bins: z.int().min(1).max(64),
    boxBranches: blocks,
    classBranches: blocks,
    masks: z.object({
      branches: blocks,
      count: z.int().min(1),
      enter: blockSchema,
      upsample: z.object({ weight: z.string(), bias: z.string() }),
      middle: blockSchema,
      leave: blockSchema,
    }).optional(),
  }),
});

/** Reads a network from JSON; throws SyntaxError saying what is wrong with it. */
export function parseNetwork(text: string): Network {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError("Cannot read a network: it is no JSON", { cause });
  }
  const parsed = NetworkShape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SyntaxError(
    `Cannot read a network: ${z.prettifyError(parsed.error)}`,
  );
}

/** Every convolution of a block, in the order in which it is used. */
export function convsOf(block: Block): readonly ConvLayer[] {
  switch (block.kind) {
    case "conv":
      return [block.conv];
    case "sequence":
      return block.blocks.flatMap(convsOf);
    case "bottleneck":
      return [block.first, block.second].flatMap(convsOf);
    case "split":
    case "half":
      return [block.enter, ...block.inner, block.leave].flatMap(convsOf);
    case "cross":
      return [block.enter, block.beside, block.inner, block.leave]
        .flatMap(convsOf);
    case "pool":
      return [block.enter, block.leave].flatMap(convsOf);
    case "attentionBlock":
      return [block.attention, block.feed].flatMap(convsOf);
    case "attention":
      return [block.qkv, block.position, block.project].flatMap(convsOf);
    case "upsample":
    case "concat":
      return [];
  }
}

/** Every tensor of a network by name, in the order of its layers. */
export function tensorNames(network: Network): readonly string[] {
  const { layers, head } = network;
  const { masks } = head;
  const blocks = [
    ...layers.map(({ block }) => block),
    ...head.boxBranches,
    ...head.classBranches,
    ...(masks
      ? [masks.enter, masks.middle, masks.leave, ...masks.branches]
      : []),
  ];
  const names = blocks.flatMap(convsOf).flatMap(({ weight, bias, norm }) => [
    weight,
    ...(bias ? [bias] : []),
    ...(norm
      ? ["weight", "bias", "running_mean", "running_var"]
        .map((part) => `${norm.name}.${part}`)
      : []),
  ]);
  const { weight, bias } = masks?.upsample ?? {};
  return weight && bias ? [...names, weight, bias] : names;
}
