// The weights of a module as values of a graph that are cut out of one vector.

import { addInput, type Graph, type Value } from "../../onnx/graph.ts";
import { cutOut, type Place } from "../../onnx/learning/flat_vector.ts";
import type { NetWeights } from "../graph/layers.ts";
import type { Sam2Weights } from "../weights.ts";
import type { Sam2Layout } from "./parameters.ts";
import { allPlaces } from "./parameters.ts";

/** Weights that learn, and which of them the graph has read so far. */
export type LearningWeights = NetWeights & {
  /** By name; what was never read is not there. */
  readonly leaves: ReadonlyMap<string, Value>;
};

/**
 * Declares the input `parameters` `[n]` and reads weights out of it; what does
 * not learn is a constant.
 */
export function learningWeights(
  graph: Graph,
  start: Sam2Weights,
  layout: Sam2Layout,
): LearningWeights {
  const flat = addInput(graph, "parameters", [layout.length]);
  const places = new Map<string, Place>(
    allPlaces(layout).map((place) => [place.name, place]),
  );
  const leaves = new Map<string, Value>();
  return {
    config: start.config,
    leaves,
    read: (name) => {
      const place = places.get(name);
      if (!place) return start.read(name);
      const known = leaves.get(name);
      if (known) return known;
      const leaf = cutOut(graph, flat, place);
      leaves.set(name, leaf);
      return leaf;
    },
  };
}
