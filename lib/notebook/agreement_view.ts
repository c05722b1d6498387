// How well the masks of a clip agree with a truth that is known.
//
// The truth is a file as `deno task sample` writes it. Frames on which an object
// is not there count too: an empty mask is right there, any other is wrong.

import { z } from "zod";
import type { Bitmap } from "../base/image.ts";
import { createBitmap } from "../masks/bitmap.ts";
import { iou } from "../masks/metrics.ts";
import { decodeCounts, rleToBitmap } from "../masks/rle.ts";
import { listMasks, readMaskBitmap } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import type { OpenClip } from "./open_clip.ts";
import { type TableView, viewTable } from "./table_view.ts";

const TruthFile = z.object({
  size: z.tuple([z.int(), z.int()]), // [height, width]
  frames: z.array(z.object({ rle: z.record(z.string(), z.string()) })),
});
type TruthFile = z.infer<typeof TruthFile>;

/** One object against the truth. */
export type AgreementRow = {
  readonly object: number;
  readonly frames: number;
  readonly meanIou: number;
  readonly worstIou: number;
  readonly worstFrame: number;
};

/** Compares the masks of every object with the truth, frame by frame. */
export async function viewAgreement(
  { store, sequence }: OpenClip,
  truthPath: string,
): Promise<TableView<AgreementRow>> {
  const truth = TruthFile.parse(JSON.parse(await Deno.readTextFile(truthPath)));
  const rows: AgreementRow[] = [];
  for (const { id, number } of await listObjects(store, sequence.id)) {
    const masks = await listMasks(store, sequence.id, { objectId: id });
    const found = new Map(masks.map((mask) => [mask.frame, mask]));
    const ious = truth.frames.map((_, frame) => {
      const mask = found.get(frame);
      const bitmap = mask ? readMaskBitmap(mask) : createBitmap(sequence);
      return iou(truthAt(truth, number, frame), bitmap);
    });
    const worstIou = Math.min(...ious);
    rows.push({
      object: number,
      frames: ious.length,
      meanIou: ious.reduce((sum, value) => sum + value, 0) / ious.length,
      worstIou,
      worstFrame: ious.indexOf(worstIou),
    });
  }
  return viewTable(rows);
}

function truthAt(
  { size, frames }: TruthFile,
  object: number,
  frame: number,
): Bitmap {
  const [height, width] = size;
  const counts = frames[frame].rle[object];
  return counts === undefined
    ? createBitmap({ width, height })
    : rleToBitmap({ size, counts: decodeCounts(counts) });
}
