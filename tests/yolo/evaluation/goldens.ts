// The numbers that the package printed, copied from the shared goldens.

const folder = new URL("../../golden/yolo/ops/", import.meta.url);

/** Reads a file of `ops`; its layout is that of the goldens' README. */
export async function readOps<Golden>(name: string): Promise<Golden> {
  return JSON.parse(await Deno.readTextFile(new URL(`${name}.json`, folder)));
}

/** The largest difference between two rows of numbers. */
export function worstOf(
  found: readonly number[],
  wanted: readonly number[],
): number {
  if (found.length !== wanted.length) return Infinity;
  return Math.max(0, ...found.map((value, i) => Math.abs(value - wanted[i])));
}
