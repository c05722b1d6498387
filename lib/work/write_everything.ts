// The folder that `segment --everything --out` leaves: every mask as a picture,
// their numbers, and one picture with all of them in colour.

import { join } from "node:path";
import { z } from "zod";
import type { RgbImage } from "../base/image.ts";
import { drawMask, objectColour } from "../masks/overlay.ts";
import { rleToBitmap } from "../masks/rle.ts";
import { encodeMaskPng, encodePng } from "../media/image.ts";
import type { FoundMask } from "../sam2/automatic.ts";
import { writeFileWhole } from "./write_file.ts";

const numbersFile = "everything.json";
const Earlier = z.object({
  masks: z.array(z.object({ file: z.string().regex(/^mask-\d+\.png$/) })),
});

/** What everything.json tells of a mask; boxes are x0, y0, x1, y1. */
export type MaskRow = {
  readonly file: string;
  readonly areaPx: number;
  readonly box: readonly [number, number, number, number];
  readonly predictedIou: number;
  readonly stability: number;
  readonly point: readonly [number, number];
};

/**
 * Writes `mask-001.png` (0 or 255) and so on, in the order given, overlay.png
 * and everything.json, which comes last and lists what is there.
 */
export async function writeEverything(
  image: RgbImage,
  found: readonly FoundMask[],
  out: string,
): Promise<readonly MaskRow[]> {
  await Deno.mkdir(out, { recursive: true });
  await removeEarlier(out);
  const rows: MaskRow[] = [];
  for (const [i, mask] of found.entries()) {
    const file = `mask-${String(i + 1).padStart(3, "0")}.png`;
    const png = await encodeMaskPng(rleToBitmap(mask.rle));
    await writeFileWhole(join(out, file), png);
    rows.push(rowOf(file, mask));
  }
  const overlay = await encodePng(drawEverything(image, found));
  await writeFileWhole(join(out, "overlay.png"), overlay);
  const { width, height } = image;
  const text = JSON.stringify({ width, height, masks: rows }, null, 2);
  await writeFileWhole(
    join(out, numbersFile),
    new TextEncoder().encode(text + "\n"),
  );
  return rows;
}

/** Draws every mask in its colour, large ones first, so that small ones stay in sight. */
export function drawEverything(
  image: RgbImage,
  found: readonly FoundMask[],
): RgbImage {
  const numbered = found.map((mask, i) => ({ ...mask, number: i + 1 }))
    .sort((a, b) => b.areaPx - a.areaPx);
  let drawn = image;
  for (const { rle, number } of numbered) {
    drawn = drawMask(drawn, rleToBitmap(rle), { colour: objectColour(number) });
  }
  return drawn;
}

function rowOf(
  file: string,
  { areaPx, box, predictedIou, stability, point }: FoundMask,
): MaskRow {
  return {
    file,
    areaPx,
    box: [box.x0, box.y0, box.x1, box.y1],
    predictedIou,
    stability,
    point: [point.x, point.y],
  };
}

/** Removes the masks that an earlier run listed; other files are not ours. */
async function removeEarlier(out: string) {
  const path = join(out, numbersFile);
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return;
  const { data } = Earlier.safeParse(parseJson(text));
  for (const { file } of data?.masks ?? []) {
    await Deno.remove(join(out, file)).catch(() => {}); // someone may have taken it
  }
}

/** Undefined for what is no JSON: then it is not ours either. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
