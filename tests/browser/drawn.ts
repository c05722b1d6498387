// Masks of plain shapes, to seed a store and to ask a stored one what it holds.

import {
  type Bitmap,
  bitmapToRle,
  createBitmap,
  decodeCounts,
  encodeCounts,
  type Point,
  rleToBitmap,
  type Size,
} from "medannotate";

/** The run lengths of a filled disc, minus the discs given as holes. */
export function disc(
  size: Size,
  { x, y, radiusPx }: Point & { readonly radiusPx: number },
  ...holes: readonly (Point & { readonly radiusPx: number })[]
): string {
  const bitmap = createBitmap(size);
  for (let i = 0; i < bitmap.data.length; i++) {
    const atX = i % size.width + 0.5;
    const atY = Math.floor(i / size.width) + 0.5;
    const isIn = Math.hypot(atX - x, atY - y) <= radiusPx;
    const isHole = holes.some((hole) =>
      Math.hypot(atX - hole.x, atY - hole.y) <= hole.radiusPx
    );
    bitmap.data[i] = isIn && !isHole ? 1 : 0;
  }
  return countsOf(bitmap);
}

/** The run lengths of a mask. */
export function countsOf(bitmap: Bitmap): string {
  return encodeCounts(bitmapToRle(bitmap).counts);
}

/** Says whether a mask holds the pixel at a place. */
export function holds(
  { counts }: { readonly counts: string },
  { width, height }: Size,
  { x, y }: Point,
): boolean {
  const { data } = rleToBitmap({
    size: [height, width],
    counts: decodeCounts(counts),
  });
  return data[Math.floor(y) * width + Math.floor(x)] === 1;
}
