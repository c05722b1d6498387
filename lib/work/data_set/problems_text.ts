// The problems of a data set as a text to read, grouped by what is wrong.

import type { DataSetProblem } from "./data_set.ts";

/**
 * Writes one report of all problems, by kind, the most frequent first.
 *
 * @example One bad row
 * ```ts
 * import { problemsText } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const text = problemsText([{
 *   kind: "class out of range",
 *   file: "labels/train/a.txt",
 *   line: 2,
 *   message: "class is 7, expected one below 2",
 *   consequence: "image left out",
 * }]);
 * equal(
 *   text,
 *   "1 problem in 1 file: 1 image left out\n\n" +
 *     "class out of range (1, image left out)\n" +
 *     "  labels/train/a.txt line 2: class is 7, expected one below 2\n",
 * );
 * ```
 */
export function problemsText(problems: readonly DataSetProblem[]): string {
  if (problems.length === 0) return "no problems\n";
  const files = new Set(problems.map(({ file }) => file)).size;
  const groups = [...Map.groupBy(problems, ({ kind }) => kind)]
    .sort(([a, some], [b, others]) =>
      others.length - some.length || (a < b ? -1 : 1)
    );
  const total = `${counted(problems.length, "problem")} in ${
    counted(files, "file")
  }: ${consequencesOf(problems)}`;
  const sections = groups.map(([kind, own]) => [
    `${kind} (${own.length}, ${
      [...new Set(own.map(({ consequence }) => consequence))].join(" or ")
    })`,
    ...own.map(({ file, line, message }) =>
      `  ${oneLine(file)}${line === undefined ? "" : ` line ${line}`}: ${
        oneLine(message)
      }`
    ),
  ]);
  return [total, ...sections.flatMap((lines) => ["", ...lines]), ""].join("\n");
}

/** `3 images left out, 1 row mended`; an image that has several problems counts once. */
function consequencesOf(problems: readonly DataSetProblem[]): string {
  const groups = Map.groupBy(problems, ({ consequence }) => consequence);
  return [...groups].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([consequence, own]) => {
      const [noun, ...rest] = consequence.split(" ");
      if (noun === "nothing") return `${counted(own.length, "remark")}`;
      const count = noun === "image"
        ? new Set(own.map(({ file }) => file)).size
        : own.length;
      return `${counted(count, noun)} ${rest.join(" ")}`;
    }).join(", ");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** File names may hold anything; a report keeps to its lines. */
function oneLine(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}
