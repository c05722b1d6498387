// Judging proposals of a detector, many at once: each is one step of the
// history.

import { applyEdit } from "../../store/changes.ts";
import type { HistoryChange } from "../../store/history_change.ts";
import { listMasks, type StoredMask } from "../../store/masks.ts";
import { listPrompts } from "../../store/prompts.ts";
import type { SequenceWriter } from "../../store/writer.ts";

/** Which proposals are meant; all that are left out. */
export type WhichProposals = {
  /** Of this object alone. */
  readonly objectId?: number;
  /** At least so sure, 0..1. */
  readonly minConfidence?: number;
  /** At most so sure, 0..1. */
  readonly maxConfidence?: number;
};

/** Lists the masks of a sequence that were detected and that nobody has verified. */
export async function listProposals(
  { store, sequence }: Pick<SequenceWriter, "store" | "sequence">,
  { objectId, minConfidence = 0, maxConfidence = 1 }: WhichProposals = {},
): Promise<readonly StoredMask[]> {
  const masks = await listMasks(store, sequence.id, { objectId });
  return masks.filter(({ origin, verified, presenceScore }) =>
    origin === "detected" && !verified &&
    (presenceScore ?? 1) >= minConfidence &&
    (presenceScore ?? 0) <= maxConfidence
  );
}

/** Verifies proposals: no model overwrites them from now on, and propagation starts from them. */
export async function acceptProposals(
  writer: SequenceWriter,
  which: WhichProposals = {},
): Promise<HistoryChange> {
  const masks = await listProposals(writer, which);
  return await applyEdit(writer, {
    label: "acceptProposals",
    objectId: which.objectId,
    verify: { masks, verified: true },
  });
}

/** Removes proposals, and the objects that nothing is left of. */
export async function rejectProposals(
  writer: SequenceWriter,
  which: WhichProposals = {},
): Promise<HistoryChange> {
  const { store, sequence } = writer;
  const masks = await listProposals(writer, which);
  const gone = Map.groupBy(masks, ({ objectId }) => objectId);
  const objects: { readonly id: number; readonly isActive: boolean }[] = [];
  for (const [objectId, own] of gone) {
    const all = await listMasks(store, sequence.id, { objectId });
    const prompts = await listPrompts(store, sequence.id, { objectId });
    if (all.length === own.length && prompts.length === 0) {
      objects.push({ id: objectId, isActive: false });
    }
  }
  return await applyEdit(writer, {
    label: "rejectProposals",
    objectId: which.objectId,
    remove: masks,
    objects,
  });
}
