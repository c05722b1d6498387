// Operators that choose among elements. None has a gradient: what they choose
// is used behind StopGradient.

import { axisOf } from "../dims.ts";
import {
  addNode,
  addNodes,
  type Graph,
  type Value,
  wholeNumbers,
} from "../graph.ts";

/** The number of the largest element along an axis, which stays with size 1; of equal ones the first. */
export function ArgMax(
  graph: Graph,
  x: Value,
  { axis }: { readonly axis: number },
): Value {
  const at = axisOf(x, axis);
  const dims = x.dims.with(at, 1);
  return addNode(graph, "ArgMax", [x], { dims, type: "int64" }, {
    axis: { kind: "int", value: at },
    keepdims: { kind: "int", value: 1 },
  });
}

/** The largest elements along the last axis with their numbers, the largest first. */
export function TopK(
  graph: Graph,
  x: Value,
  count: number,
): { readonly values: Value; readonly indices: Value } {
  const dims = x.dims.with(-1, count);
  const inputs = [x, wholeNumbers(graph, [count])];
  const outputs = [{ dims }, { dims, type: "int64" as const }];
  const [values, indices] = addNodes(graph, "TopK", inputs, outputs, {
    axis: { kind: "int", value: -1 },
  });
  return { values, indices };
}
