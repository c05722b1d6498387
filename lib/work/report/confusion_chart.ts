// A confusion matrix as a picture: columns are what was labelled, rows what it
// was detected as. The shade is the share of the column; numbers are counts.

import type { Point } from "../../base/tensor.ts";
import type { ConfusionMatrix } from "../../yolo/evaluation/confusion_matrix.ts";
import { type Html, html } from "./html.ts";

const cellPx = 46;
const letterPx = 6.2;
const mostLetters = 16;
const mostNumbered = 24; // classes up to which cells have their counts in them

/** Draws a matrix whose last row and column stand for nothing. */
export function confusionChart(
  { counts, leastConfidence, leastIou }: ConfusionMatrix,
  classNames: readonly string[],
): Html {
  const n = counts.length;
  const side = n <= mostNumbered ? cellPx : Math.max(6, 1100 / n);
  const rowNames = [...classNames, "missed"].map(shortName);
  const columnNames = [...classNames, "background"].map(shortName);
  const longest = (names: readonly string[]) =>
    letterPx * Math.max(...names.map((name) => name.length));
  const corner = {
    x: longest(rowNames) + 14,
    y: longest(columnNames) * slope.up + 16,
  };
  const size = {
    width: corner.x + n * side + longest(columnNames) * slope.along - side / 2 +
      8,
    height: corner.y + n * side + 2,
  };
  const rows = rowNames.map((name, i) =>
    html`<text x="${at(corner.x - 8)}" y="${
      at(corner.y + (i + 0.5) * side + 4)
    }" text-anchor="end">${name}</text>`
  );
  const columns = columnNames.map((name, i) => {
    const x = at(corner.x + (i + 0.5) * side);
    return html`
      <text
        transform="translate(${x} ${at(corner.y - 8)}) rotate(-${slope
          .degrees})">${name}</text>
    `;
  });
  const cells = cellsOf(counts, classNames, { side, corner });
  const words = "How often each class was detected as each";
  return html`
    <figure class="chart confusion">
      <svg viewBox="0 0 ${at(size.width)} ${at(
        size.height,
      )}" style="max-width:${at(size.width * 1.15)}px"
        role="img" aria-label="${words}">${cells}${rows}${columns}</svg>
      <p
        class="soft">Columns are labelled, rows detected; the last row was missed, the last column called for nothing. Confidence from ${leastConfidence} and IoU above ${leastIou}, whatever the class.</p>
    </figure>
  `;
}

const slope = { degrees: 32, up: 0.53, along: 0.85 }; // sine and cosine

function cellsOf(
  counts: ConfusionMatrix["counts"],
  classNames: readonly string[],
  { side, corner }: { readonly side: number; readonly corner: Point },
): Html[] {
  const nameOf = (i: number) => classNames[i] ?? "nothing";
  const sums = counts.map((_, column) =>
    counts.reduce((sum, row) => sum + row[column], 0)
  );
  return counts.flatMap((row, y) =>
    row.map((count, x) =>
      cell(count, {
        x: corner.x + x * side,
        y: corner.y + y * side,
        side,
        share: sums[x] === 0 ? 0 : count / sums[x],
        words: `${nameOf(x)} labelled, detected as ${nameOf(y)}: ${count}`,
        isNumbered: counts.length <= mostNumbered,
      })
    )
  );
}

function cell(
  count: number,
  { x, y, side, share, words, isNumbered }: {
    readonly x: number;
    readonly y: number;
    readonly side: number;
    readonly share: number;
    readonly words: string;
    readonly isNumbered: boolean;
  },
): Html {
  const number = isNumbered && count > 0 &&
    html`
      <text class="${share > 0.55 ? "on" : "off"}" x="${at(
        x + side / 2,
      )}" y="${at(y + side / 2 + 4)}"
        text-anchor="middle">${count}</text>
    `;
  return html`<g><title>${words}</title><rect class="cell" x="${at(x)}" y="${
    at(y)
  }" width="${at(side)}" height="${at(side)}"/><rect class="shade" x="${
    at(x)
  }" y="${at(y)}" width="${at(side)}" height="${at(side)}" fill-opacity="${
    share.toFixed(3)
  }"/>${number}</g>`;
}

/** The style sheet of the matrix. */
export const confusionStyle = `
.confusion .cell { fill: var(--card); stroke: var(--line); }
.confusion .shade { fill: var(--c0); }
.confusion text { fill: var(--ink); }
.confusion text.on { fill: var(--paper); font-weight: 600; }
`;

function shortName(name: string): string {
  const letters = [...name];
  return letters.length > mostLetters
    ? letters.slice(0, mostLetters - 1).join("") + "…"
    : name;
}

function at(value: number): string {
  return value.toFixed(1);
}
