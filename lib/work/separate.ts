// Separating objects: no pixel of a frame belongs to two of them.
//
// Propagation never lets objects influence each other; whoever asks for label
// maps wants every pixel once. What a person clicked, drew or verified comes
// first, then the mask that is least in doubt. The official predictor compares
// logits instead (suppressOverlap); those of masks from two passes are not at
// hand together.

import { areaPx, createBitmap, subtract, unionOf } from "../masks/bitmap.ts";
import {
  commitFrame,
  isReplaceable,
  listMasks,
  type NewMask,
  readMaskBitmap,
  type StoredMask,
} from "../store/masks.ts";
import type { Run } from "../store/runs.ts";
import type { SequenceWriter } from "../store/writer.ts";

/** Takes what lies in another object off propagated masks; each frame is one transaction. */
export async function separateMasks(
  writer: SequenceWriter,
  { id: runId, framesDone }: Pick<Run, "id" | "framesDone">,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const { store, sequence } = writer;
  for (let frame = from; frame <= to; frame++) {
    const found = await listMasks(store, sequence.id, {
      from: frame,
      to: frame,
    });
    if (found.length < 2) continue;
    let taken = createBitmap(sequence);
    const cut: NewMask[] = [];
    for (const mask of found.toSorted(byTrust)) {
      const bitmap = readMaskBitmap(mask);
      const left = isReplaceable(mask) ? subtract(bitmap, taken) : bitmap;
      if (areaPx(left) < mask.areaPx) cut.push({ ...mask, bitmap: left });
      taken = unionOf(taken, left);
    }
    if (cut.length === 0) continue;
    await commitFrame(writer, {
      runId,
      framesDone,
      masks: cut,
      memories: [],
      forget: [],
    });
  }
}

function byTrust(a: StoredMask, b: StoredMask): number {
  const [openA, openB] = [a, b].map(isReplaceable);
  if (openA !== openB) return openA ? 1 : -1; // a person's masks are not cut
  return (a.drift ?? 0) - (b.drift ?? 0) || a.objectId - b.objectId;
}
