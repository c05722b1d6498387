// Pooling: each window of an image becomes one element.
//
// Sizes are floored, as torch.nn.MaxPool2d without ceil_mode does.

import { known } from "../dims.ts";
import { addNode, type Graph, type Value } from "../graph.ts";

/** The largest of each window along one axis of x `[B, C, h, w]`, centred; the size stays. */
export function MaxLine(
  graph: Graph,
  x: Value,
  { kernel, axis }: { readonly kernel: number; readonly axis: 2 | 3 },
): Value {
  const pad = (kernel - 1) / 2;
  const shape = axis === 2 ? [kernel, 1] : [1, kernel];
  const pads = axis === 2 ? [pad, 0, pad, 0] : [0, pad, 0, pad];
  return addNode(graph, "MaxPool", [x], { dims: x.dims }, {
    kernel_shape: { kind: "ints", value: shape },
    strides: { kind: "ints", value: [1, 1] },
    pads: { kind: "ints", value: pads },
  });
}

/** The largest of each square window of x `[B, C, h, w]`; what lies outside never wins. */
export function MaxPool(
  graph: Graph,
  x: Value,
  { kernel, stride = 1, pad = 0 }: {
    readonly kernel: number;
    readonly stride?: number;
    readonly pad?: number;
  },
): Value {
  const [b, c, h, w] = x.dims;
  const shrink = (size: number) =>
    Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const dims = [b, c, shrink(known(h, "MaxPool")), shrink(known(w, "MaxPool"))];
  return addNode(graph, "MaxPool", [x], { dims }, {
    kernel_shape: { kind: "ints", value: [kernel, kernel] },
    strides: { kind: "ints", value: [stride, stride] },
    pads: { kind: "ints", value: [pad, pad, pad, pad] },
  });
}
