// The blocks of YOLO as graph functions, the same for detecting and training.
//
// What a convolution is differs: for detecting its batch norm is folded into
// constant weights, for training both are values of the graph. So it is handed
// in. Block rules follow ../shared/facts/MODELS.md 2.2.

import { known } from "../../onnx/dims.ts";
import { type Graph, label, scalar, type Value } from "../../onnx/graph.ts";
import { Add, Mul, Relu, Silu } from "../../onnx/ops/elementwise.ts";
import { MatMul } from "../../onnx/ops/linear.ts";
import { MaxPool } from "../../onnx/ops/pool.ts";
import { Softmax } from "../../onnx/ops/reduce.ts";
import { Resize } from "../../onnx/ops/resize.ts";
import { Concat, Reshape, Split, Transpose } from "../../onnx/ops/shape.ts";
import type { Block, ConvLayer, Head, Network } from "../network.ts";

/** A graph under construction, and how it convolves. */
export type Net = {
  readonly graph: Graph;
  /** Convolution and batch norm, without the activation. */
  convolve(x: Value, layer: ConvLayer): Value;
  /** A transposed 2×2 convolution with stride 2. */
  enlarge(
    x: Value,
    upsample: { readonly weight: string; readonly bias: string },
  ): Value;
};

/** What the head says of every anchor, all maps joined, before any decoding. */
export type HeadLogits = {
  /** `[B, 4 · bins, A]`, sides left, top, right, bottom. */
  readonly boxes: Value;
  /** `[B, classes, A]` */
  readonly classes: Value;
  readonly masks?: {
    /** `[B, count, A]` */
    readonly coefficients: Value;
    /** `[B, count, H/4, W/4]` */
    readonly prototypes: Value;
  };
  /** Size of each map, fine to coarse: anchors are counted in this order, row by row. */
  readonly maps: readonly { readonly width: number; readonly height: number }[];
};

/**
 * Runs the layers and the head on images `[B, 3, H, W]`, 0..1.
 *
 * @param netOf the net of a layer by its number: frozen layers may convolve otherwise
 */
export function runNetwork(
  { layers, head }: Network,
  images: Value,
  netOf: (layer: number) => Net,
): HeadLogits {
  const outputs: Value[] = [];
  for (const [i, { from, block }] of layers.entries()) {
    const inputs = from.map((at) =>
      at >= 0 ? outputs[at] : outputs[i - 1] ?? images
    );
    const net = netOf(i);
    outputs.push(
      label(net.graph, `layers.${i}`, runBlock(net, block, inputs)),
    );
  }
  const net = netOf(layers.length);
  return runHead(net, head, head.from.map((at) => outputs[at]));
}

function runHead(net: Net, head: Head, maps: readonly Value[]): HeadLogits {
  const { graph } = net;
  const join = (branches: readonly Block[]) => {
    const flat = maps.map((map, i) => {
      const out = runBlock(net, branches[i], [map]);
      const [b, c, h, w] = out.dims;
      return Reshape(graph, out, [b, c, known(h, "head") * known(w, "head")]);
    });
    return flat.length === 1 ? flat[0] : Concat(graph, flat, { axis: 2 });
  };
  const logits = {
    boxes: label(graph, "head.boxes", join(head.boxBranches)),
    classes: label(graph, "head.scores", join(head.classBranches)),
    maps: maps.map(({ dims: [, , h, w] }) => ({
      width: known(w, "head"),
      height: known(h, "head"),
    })),
  };
  const { masks } = head;
  if (!masks) return logits;
  const entered = runBlock(net, masks.enter, [maps[0]]);
  const enlarged = net.enlarge(entered, masks.upsample);
  const middle = runBlock(net, masks.middle, [enlarged]);
  return {
    ...logits,
    masks: {
      coefficients: label(
        graph,
        "head.mask_coefficient",
        join(masks.branches),
      ),
      prototypes: label(graph, "proto", runBlock(net, masks.leave, [middle])),
    },
  };
}

