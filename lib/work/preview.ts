// The mask under the pointer: what a click would lead to, kept nowhere.

import { bitmapToRle, encodeCounts } from "../masks/rle.ts";
import { checkInside } from "../sam2/interact.ts";
import { listPrompts, type Prompt } from "../store/prompts.ts";
import { type Annotator, answerPrompts } from "./annotate.ts";

/** Where the pointer is; without an object a new one is meant. */
export type PreviewPlace = {
  readonly objectId: number | null;
  readonly frame: number;
  readonly x: number;
  readonly y: number;
  readonly sign: "+" | "-";
};

/** Answers a click that was not made. */
export async function previewClick(
  annotator: Annotator,
  { objectId, frame, x, y, sign }: PreviewPlace,
): Promise<{ readonly counts: string; readonly predictedIou: number }> {
  const { store, sequence } = annotator.writer;
  const click: Prompt = { kind: "point", x, y, sign };
  checkInside({ kind: "point", x, y, sign }, sequence);
  const given = objectId === null
    ? []
    : await listPrompts(store, sequence.id, { objectId, frame });
  const prompts = [...given.map(({ prompt }) => prompt), click];
  const place = { objectId: objectId ?? 0, frame };
  const answer = await answerPrompts(annotator, place, prompts);
  return {
    counts: encodeCounts(bitmapToRle(answer.bitmap).counts),
    predictedIou: answer.predictedIou ?? 0,
  };
}
