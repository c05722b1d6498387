// Keys: how they are written, which command they start, where two collide.
//
// Letters and digits are told by their place (event.code), so that Ctrl+Z works
// on a Russian keyboard as well. Meta counts as Ctrl, for Macs.

import type { Preferences } from "../contract.ts";
import { type CommandId, commands } from "./commands.ts";

/** What is needed of a KeyboardEvent. */
export type KeyPress = {
  readonly code: string;
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
};

const punctuation: Readonly<Record<string, string>> = {
  BracketLeft: "[",
  BracketRight: "]",
  Slash: "/",
  Comma: ",",
  Period: ".",
  Minus: "-",
  Equal: "=",
  Semicolon: ";",
  Quote: "'",
  Backslash: "\\",
  Backquote: "`",
  NumpadAdd: "=",
  NumpadSubtract: "-",
  NumpadEnter: "Enter",
};

/** Writes a key press as text such as `Ctrl+Shift+Z`; undefined for a bare modifier. */
export function keyText(press: KeyPress): string | undefined {
  const { code, key } = press;
  if (["Control", "Shift", "Alt", "Meta", "CapsLock"].includes(key)) return;
  // The question mark, wherever it is.
  if (key === "?" || (code === "Slash" && press.shiftKey)) return "?";
  const base = /^Key[A-Z]$/.test(code)
    ? code.slice(3)
    : /^(Digit|Numpad)[0-9]$/.test(code)
    ? code.slice(-1)
    : punctuation[code] ?? (code || key);
  return [
    press.ctrlKey || press.metaKey ? "Ctrl" : "",
    press.altKey ? "Alt" : "",
    press.shiftKey ? "Shift" : "",
    base,
  ].filter(Boolean).join("+");
}

/** A command's keys: the person's own, else the defaults. */
export function keysOf(
  id: CommandId,
  { shortcuts = {} }: Preferences,
): readonly string[] {
  return shortcuts[id] ?? commands.find((it) => it.id === id)?.keys ?? [];
}

/** The command that a key starts; undefined when none does. */
export function findCommand(
  key: string,
  preferences: Preferences,
): CommandId | undefined {
  return commands.find(({ id }) => keysOf(id, preferences).includes(key))?.id;
}

/** The code of the tag that a key chooses; undefined when none is. */
export function findTagByKey(
  key: string,
  { tagKeys = {} }: Preferences,
): string | undefined {
  return Object.keys(tagKeys).find((code) => tagKeys[code] === key);
}

/** Keys that start more than one command, with the commands. */
export function listConflicts(preferences: Preferences) {
  const byKey = new Map<string, CommandId[]>();
  for (const { id } of commands) {
    for (const key of keysOf(id, preferences)) {
      byKey.set(key, [...byKey.get(key) ?? [], id]);
    }
  }
  return [...byKey].filter(([, ids]) => ids.length > 1)
    .map(([key, ids]) => ({ key, ids }));
}

/** Gives a command other keys; what equals the defaults is left out of the preferences. */
export function setKeys(
  preferences: Preferences,
  id: CommandId,
  keys: readonly string[] | null,
): Preferences {
  const { [id]: _, ...others } = preferences.shortcuts ?? {};
  const plain = commands.find((it) => it.id === id)?.keys ?? [];
  const same = keys === null || keys.join(" ") === plain.join(" ");
  return {
    ...preferences,
    shortcuts: same ? others : { ...others, [id]: [...keys] },
  };
}

const signs: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  Delete: "Del",
  "=": "+",
};

/** A key as people read it. */
export function keyForPeople(key: string): string {
  return key.split(/\+(?=.)/).map((part) => signs[part] ?? part).join(" ");
}
