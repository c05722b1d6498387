// The bar at the top: what is open, whether it is saved, undo, propagation.

import type { HistoryStep, PropagationView } from "../contract.ts";
import { Button, CommandButton, CommandItem, Menu } from "./button.tsx";
import { Icon } from "./icons.tsx";
import type { OpenPage } from "./page.ts";
import { progressWords } from "./progress_words.ts";
import { languageOf } from "./state.ts";
import type { Say, WordKey } from "./words.ts";
import { english } from "./words_english.ts";

/** The bar at the top. */
export function TopBar({ page }: { page: OpenPage }) {
  const { state, say, sequence } = page;
  const { undo, redo } = sequence.history;
  const several = (state.home?.sequences.length ?? 0) > 1;
  const theme = state.preferences.theme ?? "dark";
  const waiting = state.queue.length > 0;
  const bad = state.failures > 0 || state.conflicts.length > 0;
  return (
    <header class="top-bar">
      <div class="title">
        {several && <CommandButton page={page} id="sequences" icon="list" />}
        <h1 title={sequence.summary.name}>{sequence.summary.name}</h1>
        <span
          class={`saved ${bad ? "bad" : waiting ? "busy" : ""}`}
          data-testid="saved"
          role="status"
        >
          {!waiting && !bad && <Icon.check />}
          {say(bad ? "unsaved" : waiting ? "saving" : "saved")}
        </span>
      </div>
      <div class="group">
        <CommandButton
          page={page}
          id="undo"
          icon="undo"
          disabled={!undo && !waiting}
          title={undo
            ? say("undoWhat", { what: stepName(say, undo) })
            : undefined}
        />
        <CommandButton
          page={page}
          id="redo"
          icon="redo"
          disabled={!redo && !waiting}
          title={redo
            ? say("redoWhat", { what: stepName(say, redo) })
            : undefined}
        />
      </div>
      <Propagation page={page} view={sequence.propagation} />
      <div class="group end">
        <CommandButton
          page={page}
          id="export"
          icon="export"
          text={say("export")}
        />
        <CommandButton
          page={page}
          id="toggleTheme"
          icon={theme === "dark"
            ? "theme"
            : theme === "light"
            ? "sun"
            : "system"}
          title={`${say("theme")}: ${say(`theme.${theme}`)}`}
        />
        <Button
          label={say("command.toggleLanguage")}
          text={languageOf(state).toUpperCase()}
          kind="quiet"
          testId="language"
          onClick={() =>
            page.dispatch({ kind: "command", id: "toggleLanguage" })}
        />
        <CommandButton page={page} id="shortcuts" icon="keyboard" />
        <CommandButton
          page={page}
          id="togglePanel"
          icon="panel"
          pressed={state.panelOpen}
        />
      </div>
    </header>
  );
}

/** The split button, or how far it is. */
function Propagation(
  { page, view }: { page: OpenPage; view: PropagationView },
) {
  const { say } = page;
  if (view.status === "running") {
    const share = view.progress
      ? Math.min(1, view.progress.done / Math.max(1, view.progress.total))
      : 0;
    return (
      <div class="propagating" role="status" data-testid="propagation">
        <progress value={share} max={1} aria-label={say("propagate")} />
        <span>{progressWords(say, view.progress)}</span>
        <CommandButton
          page={page}
          id="cancelPropagation"
          icon="close"
          text={say("stop")}
          kind="quiet"
        />
      </div>
    );
  }
  return (
    <div class="split">
      <CommandButton
        page={page}
        id="propagateBoth"
        icon="propagate"
        text={say("propagate")}
        kind="primary"
      />
      <Menu label={say("propagateChoices")} icon="down" kind="primary">
        <CommandItem page={page} id="propagateBoth" icon="propagate" />
        <CommandItem page={page} id="propagateForward" icon="next" />
        <CommandItem page={page} id="propagateBackward" icon="previous" />
        <CommandItem page={page} id="propagateBetween" />
        <CommandItem page={page} id="propagateAll" />
      </Menu>
    </div>
  );
}

function stepName(say: Say, { label }: HistoryStep): string {
  const key = `step.${label}`;
  return isWord(key) ? say(key) : label;
}

function isWord(key: string): key is WordKey {
  return Object.hasOwn(english, key);
}
