// A small table of records.

import { type Html, html } from "../work/report/html.ts";
import { type Displayable, displayed } from "./display.ts";

/** A row: a value for each column. */
export type TableRow = Readonly<
  Record<string, string | number | boolean | null | undefined>
>;

/** A table as a cell shows it. */
export type TableView<Row extends TableRow = TableRow> = Displayable & {
  readonly rows: readonly Row[];
};

/**
 * Shows records as a table; fractions are rounded to three digits.
 *
 * @example Two rows
 * ```ts
 * import { jupyterDisplay, viewTable } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const table = viewTable([{ tag: "polyp", iou: 2 / 3 }, { tag: "forceps", iou: 1 }]);
 * const looks = await table[jupyterDisplay]();
 * equal(looks["text/plain"], "tag\tiou\npolyp\t0.667\nforceps\t1");
 * ```
 */
export function viewTable<Row extends TableRow>(
  rows: readonly Row[],
): TableView<Row> {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const head = columns.map((column) =>
    cellHtml("th", column, rows.every((row) => typeof row[column] === "number"))
  );
  const body = rows.map((row) => {
    const cells = columns.map((column) =>
      cellHtml("td", textOf(row[column]), typeof row[column] === "number")
    );
    return html`<tr>${cells}</tr>`;
  });
  const lines = rows.map((row) => columns.map((column) => textOf(row[column])));
  return displayed({ rows }, {
    html: html`<table><tr>${head}</tr>${body}</table>`.html,
    text: [columns, ...lines].map((cells) => cells.join("\t")).join("\n"),
  });
}

function cellHtml(kind: "th" | "td", text: string, isNumber: boolean): Html {
  const side = isNumber ? "right" : "left";
  return kind === "th"
    ? html`<th style="text-align: ${side}">${text}</th>`
    : html`<td style="text-align: ${side}">${text}</td>`;
}

function textOf(value: TableRow[string]): string {
  if (value === null || value === undefined) return "";
  return typeof value === "number" && !Number.isInteger(value)
    ? value.toFixed(3)
    : String(value);
}
