// Lists of tags: MedAnnotate's CSV and EISeg's label list.
//
// The CSV has the columns code, name, category, colour (#rrggbb), procedures
// (separated by ;) and description. The first MedAnnotate wrote
// Tags_category,Code_of_tag,Name,Description, which is read as well. EISeg has
// a line `number name red green blue ` per label, with a space at its end, and
// drops lines whose name holds a space; here such a name may be quoted.
// A code that comes twice is reported, with what it would have said; the first
// one stays.

import { z } from "zod";
import type { Rgb } from "../base/image.ts";
import { parseCsv, writeCsv } from "./csv.ts";

/** What a tag can be about. */
export const tagCategories = [
  "anatomy",
  "landmark",
  "finding",
  "quality",
  "instrument",
  "therapy",
] as const;
/** What a tag is about. */
export type TagCategory = typeof tagCategories[number];

/** A row of a tag list. */
export type TagRow = {
  readonly code: string;
  readonly name: string;
  readonly category: TagCategory;
  readonly colour: Rgb | undefined;
  /** The procedures it applies to; none means all. */
  readonly procedures: readonly string[];
  readonly description: string;
};

/** A label of EISeg; 0 is background. */
export type EisegLabel = {
  readonly number: number;
  readonly name: string;
  readonly colour: Rgb;
};

/** A row whose key was taken by an earlier line. */
export type Duplicate<Row> = {
  readonly line: number;
  readonly firstLine: number;
  readonly row: Row;
};

/**
 * Reads a tag list in CSV; throws an error that names the lines it cannot read.
 *
 * @example A code given twice
 * ```ts
 * import { parseTagCsv } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const { tags, duplicates } = parseTagCsv(
 *   "code,name,category\na_1,z_line,landmark\na_1,cardia,anatomy\n",
 * );
 * equal(tags[0].name, "z_line");
 * equal(duplicates[0].row.name, "cardia");
 * ```
 */
export function parseTagCsv(
  text: string,
): { tags: TagRow[]; duplicates: Duplicate<TagRow>[] } {
  const [header, ...rows] = parseCsv(text);
  const columns = header?.cells.map((cell) => {
    const name = cell.trim().toLowerCase();
    return columnNames.get(name) ?? name;
  }) ?? [];
  for (const needed of ["code", "name", "category"]) {
    if (columns.includes(needed)) continue;
    throw new SyntaxError(
      `Cannot read tag list: no column ${needed}, found ${columns.join(", ")}`,
    );
  }
  const parsed = parseLines(rows, ({ cells }) => {
    if (cells.length > columns.length) {
      throw new SyntaxError(
        `${cells.length} cells, expected ${columns.length}`,
      );
    }
    const named = columns.map((column, i) => [column, cells[i]?.trim() ?? ""]);
    return CsvTag.parse(Object.fromEntries(named));
  });
  const { first, duplicates } = splitDuplicates(parsed, ({ code }) => code);
  return { tags: first, duplicates };
}

/** Writes a tag list in CSV. */
export function writeTagCsv(tags: readonly TagRow[]): string {
  const header = "code,name,category,colour,procedures,description".split(",");
  const rows = tags.map((tag) => [
    tag.code,
    tag.name,
    tag.category,
    tag.colour ? hexOf(tag.colour) : "",
    tag.procedures.join(";"),
    tag.description,
  ]);
  return writeCsv([header, ...rows]);
}

/** Reads EISeg's label list; throws an error that names the lines it cannot read. */
export function parseEisegLabels(
  text: string,
): { labels: EisegLabel[]; duplicates: Duplicate<EisegLabel>[] } {
  const rows = text.replace(/^\uFEFF/, "").split(/\r?\n/)
    .map((content, i) => ({ content: content.trim(), line: i + 1 }))
    .filter(({ content }) => content !== "");
  const parsed = parseLines(rows, ({ content }) => {
    const words = content.match(/"(?:[^"]|"")*"|\S+/g) ?? [];
    if (words.length !== 5) {
      throw new SyntaxError(
        `${words.length} words, expected 5: number name red green blue`,
      );
    }
    const [number, name, ...colour] = words;
    return EisegRow.parse({ number, name: unquote(name), colour });
  });
  const { first, duplicates } = splitDuplicates(parsed, ({ number }) => number);
  return { labels: first, duplicates };
}

/** Writes EISeg's label list; spaces in names become underscores, which EISeg needs. */
export function writeEisegLabels(labels: readonly EisegLabel[]): string {
  return labels.map(({ number, name, colour }) =>
    `${number} ${name.trim().replace(/\s+/g, "_")} ${colour.join(" ")} \n`
  ).join("");
}

/** Column names of the first MedAnnotate, and the American spelling. */
const columnNames = new Map([
  ["tags_category", "category"],
  ["code_of_tag", "code"],
  ["color", "colour"],
]);

const Colour = z.string().regex(/^(#[0-9a-f]{6})?$/i, "expected #rrggbb")
  .default("").transform((text) => text === "" ? undefined : colourOf(text));

const CsvTag = z.object({
  code: z.string().min(1, "expected a code"),
  name: z.string().min(1, "expected a name"),
  // The first MedAnnotate wrote some of them in the plural.
  category: z.string().transform((text) => text.toLowerCase().replace(/s$/, ""))
    .pipe(z.enum(tagCategories)),
  colour: Colour,
  procedures: z.string().default("").transform((text) =>
    text.split(";").map((item) => item.trim()).filter((item) => item !== "")
  ),
  description: z.string().default(""),
});

const Byte = z.coerce.number().int().min(0).max(255);
const EisegRow = z.object({
  number: z.coerce.number().int().nonnegative(),
  name: z.string().min(1),
  colour: z.tuple([Byte, Byte, Byte]),
});

/** Parses every line and throws one error that names all lines that failed. */
function parseLines<In extends { readonly line: number }, Out>(
  rows: readonly In[],
  parse: (row: In) => Out,
): { line: number; row: Out }[] {
  const problems: string[] = [];
  const parsed = rows.flatMap((input) => {
    try {
      return [{ line: input.line, row: parse(input) }];
    } catch (error) {
      problems.push(`line ${input.line}: ${describe(error)}`);
      return [];
    }
  });
  if (problems.length === 0) return parsed;
  throw new SyntaxError(`Cannot read tag list: ${problems.join("; ")}`);
}

function splitDuplicates<Row>(
  rows: readonly { line: number; row: Row }[],
  keyOf: (row: Row) => string | number,
) {
  const firstLines = new Map<string | number, number>();
  const first: Row[] = [];
  const duplicates: Duplicate<Row>[] = [];
  for (const { line, row } of rows) {
    const firstLine = firstLines.get(keyOf(row));
    if (firstLine !== undefined) duplicates.push({ line, firstLine, row });
    else {
      firstLines.set(keyOf(row), line);
      first.push(row);
    }
  }
  return { first, duplicates };
}

function describe(error: unknown): string {
  if (!(error instanceof z.ZodError)) return String(error);
  return error.issues.map(({ path, message }) =>
    `${path.join(".")}: ${message}`
  )
    .join(", ");
}

function unquote(word: string): string {
  return /^".*"$/.test(word) ? word.slice(1, -1).replaceAll('""', '"') : word;
}

function colourOf(hex: string): Rgb {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function hexOf(colour: Rgb): string {
  return "#" + colour.map((c) => c.toString(16).padStart(2, "0")).join("");
}
