// Everything that learns in one flat vector.
//
// A step then moves a handful of tensors, not hundreds, and graphs load fast.

import { sizeOf } from "../../base/tensor.ts";
import type { Graph, Value } from "../graph.ts";
import { Concat, Reshape, Slice } from "../ops/shape.ts";

/** A tensor's place in the flat vector. */
export type Place = {
  readonly name: string;
  readonly dims: readonly number[];
  readonly from: number;
  readonly length: number;
};

/** Lays tensors one behind the other. */
export function layPlaces(
  names: readonly string[],
  dimsOf: (name: string) => readonly number[],
): readonly Place[] {
  let from = 0;
  return names.map((name) => {
    const dims = dimsOf(name);
    const place = { name, dims, from, length: sizeOf(dims) };
    from += place.length;
    return place;
  });
}

/** Where the last place ends: the length of the vector. */
export function endOf(places: readonly Place[]): number {
  const last = places.at(-1);
  return last ? last.from + last.length : 0;
}

/** One tensor out of the vector. */
export function cutOut(
  graph: Graph,
  flat: Value,
  { dims, from, length }: Place,
): Value {
  const part = Slice(graph, flat, { axis: 0, start: from, end: from + length });
  return Reshape(graph, part, dims);
}

/**
 * Cuts a flat vector into its tensors, by name. Each is a slice of its own: a
 * GPU takes no more than some eight outputs of one operator.
 */
export function splitFlat(
  graph: Graph,
  flat: Value,
  places: readonly Place[],
): Map<string, Value> {
  return new Map(
    places.map((place) => [place.name, cutOut(graph, flat, place)]),
  );
}

/** Tensors as one vector, in their order. */
export function joinFlat(graph: Graph, tensors: readonly Value[]): Value {
  const rows = tensors.map((tensor) =>
    Reshape(graph, tensor, [sizeOf(tensor.dims.map(Number))])
  );
  return rows.length === 1 ? rows[0] : Concat(graph, rows, { axis: 0 });
}
