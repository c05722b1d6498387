// Tag lists as text: MedAnnotate's and EISeg's, with what repeats in them.

import { parseEisegLabels, parseTagCsv } from "../formats/tag_list.ts";
import type { NewTag } from "../store/tags.ts";

/** The tags of a list, and the codes that occur again. */
export type TagList = {
  readonly tags: readonly NewTag[];
  readonly repeated: readonly { readonly code: string; readonly why: string }[];
};

/** Reads a list, `csv` of MedAnnotate or `txt` of EISeg; throws an error that names the lines it cannot read. */
export function decodeTagList(text: string, format: "csv" | "txt"): TagList {
  if (format === "txt") {
    const { labels, duplicates } = parseEisegLabels(text);
    const seen = new Set<string>();
    const repeated: { code: string; why: string }[] = [];
    const tags = labels.filter(({ number }) => number > 0) // 0 is background
      .flatMap(({ name, colour }): NewTag[] => {
        if (!seen.has(name)) return seen.add(name), [{ code: name, colour }];
        repeated.push({ code: name, why: "has two numbers in the list" });
        return [];
      });
    return {
      tags,
      repeated: [
        ...repeated,
        ...duplicates.map(({ row, line, firstLine }) => (
          { code: row.name, why: repeats(line, firstLine) }
        )),
      ],
    };
  }
  const { tags, duplicates } = parseTagCsv(text);
  const repeated = duplicates.map(({ row, line, firstLine }) => (
    { code: row.code, why: repeats(line, firstLine) }
  ));
  return { tags, repeated };
}

function repeats(line: number, firstLine: number): string {
  return `line ${line} repeats line ${firstLine}`;
}
