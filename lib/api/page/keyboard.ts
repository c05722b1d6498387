// The keyboard: a key starts a command, unless a field or a button needs it.

import type { PageEvent } from "./events.ts";
import { findCommand, findTagByKey, keyText } from "./shortcuts.ts";
import type { State } from "./state.ts";

/** Listens to keys for as long as the page lives. */
export function listenToKeys(
  stateNow: () => State,
  dispatch: (event: PageEvent) => void,
) {
  document.addEventListener("keydown", (event) => {
    const state = stateNow();
    const key = keyText(event);
    if (!key || event.defaultPrevented || event.isComposing) return;
    // The browser would save its own page, which helps nobody.
    if (key === "Ctrl+S") event.preventDefault();
    if (state.dialog || needsKey(event.target, key)) return;

    const id = findCommand(key, state.preferences);
    if (id) {
      event.preventDefault();
      dispatch({ kind: "command", id });
      return;
    }
    const code = findTagByKey(key, state.preferences);
    const tag = state.home?.tags.find((it) => it.code === code);
    if (tag && state.sequence) {
      event.preventDefault();
      dispatch({ kind: "tagChosen", tagId: tag.id });
    }
  });
}

/** Says whether what has the focus uses the key itself. */
function needsKey(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === "Tab" || key === "Shift+Tab") return true;
  const bare = !/^(Ctrl|Alt)\+/.test(key);
  if (target instanceof HTMLInputElement) {
    if (target.type === "range") return /Arrow|Home|End|Page/.test(key);
    if (target.type === "checkbox") return key === "Space";
    if (target.type === "color") return key === "Space" || key === "Enter";
    return bare || /^Ctrl\+([ACVXZY]|Arrow|Backspace|Delete)/.test(key);
  }
  if (target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return bare;
  const presses = target.closest("button, a, summary, [role=menu]");
  if (!presses) return false;
  return key === "Space" || key === "Enter" ||
    (key === "Escape" && target.closest("details[open]") !== null);
}
