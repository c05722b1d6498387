// Tables of a report: the first column is text, the others are numbers.

import { type Html, html, type HtmlPart } from "./html.ts";

/** One cell. */
export type Cell = HtmlPart;

/** A table; `textColumns` of the first columns are not numbers. */
export function dataTable(
  head: readonly Cell[],
  rows: readonly (readonly Cell[])[],
  { textColumns = 1 }: { textColumns?: number } = {},
): Html {
  const kindOf = (column: number) => column < textColumns ? "text" : "number";
  const heads = head.map((cell, i) =>
    html`<th class="${kindOf(i)}">${cell}</th>`
  );
  const body = rows.map((row) => {
    const cells = row.map((cell, i) =>
      html`<td class="${kindOf(i)}">${cell}</td>`
    );
    return html`<tr>${cells}</tr>`;
  });
  return html`
    <div class="wide">
      <table>
        <thead>
          <tr>${heads}</tr>
        </thead>
        <tbody>${body}</tbody>
      </table>
    </div>
  `;
}

/** Names with what they are. */
export function factList(
  facts: readonly (readonly [name: string, value: Cell])[],
): Html {
  return html`<dl>${
    facts.map(([name, value]) =>
      html`
        <dt>${name}</dt>
        <dd>${value}</dd>
      `
    )
  }</dl>`;
}

/** A share with three digits; a dash where there is none. */
export function shareText(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toFixed(3);
}

/** A value of a setting in a line. */
export function settingText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value);
  return Array.isArray(value)
    ? value.map(settingText).join(", ")
    : entries.map(([name, one]) => `${name} ${settingText(one)}`).join(", ");
}