/** Runs one block; only a concat takes several inputs. */
export function runBlock(
  net: Net,
  block: Block,
  inputs: readonly Value[],
): Value {
  const { graph } = net;
  const [x] = inputs;
  const run = (part: Block, on: Value) => runBlock(net, part, [on]);
  const join = (parts: readonly Value[]) => Concat(graph, parts, { axis: 1 });
  switch (block.kind) {
    case "conv":
      return activate(graph, net.convolve(x, block.conv), block.conv);
    case "sequence":
      return block.blocks.reduce((on, part) => run(part, on), x);
    case "bottleneck": {
      const y = run(block.second, run(block.first, x));
      return block.add ? Add(graph, x, y) : y;
    }
    case "split": {
      const parts = [...halves(graph, run(block.enter, x))];
      for (const inner of block.inner) {
        parts.push(run(inner, parts[parts.length - 1]));
      }
      return run(block.leave, join(parts));
    }
    case "cross": {
      const through = run(block.inner, run(block.enter, x));
      return run(block.leave, join([through, run(block.beside, x)]));
    }
    case "pool": {
      const parts = [run(block.enter, x)];
      const { kernel, repeats } = block;
      for (let i = 0; i < repeats; i++) {
        const pad = (kernel - 1) / 2;
        parts.push(MaxPool(graph, parts[i], { kernel, pad }));
      }
      const y = run(block.leave, join(parts));
      return block.add ? Add(graph, x, y) : y;
    }
    case "half": {
      const [kept, changed] = halves(graph, run(block.enter, x));
      const y = block.inner.reduce((on, part) => run(part, on), changed);
      return run(block.leave, join([kept, y]));
    }
    case "attentionBlock": {
      const attended = run(block.attention, x);
      const y = block.add ? Add(graph, x, attended) : attended;
      const fed = run(block.feed, y);
      return block.add ? Add(graph, y, fed) : fed;
    }
    case "attention":
      return attend(net, block, x);
    case "upsample": {
      const [, , h, w] = x.dims;
      const size = {
        width: known(w, "upsample") * block.factor,
        height: known(h, "upsample") * block.factor,
      };
      return Resize(graph, x, { size, mode: "nearest" });
    }
    case "concat":
      return join(inputs);
  }
}

function activate(
  graph: Graph,
  x: Value,
  { activation }: ConvLayer,
): Value {
  if (activation === "silu") return Silu(graph, x);
  return activation === "relu" ? Relu(graph, x) : x;
}

function halves(graph: Graph, x: Value): readonly Value[] {
  const c = known(x.dims[1], "split");
  return Split(graph, x, { axis: 1, sizes: [c / 2, c / 2] });
}

/** Self attention over all places of the map; query, key and value lie together in each head. */
function attend(
  net: Net,
  { qkv, position, project, heads, keyDim, headDim }: Extract<
    Block,
    { kind: "attention" }
  >,
  x: Value,
): Value {
  const { graph } = net;
  const [b, , h, w] = x.dims;
  const c = heads * headDim;
  const places = known(h, "attention") * known(w, "attention");
  const run = (part: Block, on: Value) => runBlock(net, part, [on]);
  // [B, heads · (2 keyDim + headDim), h, w] -> three of [B, heads, …, N]
  const joined = Reshape(graph, run(qkv, x), [
    b,
    heads,
    2 * keyDim + headDim,
    places,
  ]);
  const [q, k, v] = Split(graph, joined, {
    axis: 2,
    sizes: [keyDim, keyDim, headDim],
  });
  const scaled = Mul(graph, q, scalar(graph, keyDim ** -0.5));
  const scores = MatMul(graph, Transpose(graph, scaled, [0, 1, 3, 2]), k);
  const weights = Softmax(graph, scores); // [B, heads, N, N]
  const mixed = MatMul(graph, v, Transpose(graph, weights, [0, 1, 3, 2]));
  const image = (value: Value) => Reshape(graph, value, [b, c, h, w]);
  const placed = Add(graph, image(mixed), run(position, image(v)));
  return run(project, placed);
}
