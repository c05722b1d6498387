// The page's words in the person's language.

import { english } from "./words_english.ts";
import { russian } from "./words_russian.ts";

/** The name of a word or a sentence. */
export type WordKey = keyof typeof english;

/** Says a word, with values put in for `{name}`. */
export type Say = (
  key: WordKey,
  values?: Readonly<Record<string, string | number>>,
) => string;

/** Makes the function that speaks a language. */
export function sayIn(language: "en" | "ru"): Say {
  const words: Readonly<Record<WordKey, string>> = language === "ru"
    ? russian
    : english;
  return (key, values = {}) =>
    words[key].replace(
      /\{(\w+)\}/g,
      (whole, name) => name in values ? String(values[name]) : whole,
    );
}
