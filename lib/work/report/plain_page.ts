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
  readonly sections: readonly Html[];
};

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Makes a self-contained page as one text. */
export function plainPage(
  { title, result, date, notes, sections }: PlainPage,
): string {
  const style = { html: pageStyle + chartStyle };
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${policy}">
        <title>${title}</title>
        <style>${style}</style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p class="result">${result}</p>
          <p class="soft">${date}</p>
          ${notes.map((note) => html`<p class="note">${note}</p>`)}
        </header>
        <main>${sections}</main>
      </body>
    </html>
  `.html.trim() + "\n";
}
