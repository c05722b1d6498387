// Masks drawn as text, so that a test shows what it means.

import type { Bitmap } from "../../lib/base/image.ts";

/** Reads rows of `#` (inside) and `.` (outside). */
export function bitmapOf(...rows: readonly string[]): Bitmap {
  const data = Uint8Array.from(rows.join(""), (c) => c === "#" ? 1 : 0);
  return { width: rows[0].length, height: rows.length, data };
}

/** Writes a mask as rows of `#` and `.`. */
export function rowsOf({ width, height, data }: Bitmap): string[] {
  return Array.from(
    { length: height },
    (_, y) =>
      Array.from(
        data.subarray(y * width, (y + 1) * width),
        (pixel) => pixel ? "#" : ".",
      ).join(""),
  );
}
