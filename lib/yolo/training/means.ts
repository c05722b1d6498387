// Means of a few numbers over many batches.

/** Adds numbers up and tells their means, in their order. */
export function createMeans() {
  let count = 0;
  let sums: number[] = [];
  return {
    add: (values: Float32Array) => {
      count++;
      sums = [...values].map((value, i) => value + (sums[i] ?? 0));
    },
    read: () => sums.map((sum) => sum / Math.max(count, 1)),
  };
}
