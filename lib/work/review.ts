// Review: which masks a person should look at first.

import type { Store } from "../store/database.ts";
import { listMasks, setVerified, type StoredMask } from "../store/masks.ts";

/**
 * Lists the propagated masks of a sequence that nobody verified, worst drift first.
 *
 * @param options.limit how many at most
 */
export async function listDrifting(
  store: Store,
  sequenceId: number,
  { limit = Infinity, objectId }: { limit?: number; objectId?: number } = {},
): Promise<readonly StoredMask[]> {
  const masks = await listMasks(store, sequenceId, { objectId });
  return masks
    .filter(({ origin, verified }) => origin === "propagated" && !verified)
    .sort((a, b) => (b.drift ?? 0) - (a.drift ?? 0) || a.frame - b.frame)
    .slice(0, limit);
}

/** Accepts a mask: from now on no model overwrites it, and propagation starts from it. */
export function acceptMask(
  store: Store,
  place: { readonly objectId: number; readonly frame: number },
): Promise<StoredMask> {
  return setVerified(store, place, true);
}
