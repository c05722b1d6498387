// Comma-separated rows, as RFC 4180 has them.
//
// Cells with commas, quotes or line breaks are quoted, quotes inside doubled.
// Reading also takes bare line feeds, a byte order mark and blank lines.

/** One row and the line of the file on which it starts. */
export type CsvRow = { readonly line: number; readonly cells: string[] };

/**
 * Reads rows; throws when a quoted cell does not end as it should.
 *
 * @example A comma inside quotes
 * ```ts
 * import { parseCsv } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(parseCsv('a,"b, ""c"""\n'), [{ line: 1, cells: ["a", 'b, "c"'] }]);
 * ```
 */
export function parseCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;
  cell.lastIndex = text.startsWith("\uFEFF") ? 1 : 0;
  let line = 1;
  let row: CsvRow = { line, cells: [] };
  while (cell.lastIndex < text.length || row.cells.length > 0) {
    const found = cell.exec(text);
    if (!found) {
      throw new SyntaxError(
        `Cannot read CSV: line ${line}, cell ${
          row.cells.length + 1
        }: a quote is out of place or not closed`,
      );
    }
    const [whole, quoted, plain, end] = found;
    row.cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0;
    if (end === ",") continue;
    const isBlank = row.cells.length === 1 && row.cells[0] === "";
    if (!isBlank) rows.push(row);
    row = { line, cells: [] };
  }
  return rows;
}

/** Writes rows, each ended by a carriage return and a line feed. */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => cells.map(quoteCell).join(",") + "\r\n").join("");
}

function quoteCell(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
