// The box around a mask, from its run lengths alone.

import type { Box } from "../base/tensor.ts";
import type { Rle } from "./rle.ts";

/**
 * Finds the smallest box around a mask, half open; undefined when it is empty.
 *
 * @example Two pixels of the second column
 * ```ts
 * import { rleBox } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const rle = { size: [3, 2] as const, counts: [4, 2] };
 * deepEqual(rleBox(rle), { x0: 1, y0: 1, x1: 2, y1: 3 });
 * ```
 */
export function rleBox(
  { size: [height, width], counts }: Rle,
): Box | undefined {
  let x0 = width, y0 = height, x1 = 0, y1 = 0;
  let at = 0;
  for (let run = 0; run < counts.length; run++) {
    const end = at + counts[run];
    if (run % 2 === 1 && end > at) {
      const first = Math.floor(at / height);
      const last = Math.floor((end - 1) / height);
      // A run over several columns touches the foot of one and the top of the next.
      const isOneColumn = first === last;
      x0 = Math.min(x0, first);
      x1 = Math.max(x1, last + 1);
      y0 = Math.min(y0, isOneColumn ? at - first * height : 0);
      y1 = Math.max(y1, isOneColumn ? end - first * height : height);
    }
    at = end;
  }
  return x1 === 0 ? undefined : { x0, y0, x1, y1 };
}
