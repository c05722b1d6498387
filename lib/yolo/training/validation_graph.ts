// The graph of a validation during training: parameters in, boxes and losses out.
//
// Takes the flat vectors of parameters.ts as they are, so that nothing is built
// or loaded anew from epoch to epoch. Batch norms use their running statistics.

import {
  addInput,
  addOutput,
  createGraph,
  type Graph,
} from "../../onnx/graph.ts";
import { splitFlat } from "../../onnx/learning/flat_vector.ts";
import { Concat, Reshape } from "../../onnx/ops/shape.ts";
import { runNetwork } from "../graph/blocks.ts";
import { addDetections, foldedNet } from "../graph/detector.ts";
import type { YoloWeights } from "../weights.ts";
import { addLosses } from "./losses.ts";
import type { Gains } from "./loss.ts";
import { learningNet } from "./learning_net.ts";
import type { ParameterLayout } from "./parameters.ts";

/** Builds the graph for one batch shape. */
export function buildValidation(
  weights: YoloWeights,
  layout: ParameterLayout,
  { batch, width, height, freeze = 0, gains, maskSlots }: {
    readonly batch: number;
    readonly width: number;
    readonly height: number;
    readonly freeze?: number;
    readonly gains?: Gains;
    readonly maskSlots?: number;
  },
): Graph {
  const { network } = weights;
  const graph = createGraph(`validate ${network.title}`);
  const parameters = addInput(graph, "parameters", [layout.length]);
  const running = addInput(graph, "running", [layout.runningLength]);
  const images = addInput(graph, "images", [batch, 3, height, width]);
  const leaves = splitFlat(graph, parameters, layout.places);
  const statistics = splitFlat(graph, running, layout.running);
  const learnt = learningNet(graph, leaves, (_, { name }) => {
    const mean = statistics.get(`${name}.running_mean`);
    const variance = statistics.get(`${name}.running_var`);
    if (mean && variance) return { mean, variance };
    throw new RangeError(`The running statistics have no ${name}`);
  });
  const frozen = foldedNet(graph, weights);
  const logits = runNetwork(
    network,
    images,
    (layer) => layer < freeze ? frozen : learnt,
  );
  addDetections(graph, logits, { bins: network.head.bins, width });
  const losses = addLosses(graph, logits, network, {
    batch,
    width,
    height,
    gains,
    maskSlots,
  });
  const one = losses.map((loss) => Reshape(graph, loss, [1]));
  addOutput(graph, "losses", Concat(graph, one, { axis: 0 }));
  return graph;
}
