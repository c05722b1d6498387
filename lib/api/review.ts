// The review queue: which masks a person should look at, worst first.

import { isReplaceable, listMasks } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { reportObjects } from "../work/demo_report.ts";
import { listWorstFrames } from "../work/report/worst_frames.ts";
import type { ReviewItem } from "./contract.ts";
import type { Desk } from "./desk.ts";

const most = 60;

/** Lists the masks that nobody verified, worst first, spread over the sequence. */
export async function listReview(
  { annotator: { writer: { store, sequence } } }: Desk,
): Promise<readonly ReviewItem[]> {
  const objects = await listObjects(store, sequence.id);
  const masks = (await listMasks(store, sequence.id))
    .filter((mask) => mask.state !== "stale"); // propagation comes first
  const measured = await reportObjects({ objects, masks, store });
  const idOf = new Map(objects.map(({ id, number }) => [number, id]));
  const open = new Set(
    masks.filter(isReplaceable)
      .map(({ objectId, frame }) => `${objectId} ${frame}`),
  );
  return listWorstFrames(measured, { count: most })
    .map(({ object, point, because, doubt }) => ({
      objectId: idOf.get(object)!, // measured objects are those listed
      frame: point.frame,
      drift: point.drift ?? 0,
      areaPx: point.areaPx,
      because,
      doubt,
    }))
    .filter(({ objectId, frame }) => open.has(`${objectId} ${frame}`));
}
