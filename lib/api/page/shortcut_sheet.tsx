// The sheet of shortcuts: every command by group, each with keys to change.

import { useState } from "preact/hooks";
import { type Command, commandGroups, commands } from "./commands.ts";
import { DialogFrame } from "./dialog.tsx";
import type { Page } from "./page.ts";
import {
  findCommand,
  keyForPeople,
  keysOf,
  keyText,
  listConflicts,
} from "./shortcuts.ts";
import type { CommandId } from "./commands.ts";

const mouse = ["left", "right", "box", "remove", "zoom", "pan"] as const;

/** The sheet of shortcuts. */
export function ShortcutSheet(
  { page, editing }: { page: Page; editing: boolean },
) {
  const { state, say, dispatch } = page;
  const [listening, setListening] = useState<CommandId>();
  /** Keys that belong to another command, until the person decides. */
  const [taken, setTaken] = useState<
    { id: CommandId; key: string; owner: CommandId }
  >();
  const conflicts = listConflicts(state.preferences);

  function onKeyDown(event: KeyboardEvent, id: CommandId) {
    if (listening !== id) return;
    event.preventDefault();
    event.stopPropagation();
    const key = keyText(event);
    if (!key) return;
    setListening(undefined);
    const owner = findCommand(key, state.preferences);
    if (owner && owner !== id) setTaken({ id, key, owner });
    else dispatch({ kind: "shortcutSet", command: id, keys: [key] });
  }

  function takeOver() {
    if (!taken) return;
    const { id, key, owner } = taken;
    const left = keysOf(owner, state.preferences).filter((it) => it !== key);
    dispatch({ kind: "shortcutSet", command: owner, keys: left });
    dispatch({ kind: "shortcutSet", command: id, keys: [key] });
    setTaken(undefined);
  }

  function row({ id, label }: Command) {
    const keys = keysOf(id, state.preferences);
    const changed = state.preferences.shortcuts?.[id] !== undefined;
    return (
      <li key={id} data-shortcut={id}>
        <span>{say(label)}</span>
        {changed && (
          <button
            type="button"
            class="button quiet small"
            onClick={() =>
              dispatch({ kind: "shortcutSet", command: id, keys: null })}
          >
            {say("resetOne")}
          </button>
        )}
        <button
          type="button"
          class={`key ${listening === id ? "listens" : ""} ${
            keys.length > 0 ? "" : "none"
          }`}
          aria-label={`${say(label)}: ${
            keys.map(keyForPeople).join(", ") || say("noKeys")
          }`}
          onClick={() => {
            setTaken(undefined);
            setListening(listening === id ? undefined : id);
          }}
          onBlur={() => setListening(undefined)}
          onKeyDown={(event) => onKeyDown(event, id)}
        >
          {listening === id
            ? say("pressKeys")
            : keys.length > 0
            ? keys.map((key) => <kbd key={key}>{keyForPeople(key)}</kbd>)
            : say("noKeys")}
        </button>
        {taken?.id === id && (
          <p class="taken" role="alert">
            {say("keyTaken", {
              key: keyForPeople(taken.key),
              command: say(`command.${taken.owner}`),
            })}
            <button type="button" class="button" onClick={takeOver}>
              {say("takeOver")}
            </button>
            <button
              type="button"
              class="button quiet"
              onClick={() => setTaken(undefined)}
            >
              {say("cancel")}
            </button>
          </p>
        )}
      </li>
    );
  }

  return (
    <DialogFrame
      page={page}
      title={say("shortcutsTitle")}
      wide
      actions={
        <>
          <p class="muted">{say("shortcutsHint")}</p>
          <button
            type="button"
            class="button"
            onClick={() => dispatch({ kind: "shortcutsReset" })}
          >
            {say("resetKeys")}
          </button>
        </>
      }
    >
      {conflicts.map(({ key, ids }) => (
        <p key={key} class="taken" role="alert">
          {say("keyConflict", {
            key: keyForPeople(key),
            commands: ids.map((id) => say(`command.${id}`)).join("; "),
          })}
        </p>
      ))}
      {/* With the focus here the arrow keys scroll. */}
      <div
        class={`sheet ${editing ? "editing" : ""}`}
        tabIndex={-1}
        autofocus
      >
        <section>
          <h3>{say("mouse")}</h3>
          <ul>
            {mouse.map((it) => (
              <li key={it}>
                <span>{say(`mouse.${it}`)}</span>
                <kbd>{say(`mouse.${it}Key`)}</kbd>
              </li>
            ))}
          </ul>
        </section>
        {commandGroups.map((group) => (
          <section key={group}>
            <h3>{say(`group.${group}`)}</h3>
            <ul>{commands.filter((it) => it.group === group).map(row)}</ul>
          </section>
        ))}
      </div>
    </DialogFrame>
  );
}
