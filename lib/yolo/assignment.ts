// Pairing two sets so that the pairs cost least in total.
//
// The Hungarian method with potentials (Kuhn 1955, Munkres 1957): rows are
// added one by one, each along the cheapest path that changes earlier pairs.
// Cubic in the smaller set, which is a few hundred boxes at most.

/** A pair: number of the row and of the column. */
export type Pair = readonly [row: number, column: number];

/**
 * Pairs rows with columns, each at most once; pairs that cost more than the limit are not made.
 *
 * @param costs `[rows][columns]`, finite
 *
 * @example Taking the cheapest pair first would cost more in total
 * ```ts
 * import { assignPairs } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(assignPairs([[1, 2], [2, 9]]), [[0, 1], [1, 0]]); // 2 + 2, not 1 + 9
 * ```
 */
export function assignPairs(
  costs: readonly (readonly number[])[],
  { limit = Infinity }: { limit?: number } = {},
): Pair[] {
  const rows = costs.length;
  const columns = costs[0]?.length ?? 0;
  if (rows === 0 || columns === 0) return [];
  const isWide = columns >= rows;
  // leaving two alone costs as much as the dearest pair that may be made
  const cost = (i: number, j: number) =>
    Math.min(isWide ? costs[i][j] : costs[j][i], limit);
  const columnOf = cheapestColumns(
    Math.min(rows, columns),
    Math.max(rows, columns),
    cost,
  );
  return columnOf
    .map((column, row): Pair => isWide ? [row, column] : [column, row])
    .filter(([row, column]) => costs[row][column] <= limit)
    .sort(([a], [b]) => a - b);
}

/** A column for each row, at least cost in total; there are as many columns as rows, or more. */
function cheapestColumns(
  rows: number,
  columns: number,
  cost: (row: number, column: number) => number,
): number[] {
  const none = -1;
  const rowPrice = new Float64Array(rows);
  const columnPrice = new Float64Array(columns);
  const rowOf = new Int32Array(columns).fill(none);
  for (let start = 0; start < rows; start++) {
    // Dijkstra from the new row over prices, until a free column is reached
    const least = new Float64Array(columns).fill(Infinity);
    const before = new Int32Array(columns).fill(none);
    const isDone = new Uint8Array(columns);
    let row = start;
    let last = none;
    while (row !== none) {
      let next = none;
      for (let j = 0; j < columns; j++) {
        if (isDone[j]) continue;
        const reduced = cost(row, j) - rowPrice[row] - columnPrice[j];
        if (reduced < least[j]) {
          least[j] = reduced;
          before[j] = last;
        }
        if (next === none || least[j] < least[next]) next = j;
      }
      const step = least[next];
      rowPrice[start] += step;
      for (let j = 0; j < columns; j++) {
        if (isDone[j]) {
          rowPrice[rowOf[j]] += step;
          columnPrice[j] -= step;
        } else {
          least[j] -= step;
        }
      }
      isDone[next] = 1;
      last = next;
      row = rowOf[next];
    }
    // hand the columns of the path on, from the free one back to the new row
    for (let j = last; j !== none;) {
      const previous = before[j];
      rowOf[j] = previous === none ? start : rowOf[previous];
      j = previous;
    }
  }
  const columnOf = new Array<number>(rows).fill(none);
  rowOf.forEach((row, j) => {
    if (row !== none) columnOf[row] = j;
  });
  return columnOf;
}
