// What a certificate says of an export (lib/work/export/certificate.ts), in one
// plain sentence of the page's language. What is not known here stays as it is.

import type { Say } from "./words.ts";

/** A note of an export in the page's language. */
export function noteWords(say: Say, note: string): string {
  if (note === "no independent validation") return say("note.noValidation");
  if (note.startsWith("there is no val part")) return say("note.noVal");
  const gap = note.match(/^time split.* (\d+) frames$/);
  if (gap) return say("note.timeSplit", { n: gap[1] });
  const empty = note.match(/^(\w+) was asked for and is empty/);
  if (empty) return say("note.partEmpty", { part: empty[1] });
  return note;
}
