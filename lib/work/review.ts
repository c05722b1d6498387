// Review: which masks a person should look at first.

import { iou } from "../masks/metrics.ts";
import { rleToBitmap } from "../masks/rle.ts";
import {
  calibrateDrift,
  type DriftCalibration,
  DriftParts,
  driftScore,
  type JudgedMask,
} from "../propagate/drift.ts";
import type { Store } from "../store/database.ts";
import {
  findMask,
  isReplaceable,
  listMasks,
  readMaskBitmap,
  setVerified,
  type StoredMask,
} from "../store/masks.ts";
import { listPrompts } from "../store/prompts.ts";

/**
 * Lists the propagated masks of a sequence that nobody verified, worst drift first.
 * Their drift is calibrated by what a person accepted and corrected so far.
 *
 * @param options.limit how many at most
 */
export async function listDrifting(
  store: Store,
  sequenceId: number,
  { limit = Infinity, objectId }: { limit?: number; objectId?: number } = {},
): Promise<readonly StoredMask[]> {
  const masks = await listMasks(store, sequenceId, { objectId });
  const calibration = await calibrationOf(store, sequenceId);
  return masks
    .filter(isReplaceable)
    .map((mask) => ({ ...mask, drift: calibrated(mask, calibration) }))
    .sort((a, b) => (b.drift ?? 0) - (a.drift ?? 0) || a.frame - b.frame)
    .slice(0, limit);
}

/** The drift score fitted to what a person judged in a sequence. */
export async function calibrationOf(
  store: Store,
  sequenceId: number,
): Promise<DriftCalibration> {
  return calibrateDrift(await listJudged(store, sequenceId));
}

/** The propagated masks that a person accepted (IoU 1) or corrected. */
async function listJudged(
  store: Store,
  sequenceId: number,
): Promise<readonly JudgedMask[]> {
  const judged: JudgedMask[] = [];
  for (const mask of await listMasks(store, sequenceId)) {
    const parts = partsOf(mask.driftParts);
    if (mask.origin !== "propagated" || !mask.verified || !parts) continue;
    judged.push({ parts, iou: 1 });
  }
  for (
    const { objectId, frame, prompt } of await listPrompts(store, sequenceId)
  ) {
    if (prompt.kind !== "mask" || prompt.was?.origin !== "propagated") continue;
    const parts = partsOf(prompt.was.driftParts);
    const now = await findMask(store, { objectId, frame });
    if (!parts || !now) continue;
    const before = rleToBitmap(prompt.rle);
    judged.push({ parts, iou: iou(before, readMaskBitmap(now)) });
  }
  return judged;
}

function calibrated(
  { drift, driftParts }: StoredMask,
  calibration: DriftCalibration,
): number | null {
  const parts = partsOf(driftParts);
  return parts ? driftScore(parts, calibration) : drift;
}

/** What a drift was made of; masks from before version 0.2 do not tell. */
export function partsOf(text: string | undefined): DriftParts | undefined {
  const parts = DriftParts.safeParse(JSON.parse(text ?? "{}"));
  return parts.success ? parts.data : undefined;
}

/** Accepts a mask: from now on no model overwrites it, and propagation starts from it. */
export function acceptMask(
  store: Store,
  place: { readonly objectId: number; readonly frame: number },
): Promise<StoredMask> {
  return setVerified(store, place, true);
}
