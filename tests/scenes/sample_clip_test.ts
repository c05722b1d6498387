import { deepEqual, equal, notDeepEqual, ok, throws } from "node:assert/strict";
import { sampleClip } from "medannotate";
import type { Bitmap } from "../../lib/base/image.ts";

const SIZE = { width: 120, height: 90 };

Deno.test("sampleClip() gives the same frame again, alone and from another clip", () => {
  const clip = sampleClip({ size: SIZE });
  const once = clip.frame(47);
  clip.frame(3);
  deepEqual(clip.frame(47), once);
  deepEqual(sampleClip({ size: SIZE }).frame(47), once);
});

Deno.test("sampleClip() gives another picture for another seed and frame", () => {
  const { image } = sampleClip({ size: SIZE }).frame(0);
  notDeepEqual(sampleClip({ size: SIZE, seed: 8 }).frame(0).image, image);
  notDeepEqual(sampleClip({ size: SIZE }).frame(1).image, image);
});

Deno.test("sampleClip() shows the polyp always, 15 to 25 % wide, and the forceps for a while", () => {
  const clip = sampleClip({ size: SIZE });
  const seen: number[] = [];
  for (let index = 0; index < clip.count; index += 3) {
    const { masks } = clip.frame(index);
    const widthPart = widthOf(masks.get(1)!) / SIZE.width;
    ok(widthPart > 0.15 && widthPart < 0.25, `${widthPart} at ${index}`);
    if (masks.has(2)) seen.push(index);
  }
  ok(seen[0] >= 25 && seen[0] <= 33, `enters at ${seen[0]}`);
  ok(seen.at(-1)! >= 63 && seen.at(-1)! <= 72, `leaves at ${seen.at(-1)}`);
});

Deno.test("sampleClip() gives each pixel to one object, and the forceps hides the polyp", () => {
  const clip = sampleClip({ size: SIZE });
  const { masks } = clip.frame(50);
  const polyp = masks.get(1)!;
  const forceps = masks.get(2)!;
  ok(polyp.data.every((inside, i) => inside + forceps.data[i] <= 1));
  // Some of the forceps lies within the box of the polyp.
  const areas = [40, 50, 80].map((i) => areaOf(clip.frame(i).masks.get(1)!));
  ok(areas[1] < 0.95 * areas[0] && areas[1] < 0.95 * areas[2], `${areas}`);
});

Deno.test("sampleClip() tells the range of its frames", () => {
  const clip = sampleClip({ frames: 10, size: SIZE });
  equal(clip.count, 10);
  throws(() => clip.frame(10), /frames are 0 to 9/);
});

function areaOf(mask: Bitmap): number {
  return mask.data.reduce((sum, inside) => sum + inside, 0);
}

function widthOf({ width, data }: Bitmap): number {
  const columns = new Set<number>();
  data.forEach((inside, i) => inside && columns.add(i % width));
  return columns.size;
}
