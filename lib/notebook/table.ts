// A small table of records.

import { type Html, html } from "../work/report/html.ts";
import { type Displayable, displayed, type Look } from "./display.ts";

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
 * import { jupyterDisplay, table } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const shown = table([{ tag: "polyp", iou: 2 / 3 }, { tag: "forceps", iou: 1 }]);
 * const looks = await shown[jupyterDisplay]();
 * equal(looks["text/plain"], "tag        iou\npolyp    0.667\nforceps      1");
 * ```
 */
export function table<Row extends TableRow>(
  rows: readonly Row[],
): TableView<Row> {
  return displayed({ rows }, tableLook(rows));
}

/** How a table looks: HTML, or columns of text on paper and in a terminal. */
export function tableLook(rows: readonly TableRow[]): Look {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.map((name): Column => {
    const values = rows.map((row) => row[name] ?? undefined);
    const isNumber = values.every((value) =>
      value === undefined || typeof value === "number"
    );
    return { name, isNumber, cells: values.map(textOf) };
  });
  const body = rows.map((_, i) =>
    html`<tr>${
      columns.map(({ cells, isNumber }) => cellHtml("td", cells[i], isNumber))
    }</tr>`
  );
  const head = columns.map(({ name, isNumber }) =>
    cellHtml("th", name, isNumber)
  );
  return {
    html: html`<table><tr>${head}</tr>${body}</table>`.html,
    text: plainTable(columns),
  };
}

type Column = {
  readonly name: string;
  readonly isNumber: boolean;
  readonly cells: readonly string[];
};

function cellHtml(kind: "th" | "td", text: string, isNumber: boolean): Html {
  const side = isNumber ? "right" : "left";
  return kind === "th"
    ? html`<th style="text-align: ${side}">${text}</th>`
    : html`<td style="text-align: ${side}">${text}</td>`;
}

/** Columns of one width, two spaces between them. */
function plainTable(columns: readonly Column[]): string {
  const padded = columns.map(({ name, isNumber, cells }) => {
    const all = [name, ...cells];
    const width = Math.max(...all.map(({ length }) => length));
    return all.map((text) =>
      isNumber ? text.padStart(width) : text.padEnd(width)
    );
  });
  const lines = padded[0]?.map((_, i) =>
    padded.map((column) => column[i]).join("  ").trimEnd()
  );
  return lines?.join("\n") ?? "";
}

function textOf(value: TableRow[string]): string {
  if (value === null || value === undefined) return "";
  return typeof value === "number" && !Number.isInteger(value)
    ? value.toFixed(3)
    : String(value);
}
