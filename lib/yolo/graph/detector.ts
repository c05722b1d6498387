// The graph that detects: images in, boxes, class scores and masks out.
//
// Output as Ultralytics exports it, so that other programs read it alike:
// `output0` `[B, 4 + classes (+ masks), A]` with boxes as centre and size in
// pixels of the input and scores after the sigmoid, `output1` the prototypes.
// Batch norms are folded into the convolutions while building.

import type { Tensor } from "../../base/tensor.ts";
import { known } from "../../onnx/dims.ts";
import {
  addInput,
  addOutput,
  constant,
  createGraph,
  type Graph,
  scalar,
  type Value,
} from "../../onnx/graph.ts";
import { Add, Mul, Sigmoid, Sub } from "../../onnx/ops/elementwise.ts";
import { Conv, ConvTranspose, MatMul } from "../../onnx/ops/linear.ts";
import { Softmax } from "../../onnx/ops/reduce.ts";
import { Concat, Reshape, Split, Transpose } from "../../onnx/ops/shape.ts";
import type { ConvLayer } from "../network.ts";
import type { YoloWeights } from "../weights.ts";
import { anchorsOf } from "./anchors.ts";
import { type HeadLogits, type Net, runNetwork } from "./blocks.ts";

/** What the graph takes. */
export type DetectorShape = {
  readonly batch?: number;
  readonly width: number;
  readonly height: number;
};

/** Builds the detecting graph for one input size; sides are multiples of the largest stride. */
export function buildDetector(
  weights: YoloWeights,
  { batch = 1, width, height }: DetectorShape,
): Graph {
  const graph = createGraph(weights.network.title);
  const images = addInput(graph, "images", [batch, 3, height, width]);
  const net = foldedNet(graph, weights);
  const logits = runNetwork(weights.network, images, () => net);
  const { bins } = weights.network.head;
  addDetections(graph, logits, { bins, width });
  return graph;
}

/** Decodes what the head says and makes it the outputs. */
export function addDetections(
  graph: Graph,
  logits: HeadLogits,
  { bins, width }: {
    readonly bins: number;
    /** Of the input, pixels. */
    readonly width: number;
  },
): void {
  const boxes = decodeBoxes(graph, logits, { bins, width });
  const scores = Sigmoid(graph, logits.classes);
  const { masks } = logits;
  const parts = masks ? [boxes, scores, masks.coefficients] : [boxes, scores];
  addOutput(graph, "output0", Concat(graph, parts, { axis: 1 }));
  if (masks) addOutput(graph, "output1", masks.prototypes);
}

/** Convolutions with constant weights, batch norms folded in. */
export function foldedNet(graph: Graph, weights: YoloWeights): Net {
  const fixed = (name: string, tensor: Tensor) => constant(graph, name, tensor);
  return {
    graph,
    convolve: (x, layer) => {
      const { weight, bias } = foldNorm(weights, layer);
      const { stride, pad, groups } = layer;
      return Conv(
        graph,
        x,
        fixed(layer.weight, weight),
        bias && fixed(`${layer.weight} offset`, bias),
        { stride, pad, groups },
      );
    },
    enlarge: (x, { weight, bias }) =>
      ConvTranspose(
        graph,
        x,
        fixed(weight, weights.read(weight)),
        fixed(bias, weights.read(bias)),
        { stride: 2 },
      ),
  };
}

/** Weight · γ / √(variance + ε), and β − mean · γ / √(variance + ε). */
function foldNorm(
  weights: YoloWeights,
  { weight: name, bias, norm }: ConvLayer,
): { readonly weight: Tensor; readonly bias: Tensor | undefined } {
  const weight = weights.read(name);
  const own = bias === undefined ? undefined : weights.read(bias);
  if (!norm) return { weight, bias: own };
  const read = (part: string) => weights.read(`${norm.name}.${part}`).data;
  const gamma = read("weight");
  const beta = read("bias");
  const mean = read("running_mean");
  const variance = read("running_var");
  const channels = weight.dims[0];
  const each = weight.data.length / channels;
  const data = new Float32Array(weight.data.length);
  const offset = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const scale = gamma[c] / Math.sqrt(variance[c] + norm.epsilon);
    offset[c] = beta[c] + ((own?.data[c] ?? 0) - mean[c]) * scale;
    for (let i = c * each; i < (c + 1) * each; i++) {
      data[i] = weight.data[i] * scale;
    }
  }
  const dims = weight.dims;
  return { weight: { dims, data }, bias: { dims: [channels], data: offset } };
}

/** Distributions of the sides become boxes, centre and size in pixels of the input, `[B, 4, A]`. */
function decodeBoxes(
  graph: Graph,
  { boxes, maps }: HeadLogits,
  { bins, width }: { readonly bins: number; readonly width: number },
): Value {
  const [b, , a] = boxes.dims;
  const anchors = anchorsOf(maps, width);
  const row = (name: string, data: Float32Array): Value =>
    constant(graph, name, { dims: [1, 1, known(a, "boxes")], data });
  const sides = expectedSides(graph, boxes, bins); // [B, 4, A]
  const [left, top, right, bottom] = Split(graph, sides, {
    axis: 1,
    sizes: [1, 1, 1, 1],
  });
  const half = scalar(graph, 0.5);
  const centre = (at: Value, low: Value, high: Value) =>
    Add(graph, at, Mul(graph, Sub(graph, high, low), half));
  const cells = Concat(graph, [
    centre(row("anchor x", anchors.x), left, right),
    centre(row("anchor y", anchors.y), top, bottom),
    Add(graph, left, right),
    Add(graph, top, bottom),
  ], { axis: 1 });
  const pixels = Mul(graph, cells, row("stride", anchors.stride));
  return Reshape(graph, pixels, [b, 4, a]);
}

/** The mean bin of each side: softmax over its bins, times their number. */
function expectedSides(graph: Graph, boxes: Value, bins: number): Value {
  const [b, , a] = boxes.dims;
  // [B, 4 · bins, A] -> [B, 4, A, bins], since a softmax is fastest along the last axis
  const each = Transpose(
    graph,
    Reshape(graph, boxes, [b, 4, bins, a]),
    [0, 1, 3, 2],
  );
  const numbers = constant(graph, "bin numbers", {
    dims: [bins, 1],
    data: Float32Array.from({ length: bins }, (_, i) => i),
  });
  const means = MatMul(graph, Softmax(graph, each), numbers);
  return Reshape(graph, means, [b, 4, a]);
}
