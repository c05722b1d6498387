// Line charts: a few lines over frames or clicks, drawn as SVG.
//
// Lines differ by colour and by dash, and each has its name at its end, so that
// nobody needs to tell colours apart. The colours are those of Okabe and Ito.

import type { Size } from "../base/tensor.ts";
import { type Html, html } from "../work/report/html.ts";

/** One line; undefined is a gap. */
export type ChartLine = {
  readonly name: string;
  /** Behind the name in the legend. */
  readonly detail?: string;
  readonly colour: string;
  readonly dash?: string;
  readonly points: readonly ChartPoint[];
  /** Where diamonds stand, on the bottom line. */
  readonly marks?: readonly number[];
};

/** A place of a line. */
export type ChartPoint = { readonly x: number; readonly y: number | undefined };

/** What a chart shows; both axes begin at 0 or where it is said, y ends at 1. */
export type Chart = {
  readonly lines: readonly ChartLine[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly fromX?: number;
  readonly toX: number;
};

/** Colour and dash of a line by its place; twenty pairs. */
export function lineStyle(i: number): Pick<ChartLine, "colour" | "dash"> {
  const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000"];
  const dashes = [undefined, "7 3", "2 3", "9 3 2 3"];
  return {
    colour: colours[i % colours.length],
    dash: dashes[i % dashes.length],
  };
}

const plot = { left: 52, height: 160 };
const widthPx = 640;
const rowPx = 16;
const letterPx = 7.4; // of the bold names at the ends, at most

/** A chart that is drawn. */
export type DrawnChart = {
  readonly size: Size;
  readonly content: readonly Html[];
};

/** Draws a chart: legend, axes, lines, and their names at their ends. */
export function chartSvg(
  { lines, xLabel, yLabel, fromX = 0, toX }: Chart,
): DrawnChart {
  const legend = placeLegend(lines);
  const top = 16 + rowPx * legend.rows;
  const bottom = top + plot.height;
  const longest = Math.max(6, ...lines.map(({ name }) => name.length));
  const right = widthPx - Math.min(longest * letterPx + 12, widthPx / 2);
  const width = right - plot.left;
  const span = Math.max(1, toX - fromX);
  const at = {
    x: (x: number) => plot.left + (x - fromX) / span * width,
    y: (y: number) => top + (1 - y) * plot.height,
  };
  const grid = [0, 0.25, 0.5, 0.75, 1].map((y) =>
    html`
      <path d="M${plot.left} ${at.y(y)}H${right}" stroke="#ddd" />
      ${textSvg(y, { x: plot.left - 6, y: at.y(y) + 4, anchor: "end" })}
    `
  );
  const ticks = ticksBetween(fromX, toX).map((x) =>
    textSvg(x, { x: at.x(x), y: bottom + 16, anchor: "middle" })
  );
  const centre = { x: plot.left + width / 2, y: top + plot.height / 2 };
  return {
    size: { width: widthPx, height: bottom + 44 },
    content: [
      ...grid,
      ...ticks,
      textSvg(xLabel, { x: centre.x, y: bottom + 36, anchor: "middle" }),
      html`<g transform="rotate(-90 14 ${centre.y})">${
        textSvg(yLabel, { x: 14, y: centre.y, anchor: "middle" })
      }</g>`,
      ...lines.map((line) => lineSvg(line, at)),
      ...legend.content,
      ...endNames(lines, { x: right + 8, y: at.y }),
    ],
  };
}

type Scales = {
  readonly x: (x: number) => number;
  readonly y: (y: number) => number;
};

function textSvg(
  text: string | number,
  { x, y, anchor = "start" }: {
    x: number;
    y: number;
    anchor?: "start" | "middle" | "end";
  },
): Html {
  return html`
    <text x="${x.toFixed(1)}" y="${y.toFixed(1)}"
      text-anchor="${anchor}">${text}</text>
  `;
}

function lineSvg({ points, colour, dash, marks = [] }: ChartLine, at: Scales) {
  let isDrawing = false; // a gap in the values is a gap in the line
  const path = points.map(({ x, y }) => {
    const step = y === undefined
      ? ""
      : `${isDrawing ? "L" : "M"}${at.x(x).toFixed(1)} ${at.y(y).toFixed(1)}`;
    isDrawing = y !== undefined;
    return step;
  }).join("");
  const diamonds = marks.map((x) => {
    const corner = `${at.x(x).toFixed(1)} ${(at.y(0) - 6).toFixed(1)}`;
    return html`<path d="M${corner}l6 6l-6 6l-6-6z" fill="${colour}" />`;
  });
  return html`
    <path d="${path}" fill="none" stroke="${colour}" stroke-width="2"
      ${dashOf(dash)} />${diamonds}
  `;
}

/** Rows of names above the plot. */
function placeLegend(lines: readonly ChartLine[]) {
  let left = plot.left, rows = 1;
  const content = lines.map(({ name, detail, colour, dash }) => {
    const text = detail === undefined ? name : `${name}: ${detail}`;
    const width = 32 + text.length * 6.6;
    if (left > plot.left && left + width > widthPx) {
      left = plot.left;
      rows++;
    }
    const y = rows * rowPx;
    const drawn = html`
      <path d="M${left.toFixed(1)} ${y -
        4}h26" stroke="${colour}" stroke-width="3"
        ${dashOf(dash)} />
      ${textSvg(text, { x: left + 32, y })}
    `;
    left += width + 16;
    return drawn;
  });
  return { rows, content };
}

/** The name of each line beside its last point. */
function endNames(
  lines: readonly ChartLine[],
  { x, y }: { x: number; y: (value: number) => number },
): readonly Html[] {
  const ends = lines.flatMap(({ name, colour, points }) => {
    const last = points.findLast(({ y }) => y !== undefined);
    return last?.y === undefined ? [] : [{ name, colour, y: y(last.y) + 4 }];
  }).sort((a, b) => a.y - b.y);
  const places = spreadOut(ends.map(({ y }) => y), rowPx - 2);
  return ends.map(({ name, colour }, i) =>
    html`<g fill="${colour}" font-weight="bold">${
      textSvg(name, { x, y: places[i] })
    }</g>`
  );
}

/**
 * Moves ascending places apart as little as needed: those that would touch form a
 * block around their mean.
 */
export function spreadOut(places: readonly number[], apart: number): number[] {
  const blocks: { sum: number; count: number }[] = [];
  const meanOf = (i: number) => blocks[i].sum / blocks[i].count;
  for (const [i, place] of places.entries()) {
    blocks.push({ sum: place - i * apart, count: 1 });
    while (
      blocks.length > 1 && meanOf(blocks.length - 2) > meanOf(blocks.length - 1)
    ) {
      const last = blocks.pop()!; // there are two
      blocks[blocks.length - 1].sum += last.sum;
      blocks[blocks.length - 1].count += last.count;
    }
  }
  return blocks.flatMap((_, i) =>
    Array.from({ length: blocks[i].count }, () => meanOf(i))
  )
    .map((place, i) => place + i * apart);
}

function dashOf(dash: string | undefined): Html {
  return dash === undefined ? html`` : html`stroke-dasharray="${dash}"`;
}

/** Round numbers, at most ten. */
function ticksBetween(from: number, to: number): number[] {
  const span = Math.max(1, to - from);
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    .find((step) => span / step <= 9) ?? Math.ceil(span / 9);
  const first = Math.ceil(from / step) * step;
  const count = Math.floor((to - first) / step) + 1;
  return Array.from({ length: count }, (_, i) => first + i * step);
}
