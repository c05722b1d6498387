// Reverse mode: from a scalar and the values it depends on to their gradients,
// as further nodes of the same graph.
//
// Each operator has a rule that gives the gradients of its inputs from those of
// its outputs, made of plain ONNX operators, so that forward, backward and the
// optimiser are one graph that runs on any device. What StopGradient() wraps is
// constant to the rest.

import { addNode, type Graph, type Node, type Value } from "../graph.ts";
import { Add } from "../ops/elementwise.ts";
import { elementwiseRules } from "./elementwise_rules.ts";
import { filled, findValue, ones, type Rule } from "./rule.ts";
import { linearRules } from "./linear_rules.ts";
import { reduceRules } from "./reduce_rules.ts";
import { shapeRules } from "./shape_rules.ts";

const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...linearRules,
  ...reduceRules,
  ...shapeRules,
};

/** The same value, constant to every gradient. */
export function StopGradient(graph: Graph, x: Value): Value {
  return addNode(graph, "Identity", [x], { dims: x.dims, type: x.type });
}

/**
 * Adds the nodes that compute the gradients of a scalar.
 *
 * @param of a float32 scalar of the graph
 * @param by the values to differentiate by, inputs or inner ones
 * @param options.unreached what a value has that the scalar does not depend on
 * @returns a gradient for each, shaped as the value
 * @throws RangeError when the scalar does not depend on a value, or an operator between them has no rule
 */
export function gradients(
  graph: Graph,
  of: Value,
  by: readonly Value[],
  { unreached = "error" }: { unreached?: "error" | "zeros" } = {},
): readonly Value[] {
  if (of.dims.some((dim) => dim !== 1)) {
    throw new RangeError(
      `Cannot differentiate ${of.name} [${of.dims}], expected a scalar`,
    );
  }
  const nodes = [...graph.nodes];
  const moving = dependents(graph, by);
  const makers = new Map(
    nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)),
  );
  const sums = new Map<string, Value>([[of.name, ones(graph, of.dims)]]);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const isAsked = node.outputs.some((name) => sums.has(name));
    if (!isAsked || !node.outputs.some((name) => moving.has(name))) continue;
    addInputGradients(graph, node, { sums, moving, makers });
  }
  return by.map((value) => {
    const gradient = sums.get(value.name);
    if (gradient) return gradient;
    if (unreached === "zeros") return filled(graph, value.dims, 0);
    throw new RangeError(
      `Cannot differentiate ${of.name}: it does not depend on ${value.name}`,
    );
  });
}

/** Everything that moves with the values: not what stops gradients, not what is true or false or whole. */
function dependents(
  { values, nodes }: Graph,
  by: readonly Value[],
): ReadonlySet<string> {
  const moving = new Set(by.map(({ name }) => name));
  for (const { op, inputs, outputs } of nodes) {
    if (op === "Identity") continue; // only StopGradient makes one
    if (!inputs.some((name) => moving.has(name))) continue;
    for (const name of outputs) {
      if (values.get(name)?.type === "float32") moving.add(name);
    }
  }
  return moving;
}

function addInputGradients(
  graph: Graph,
  node: Node,
  { sums, moving, makers }: {
    readonly sums: Map<string, Value>;
    readonly makers: ReadonlyMap<string, Node>;
    readonly moving: ReadonlySet<string>;
  },
) {
  const rule = rules[node.op];
  if (!rule) {
    throw new RangeError(
      `Cannot differentiate operator ${node.op}: it has no rule, expected one of ${
        Object.keys(rules).join(", ")
      }`,
    );
  }
  const found = rule({
    graph,
    node,
    inputs: node.inputs.map((name) => findValue(graph, name)),
    outputs: node.outputs.map((name) => findValue(graph, name)),
    gradients: node.outputs.map((name) => sums.get(name)),
    producer: (name) => makers.get(name),
    needs: (i) => moving.has(node.inputs[i]),
  });
  for (const [i, gradient] of found.entries()) {
    const name = node.inputs[i];
    if (!gradient || !moving.has(name)) continue;
    const sum = sums.get(name);
    sums.set(name, sum ? Add(graph, sum, gradient) : gradient);
  }
}
