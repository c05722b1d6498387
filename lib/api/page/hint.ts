// What a person can do next, in one sentence.

import { countUnverified } from "./lanes.ts";
import { nameOfObject } from "./object_names.ts";
import type { Page } from "./page.ts";
import { keyForPeople, keysOf } from "./shortcuts.ts";
import { masksOn, promptsOn } from "./masks_shown.ts";
import { openItems } from "./reviewing.ts";
import { actingFrame, type State } from "./state.ts";

/** The sentence for the status line. */
export function hintOf({ state, say }: Pick<Page, "state" | "say">): string {
  const { sequence, tool } = state;
  if (!sequence) return "";
  const name = nameOfObject(state, say, state.activeObject ?? 0);
  if (tool !== "click" && tool !== "box") return say(`hint.${tool}`);
  if (state.tab === "review" && openItems(state).length > 0) {
    return say("hint.review", {
      accept: key(state, "accept"),
      n: countUnverified(sequence.lanes),
    });
  }
  if (tool === "box") return say("hint.box", { name });
  if (state.activeObject === null) {
    const tag = state.home?.tags.find(({ id }) => id === state.nextTag);
    return tag ? say("hint.beginTag", { tag: tag.name }) : say("hint.begin");
  }
  const frame = actingFrame(state);
  const mask = masksOn(state, frame)
    .find(({ objectId }) => objectId === state.activeObject);
  if (!mask) return say("hint.click", { name });
  const lane = sequence.lanes.get(state.activeObject) ?? "";
  const clicked = promptsOn(state, frame)
    .filter(({ prompt }) => prompt.objectId === state.activeObject).length;
  return clicked >= 2 && !/[pda]/.test(lane)
    ? say("hint.propagate", { name, key: key(state, "propagateBoth") })
    : say("hint.refine");
}

function key(
  { preferences }: State,
  id: "accept" | "propagateBoth",
): string {
  return keysOf(id, preferences).map(keyForPeople)[0] ?? "";
}
