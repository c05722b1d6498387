// The masks of a frame as a person should see them: what the server knows, with
// what was drawn and is still on its way on top.

import type { Bitmap } from "../../base/image.ts";
import { createBitmap } from "../../masks/bitmap.ts";
import { decodeCounts, rleToBitmap } from "../../masks/rle.ts";
import type { MaskView, PromptView } from "../contract.ts";
import type { OpenSequence, State } from "./state.ts";

/** A mask to draw. */
export type ShownMask = {
  readonly objectId: number;
  readonly counts: string;
  /** Null while only this page knows the mask. */
  readonly mask: MaskView | null;
};

/** A prompt to draw; one that waits has no number yet. */
export type ShownPrompt = {
  readonly prompt: PromptView;
  readonly waits: boolean;
};

/** The masks of a frame; hidden objects included. */
export function masksOn(state: State, frame: number): readonly ShownMask[] {
  const shown = new Map<number, ShownMask>();
  for (const mask of state.frames.get(frame)?.masks ?? []) {
    const { objectId, counts } = mask;
    shown.set(objectId, { objectId, counts, mask });
  }
  for (const { action } of state.queue) {
    if (action.kind === "draw" && action.frame === frame) {
      const { objectId, counts } = action;
      shown.set(objectId, { objectId, counts, mask: null });
    }
    if (
      action.kind === "deleteMasks" && action.from <= frame &&
      frame <= action.to && action.objectId !== undefined
    ) shown.delete(action.objectId);
  }
  return [...shown.values()];
}

/** The prompts of a frame, with those that wait. */
export function promptsOn(state: State, frame: number): ShownPrompt[] {
  const gone = new Set(
    state.queue.flatMap(({ action }) =>
      action.kind === "removePrompt" ? [action.promptId] : []
    ),
  );
  const known = (state.sequence?.prompts ?? [])
    .filter((prompt) => prompt.frame === frame && !gone.has(prompt.id))
    .map((prompt) => ({ prompt, waits: false }));
  const waiting = state.queue.flatMap(({ id, action }): ShownPrompt[] => {
    if (action.kind !== "point" && action.kind !== "box") return [];
    if (action.frame !== frame) return [];
    const { seen: _, ...place } = action;
    return [{ prompt: { ...place, id: -id }, waits: true }];
  });
  return [...known, ...waiting];
}

/** A mask as pixels; empty when there is none. */
export function bitmapOf(
  counts: string | undefined,
  { summary: { width, height } }: OpenSequence,
): Bitmap {
  if (counts === undefined) return createBitmap({ width, height });
  return rleToBitmap({ size: [height, width], counts: decodeCounts(counts) });
}
