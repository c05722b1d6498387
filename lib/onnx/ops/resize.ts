// Resizing of images inside a graph.

import type { Size } from "../../base/tensor.ts";
import { shapeError } from "../dims.ts";
import { addNode, constant, type Graph, type Value } from "../graph.ts";

/**
 * Resizes `[B, C, h, w]` by whole factors.
 *
 * `linear` follows torch's bilinear with align_corners=False (half_pixel),
 * `nearest` repeats every pixel (asymmetric, floor).
 */
export function Resize(
  graph: Graph,
  x: Value,
  { size, mode }: { readonly size: Size; readonly mode: "linear" | "nearest" },
): Value {
  const [b, c, h, w] = x.dims;
  if (typeof h !== "number" || typeof w !== "number") {
    throw shapeError("Resize", "height and width must be known", x);
  }
  const scales = constant(
    graph,
    `scales ${size.height / h} ${size.width / w}`,
    {
      dims: [4],
      data: Float32Array.of(1, 1, size.height / h, size.width / w),
    },
  );
  const dims = [b, c, size.height, size.width];
  const isLinear = mode === "linear";
  return addNode(graph, "Resize", [x, undefined, scales], { dims }, {
    mode: { kind: "string", value: mode },
    coordinate_transformation_mode: {
      kind: "string",
      value: isLinear ? "half_pixel" : "asymmetric",
    },
    nearest_mode: { kind: "string", value: "floor" },
  });
}
