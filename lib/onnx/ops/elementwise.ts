// Operators that work element by element, with broadcasting.

import { broadcast } from "../dims.ts";
import {
  addNode,
  type Graph,
  typeNumbers,
  type Value,
  type ValueType,
} from "../graph.ts";

/** a + b */
export function Add(graph: Graph, a: Value, b: Value): Value {
  return addNode(graph, "Add", [a, b], { dims: broadcast("Add", a, b) });
}

/** a − b */
export function Sub(graph: Graph, a: Value, b: Value): Value {
  return addNode(graph, "Sub", [a, b], { dims: broadcast("Sub", a, b) });
}

/** a · b */
export function Mul(graph: Graph, a: Value, b: Value): Value {
  return addNode(graph, "Mul", [a, b], { dims: broadcast("Mul", a, b) });
}

/** a / b */
export function Div(graph: Graph, a: Value, b: Value): Value {
  return addNode(graph, "Div", [a, b], { dims: broadcast("Div", a, b) });
}

/** Every element without its sign. */
export function Abs(graph: Graph, x: Value): Value {
  return addNode(graph, "Abs", [x], { dims: x.dims });
}

/** The larger of the two. */
export function Max(graph: Graph, a: Value, b: Value): Value {
  return addNode(graph, "Max", [a, b], { dims: broadcast("Max", a, b) });
}

/** The smaller of the two. */
export function Min(graph: Graph, a: Value, b: Value): Value {
  return addNode(graph, "Min", [a, b], { dims: broadcast("Min", a, b) });
}

/** −x */
export function Neg(graph: Graph, x: Value): Value {
  return addNode(graph, "Neg", [x], { dims: x.dims });
}

/** −1, 0 or 1 */
export function Sign(graph: Graph, x: Value): Value {
  return addNode(graph, "Sign", [x], { dims: x.dims });
}

/** e^x */
export function Exp(graph: Graph, x: Value): Value {
  return addNode(graph, "Exp", [x], { dims: x.dims });
}

/** The natural logarithm of every element. */
export function Log(graph: Graph, x: Value): Value {
  return addNode(graph, "Log", [x], { dims: x.dims });
}

/** The square root of every element. */
export function Sqrt(graph: Graph, x: Value): Value {
  return addNode(graph, "Sqrt", [x], { dims: x.dims });
}

/** The arc tangent of every element, in radians. */
export function Atan(graph: Graph, x: Value): Value {
  return addNode(graph, "Atan", [x], { dims: x.dims });
}

/** The error function. */
export function Erf(graph: Graph, x: Value): Value {
  return addNode(graph, "Erf", [x], { dims: x.dims });
}

/** log(1 + e^x) */
export function Softplus(graph: Graph, x: Value): Value {
  return addNode(graph, "Softplus", [x], { dims: x.dims });
}

/** a > b */
export function Greater(graph: Graph, a: Value, b: Value): Value {
  const dims = broadcast("Greater", a, b);
  return addNode(graph, "Greater", [a, b], { dims, type: "bool" });
}

/** a = b; float operands, since whole numbers fall back to the CPU on WebGPU. */
export function Equal(graph: Graph, a: Value, b: Value): Value {
  const dims = broadcast("Equal", a, b);
  return addNode(graph, "Equal", [a, b], { dims, type: "bool" });
}

/** Where the condition holds a, elsewhere b. */
export function Where(
  graph: Graph,
  condition: Value,
  a: Value,
  b: Value,
): Value {
  const chosen = { ...a, dims: broadcast("Where", a, b) };
  const dims = broadcast("Where", condition, chosen);
  return addNode(graph, "Where", [condition, a, b], { dims, type: a.type });
}

/** The sine of every element, in radians. */
export function Sin(graph: Graph, x: Value): Value {
  return addNode(graph, "Sin", [x], { dims: x.dims });
}

/** The cosine of every element, in radians. */
export function Cos(graph: Graph, x: Value): Value {
  return addNode(graph, "Cos", [x], { dims: x.dims });
}

/** 1 / (1 + e^−x) */
export function Sigmoid(graph: Graph, x: Value): Value {
  return addNode(graph, "Sigmoid", [x], { dims: x.dims });
}

/** x · sigmoid(x) */
export function Silu(graph: Graph, x: Value): Value {
  return Mul(graph, x, Sigmoid(graph, x));
}

/** max(x, 0) */
export function Relu(graph: Graph, x: Value): Value {
  return addNode(graph, "Relu", [x], { dims: x.dims });
}

/** The exact GELU, x · Φ(x) by the error function. */
export function Gelu(graph: Graph, x: Value): Value {
  return addNode(graph, "Gelu", [x], { dims: x.dims }, {
    approximate: { kind: "string", value: "none" },
  });
}

/** The same elements as another type. */
export function Cast(graph: Graph, x: Value, type: ValueType): Value {
  return addNode(graph, "Cast", [x], { dims: x.dims, type }, {
    to: { kind: "int", value: typeNumbers[type] },
  });
}
