// Keys: their text, their commands, their conflicts.

import { deepEqual, equal } from "node:assert/strict";
import { commands } from "../../../lib/api/page/commands.ts";
import {
  findCommand,
  keyForPeople,
  keyText,
  listConflicts,
  setKeys,
} from "../../../lib/api/page/shortcuts.ts";
import { english } from "../../../lib/api/page/words_english.ts";
import { russian } from "../../../lib/api/page/words_russian.ts";

const plain = {
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
};

Deno.test("keyText() tells letters by their place, so a Russian layout works", () => {
  const press = { ...plain, code: "KeyZ", key: "я", ctrlKey: true };
  equal(keyText(press), "Ctrl+Z");
  equal(findCommand("Ctrl+Z", {}), "undo");
});

Deno.test("keyText() names digits, signs and the question mark", () => {
  equal(keyText({ ...plain, code: "Digit1", key: "¡", altKey: true }), "Alt+1");
  equal(keyText({ ...plain, code: "BracketLeft", key: "х" }), "[");
  equal(keyText({ ...plain, code: "Slash", key: "?", shiftKey: true }), "?");
  equal(keyText({ ...plain, code: "Digit7", key: "?", shiftKey: true }), "?");
  equal(keyText({ ...plain, code: "ShiftLeft", key: "Shift" }), undefined);
});

Deno.test("commands have EISeg's keys where EISeg has the command", () => {
  const keys = ["Space", "Ctrl+Z", "Ctrl+Y", "Ctrl+Shift+Z", "S", "F"];
  deepEqual(keys.map((key) => findCommand(key, {})), [
    "finish",
    "undo",
    "redo",
    "clearPrompts",
    "previousFrame",
    "nextFrame",
  ]);
  const others = ["Backspace", "E", "Ctrl+S", "X"];
  deepEqual(others.map((key) => findCommand(key, {})), [
    "deleteMask",
    "editShortcuts",
    "save",
    "autosave",
  ]);
});

Deno.test("listConflicts() finds none among the defaults, and names those that are made", () => {
  deepEqual(listConflicts({}), []);
  const preferences = setKeys({}, "play", ["Space"]);
  deepEqual(listConflicts(preferences), [
    { key: "Space", ids: ["finish", "play"] },
  ]);
});

Deno.test("setKeys() keeps only what differs from the defaults", () => {
  const changed = setKeys({}, "undo", ["Ctrl+U"]);
  deepEqual(changed.shortcuts, { undo: ["Ctrl+U"] });
  equal(findCommand("Ctrl+Z", changed), undefined);
  deepEqual(setKeys(changed, "undo", ["Ctrl+Z"]).shortcuts, {});
  deepEqual(setKeys(changed, "undo", null).shortcuts, {});
});

Deno.test("keyForPeople() writes signs and keeps a plus that is a key", () => {
  equal(keyForPeople("Ctrl+ArrowRight"), "Ctrl →");
  equal(keyForPeople("="), "+");
});

Deno.test("the two dictionaries have the same keys and the same places for values", () => {
  deepEqual(Object.keys(russian).sort(), Object.keys(english).sort());
  const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
  const russianWords: Readonly<Record<string, string>> = russian;
  for (const [key, text] of Object.entries(english)) {
    deepEqual(places(russianWords[key]), places(text), key);
  }
});

Deno.test("every command has a word for it", () => {
  const missing = commands.filter(({ label }) => !(label in english));
  deepEqual(missing, []);
});
