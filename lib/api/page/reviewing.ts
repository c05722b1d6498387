// The review queue: propagated masks, the most doubtful first.

import type { ReviewItem } from "../contract.ts";
import { chain, type Step, step } from "./events.ts";
import type { State } from "./state.ts";
import { goTo } from "./travel.ts";

/** What is still to be looked at: neither skipped nor settled since. */
export function openItems(state: State): readonly ReviewItem[] {
  const settling = new Set(
    state.queue.flatMap(({ action }) =>
      action.kind === "verify" ? [`${action.objectId}/${action.from}`] : []
    ),
  );
  return (state.review ?? []).filter(({ objectId, frame }) => {
    const place = `${objectId}/${frame}`;
    if (state.skipped.has(place) || settling.has(place)) return false;
    const letter = state.sequence?.lanes.get(objectId)?.[frame];
    return letter === undefined || "pdas".includes(letter);
  });
}

/** The item that is on the screen, else the worst one. */
export function nextItem(state: State): ReviewItem | undefined {
  const items = openItems(state);
  return items.find(({ objectId, frame }) =>
    objectId === state.activeObject && frame === state.frame
  ) ?? items[0];
}

/** Shows an item: its frame, its object. */
export function openItem(
  state: State,
  { objectId, frame }: Pick<ReviewItem, "objectId" | "frame">,
): Step {
  const hidden = new Set(state.hidden);
  hidden.delete(objectId);
  return chain(
    goTo({ ...state, playing: null }, frame),
    (it) => step({ ...it, activeObject: objectId, hidden }),
  );
}
