// Arithmetic of dimensions, some of which are only names.

import type { Dim, Value } from "./graph.ts";

/** The error for shapes that do not fit, in one form for every operator. */
export function shapeError(
  op: string,
  why: string,
  ...values: readonly Value[]
): RangeError {
  const shapes = values.map(({ name, dims }) => `${name} [${dims}]`).join(", ");
  return new RangeError(`Cannot build ${op}: ${why}; given ${shapes}`);
}

/** The dimension as a number; throws RangeError when it is only a name. */
export function known(dim: Dim, what: string): number {
  if (typeof dim === "number") return dim;
  throw new RangeError(`Cannot build ${what}: dimension ${dim} must be known`);
}

/** The sum of two dimensions; with a name in it, a name. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  return `${a}+${b}`;
}

/** The shape of two values combined element by element, as numpy broadcasts them. */
export function broadcast(op: string, a: Value, b: Value): readonly Dim[] {
  const rank = Math.max(a.dims.length, b.dims.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a.dims[i - rank + a.dims.length] ?? 1;
    const y = b.dims[i - rank + b.dims.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw shapeError(op, `axis ${i - rank} is ${x} and ${y}`, a, b);
  });
}

/** The axis counted from the front; throws RangeError when there is none. */
export function axisOf(value: Value, axis: number): number {
  const rank = value.dims.length;
  const front = axis < 0 ? axis + rank : axis;
  if (front < 0 || front >= rank) {
    throw new RangeError(
      `Cannot use axis ${axis} of ${value.name} [${value.dims}]`,
    );
  }
  return front;
}
