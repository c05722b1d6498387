import { deepEqual, equal, ok } from "node:assert/strict";
import { seededRandom } from "../../lib/base/random.ts";
import { assignPairs } from "../../lib/yolo/assignment.ts";

/** The least cost of all ways to pair; who is left alone costs half the limit. */
function bruteForce(costs: readonly (readonly number[])[], limit: number) {
  const columns = costs[0].length;
  const best = (row: number, used: ReadonlySet<number>): number => {
    if (row === costs.length) return (columns - used.size) * limit / 2;
    let least = limit / 2 + best(row + 1, used); // left alone
    for (let j = 0; j < columns; j++) {
      if (used.has(j) || costs[row][j] > limit) continue;
      const rest = best(row + 1, new Set([...used, j]));
      least = Math.min(least, costs[row][j] + rest);
    }
    return least;
  };
  return best(0, new Set());
}

Deno.test("assignPairs() costs as little as the best of all pairings", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 400; round++) {
    const rows = 1 + Math.floor(random() * 6);
    const columns = 1 + Math.floor(random() * 6);
    const isCoarse = round % 2 === 0; // with many equal costs
    const costs = Array.from(
      { length: rows },
      () =>
        Array.from(
          { length: columns },
          () => isCoarse ? Math.floor(random() * 4) / 4 : random(),
        ),
    );
    const limit = round % 3 === 0 ? 0.4 : 2;
    const pairs = assignPairs(costs, { limit });
    equal(new Set(pairs.map(([row]) => row)).size, pairs.length);
    equal(new Set(pairs.map(([, column]) => column)).size, pairs.length);
    const alone = rows + columns - 2 * pairs.length;
    const total = pairs.reduce((sum, [i, j]) => sum + costs[i][j], 0) +
      alone * limit / 2;
    ok(Math.abs(total - bruteForce(costs, limit)) < 1e-9, `round ${round}`);
  }
});

Deno.test("assignPairs() makes no pair above the limit, and none of nothing", () => {
  deepEqual(assignPairs([[0.9, 0.2], [0.3, 0.95]], { limit: 0.25 }), [[0, 1]]);
  deepEqual(assignPairs([]), []);
  deepEqual(assignPairs([[], []]), []);
});

Deno.test("assignPairs() pairs 300 with 300 in a moment", () => {
  const random = seededRandom(5);
  const costs = Array.from(
    { length: 300 },
    () => Array.from({ length: 300 }, random),
  );
  const startMs = performance.now();
  equal(assignPairs(costs).length, 300);
  ok(performance.now() - startMs < 2000);
});
