// A click, and the frame with the mask that it leads to.

import { getOrCreateTag } from "../store/tags.ts";
import { getOrCreateObject } from "../store/objects.ts";
import type { StoredMask } from "../store/masks.ts";
import { addAnnotation } from "../work/annotate.ts";
import { type FrameView, show } from "./show.ts";
import type { OpenClip } from "./open_clip.ts";

/** Where a click goes; `+` is on the object, `-` beside it. */
export type ObjectClick = {
  /** The number of the object, from 1; new ones are made. */
  readonly object?: number;
  readonly frame: number;
  readonly x: number;
  readonly y: number;
  readonly sign?: "+" | "-";
  /** What the object is, said once. */
  readonly tag?: string;
};

/** The clicked frame and its new mask. */
export type ClickView = FrameView & { readonly mask: StoredMask };

/**
 * Clicks on a frame; the clicks before it on the same frame stay in force.
 *
 * On a frame that propagation has filled, the click corrects the mask there.
 *
 * @throws RangeError for a place outside the clip
 */
export async function click(
  clip: OpenClip,
  { object = 1, frame, x, y, sign = "+", tag }: ObjectClick,
): Promise<ClickView> {
  const { store, sequence } = clip;
  const tagId = tag === undefined
    ? null
    : (await getOrCreateTag(store, tag)).id;
  const { id } = await getOrCreateObject(store, sequence.id, object, { tagId });
  const mask = await addAnnotation(clip, { objectId: id, frame }, {
    kind: "point",
    x,
    y,
    sign,
  });
  return { ...await show(clip, frame), mask };
}
