// Complete IoU of boxes inside a graph (Zheng et al., arXiv 1911.08287).
//
// Overlap, less the distance of the centres over the diagonal of both, less how
// much the proportions differ. The weight of the proportions has no gradient,
// as in the paper; the small number is added to heights only (MODELS 2.5).

import { type Graph, scalar, type Value } from "../../onnx/graph.ts";
import { StopGradient } from "../../onnx/gradients/reverse.ts";
import {
  Add,
  Atan,
  Div,
  Max,
  Min,
  Mul,
  Sub,
} from "../../onnx/ops/elementwise.ts";

/** Boxes as four values of shapes that broadcast. */
export type BoxValues = {
  readonly x0: Value;
  readonly y0: Value;
  readonly x1: Value;
  readonly y1: Value;
};

const tiny = 1e-7;

/** CIoU of boxes of one broadcast shape with boxes of another, at most 1, below 0 far apart. */
export function completeIou(graph: Graph, a: BoxValues, b: BoxValues): Value {
  const add = (x: Value, y: Value) => Add(graph, x, y);
  const sub = (x: Value, y: Value) => Sub(graph, x, y);
  const mul = (x: Value, y: Value) => Mul(graph, x, y);
  const div = (x: Value, y: Value) => Div(graph, x, y);
  const number = (value: number) => scalar(graph, value);
  const square = (x: Value) => mul(x, x);
  const least = number(tiny);

  const widthA = sub(a.x1, a.x0);
  const heightA = add(sub(a.y1, a.y0), least);
  const widthB = sub(b.x1, b.x0);
  const heightB = add(sub(b.y1, b.y0), least);
  const shared = (low: "x0" | "y0", high: "x1" | "y1") =>
    Max(
      graph,
      sub(Min(graph, a[high], b[high]), Max(graph, a[low], b[low])),
      number(0),
    );
  const both = mul(shared("x0", "x1"), shared("y0", "y1"));
  const areas = add(mul(widthA, heightA), mul(widthB, heightB));
  const iou = div(both, add(sub(areas, both), least));

  const span = (low: "x0" | "y0", high: "x1" | "y1") =>
    sub(Max(graph, a[high], b[high]), Min(graph, a[low], b[low]));
  const diagonal = add(
    add(square(span("x0", "x1")), square(span("y0", "y1"))),
    least,
  );
  const twice = (low: "x0" | "y0", high: "x1" | "y1") =>
    sub(add(b[low], b[high]), add(a[low], a[high]));
  const distance = mul(
    add(square(twice("x0", "x1")), square(twice("y0", "y1"))),
    number(0.25),
  );
  const angle = sub(
    Atan(graph, div(widthB, heightB)),
    Atan(graph, div(widthA, heightA)),
  );
  const proportion = mul(square(angle), number(4 / Math.PI ** 2));
  const weight = StopGradient(
    graph,
    div(proportion, add(sub(proportion, iou), number(1 + tiny))),
  );
  return sub(
    iou,
    add(div(distance, diagonal), mul(proportion, weight)),
  );
}
