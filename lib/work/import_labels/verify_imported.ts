// Imported masks that a person has checked before: they count as verified.

import type { Store } from "../../store/database.ts";
import { listMasks, setVerified } from "../../store/masks.ts";

/** Verifies all imported masks of a sequence; says how many. */
export async function verifyImported(
  store: Store,
  sequenceId: number,
): Promise<number> {
  const masks = await listMasks(store, sequenceId);
  const imported = masks.filter(({ origin, verified }) =>
    origin === "imported" && !verified
  );
  for (const mask of imported) await setVerified(store, mask, true);
  return imported.length;
}
