// The review queue: which masks a person should look at, worst first.

import { isReplaceable, listMasks, type MaskKey } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { listDrifting } from "../work/review.ts";
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
  // what a person accepted and corrected so far moves the drift of the others
  const calibrated = new Map(
    (await listDrifting(store, sequence.id)).map((
      mask,
    ) => [nameOf(mask), mask]),
  );
  const masks = (await listMasks(store, sequence.id))
    .filter((mask) => mask.state !== "stale") // propagation comes first
    .map((mask) => calibrated.get(nameOf(mask)) ?? mask);
  const measured = await reportObjects({ objects, masks, store });
  const idOf = new Map(objects.map(({ id, number }) => [number, id]));
  const open = new Set(masks.filter(isReplaceable).map(nameOf));
  return listWorstFrames(measured, { count: most })
    .map(({ object, point, because, doubt }) => ({
      objectId: idOf.get(object)!, // measured objects are those listed
      frame: point.frame,
      drift: point.drift ?? 0,
      areaPx: point.areaPx,
      because,
      doubt,
    }))
    .filter((item) => open.has(nameOf(item)));
}

function nameOf({ objectId, frame }: MaskKey): string {
  return `${objectId} ${frame}`;
}
