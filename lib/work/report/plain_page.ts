// A page of a report: a head, a result in a sentence, notes, sections.

import { type Html, html } from "./html.ts";
import { chartStyle } from "./line_chart.ts";
import { pageStyle } from "./page_style.ts";

/** What a page says. */
export type PlainPage = {
  readonly title: string;
  /** What came out, in a sentence. */
  readonly result: string;
  readonly date: string;
  /** What a reader has to know before they believe anything. */
  readonly notes: readonly string[];
  /** To the sections, under the head. */
  readonly links?: Html;
  readonly sections: readonly Html[];
  /** Rules beside those of every page. */
  readonly style?: string;
};

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Makes a self-contained page as one text. */
export function plainPage(
  { title, result, date, notes, links, sections, style = "" }: PlainPage,
): string {
  const rules = { html: pageStyle + chartStyle + style };
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${policy}">
        <title>${title}</title>
        <style>${rules}</style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p class="result">${result}</p>
          ${{ html: dateLine(date) }}
          ${notes.map((note) => html`<p class="note">${note}</p>`)}
          ${links}
        </header>
        <main>${sections}</main>
      </body>
    </html>
  `.html.trim() + "\n";
}

/** One line, whatever a formatter makes of the rest. */
function dateLine(date: string): string {
  return `\n<p class="soft">${html`${date}`.html}</p>\n`;
}
