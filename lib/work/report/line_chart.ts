// Line charts for pages: drawn as SVG by the page's own colours, so that they
// turn dark with it and print, and need no script.
//
// Lines differ by colour and by dash; the legend is text of the page, where long
// names wrap. Colours are those of Okabe and Ito, lighter on dark pages.

import type { Point } from "../../base/tensor.ts";
import { type Html, html } from "./html.ts";

/** One line; a gap where y is undefined. */
export type PageLine = {
  readonly name: string;
  readonly points: readonly {
    readonly x: number;
    readonly y: number | undefined;
  }[];
  /** Its place in the order of styles; lines of one meaning share it between charts. */
  readonly style: number;
  /** Drawn thick, above the others. */
  readonly isMain?: boolean;
};

/** What a chart shows; axes reach as far as the lines unless it is said. */
export type PageChart = {
  readonly title: string;
  readonly xLabel: string;
  readonly lines: readonly PageLine[];
  readonly x?: readonly [from: number, to: number];
  /** Only whole numbers are written below, where x counts something. */
  readonly hasWholeX?: boolean;
  readonly y?: readonly [from: number, to: number];
  /** Where an upright line stands, with what it means. */
  readonly mark?: { readonly x: number; readonly name: string };
};

const size = { width: 420, height: 230 };
const plot = { left: 46, right: 412, top: 10, bottom: 188 };
const colours = 6;
const dashes = [undefined, "6 3", "2 3", "8 3 2 3"];

/** The style sheet of charts: classes c0, c1, … */
export const chartStyle = `
:root { --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b3508e; --c4: #a07d00; --c5: #56707f; }
@media (prefers-color-scheme: dark) {
  :root { --c0: #5ab4f0; --c1: #ff9248; --c2: #3fcf9f; --c3: #e69ac8; --c4: #e6c34d; --c5: #a9bcc7; }
}
@media print {
  :root { --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b3508e; --c4: #a07d00; --c5: #56707f; }
}
.charts { display: grid; gap: 1.4rem 1.6rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
.chart figcaption { color: var(--ink); font-weight: 500; }
.chart svg { display: block; width: 100%; height: auto; }
.chart text { font: 11px system-ui, "Liberation Sans", sans-serif; fill: var(--soft); }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .line { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.chart .main { stroke-width: 2.75; }
.chart .mark { stroke: var(--soft); stroke-dasharray: 3 3; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem .9rem; margin: .1rem 0 0; padding: 0; list-style: none; font-size: .8125rem; color: var(--soft); }
.legend svg { display: inline-block; width: 24px; height: 8px; margin-right: .35em; vertical-align: middle; }
${
  Array.from({ length: colours }, (_, i) => `.s${i} { stroke: var(--c${i}); }`)
    .join("\n")
}
`;

/** Draws a chart with its title and legend. */
export function lineChart(chart: PageChart): Html {
  const { title, lines, xLabel, mark, hasWholeX = false } = chart;
  const scale = scaleOf(chart);
  const ordered = lines.toSorted((a, b) =>
    Number(a.isMain ?? false) - Number(b.isMain ?? false)
  );
  const content = [
    ...axes(scale, { xLabel, hasWholeX }),
    ...(mark ? [markSvg(mark, scale)] : []),
    ...ordered.map((line) => pathSvg(line, scale)),
  ];
  const words = `${title} over ${xLabel}`;
  return html`
    <figure
      class="chart"><figcaption>${title}</figcaption><svg viewBox="0 0 ${size
        .width} ${size
        .height}" role="img" aria-label="${words}">${content}</svg>${legend(
          lines,
          mark?.name,
        )}</figure>
  `;
}

type Scale = {
  readonly x: readonly [from: number, to: number];
  readonly y: readonly [from: number, to: number];
  at(point: Point): Point;
};

function scaleOf({ lines, x, y }: PageChart): Scale {
  const points = lines.flatMap(({ points }) => points);
  const xs = x ?? rangeOf(points.map(({ x }) => x));
  const ys = y ?? rangeOf(points.flatMap(({ y }) => y ?? []), { atLeast: 0 });
  const place = (value: number, [from, to]: readonly [number, number]) =>
    (value - from) / (to - from);
  return {
    x: xs,
    y: ys,
    at: ({ x, y }) => ({
      x: plot.left + place(x, xs) * (plot.right - plot.left),
      y: plot.bottom - place(y, ys) * (plot.bottom - plot.top),
    }),
  };
}

/** From the least to the most; never empty. `atLeast` is taken in where it is below. */
function rangeOf(
  values: readonly number[],
  { atLeast }: { atLeast?: number } = {},
): readonly [number, number] {
  const all = atLeast === undefined ? values : [atLeast, ...values];
  const from = all.reduce((a, b) => Math.min(a, b), Infinity);
  const to = all.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!Number.isFinite(from)) return [0, 1];
  return to > from ? [from, to] : [from, from + 1];
}

function axes(
  { x, y, at }: Scale,
  { xLabel, hasWholeX }: {
    readonly xLabel: string;
    readonly hasWholeX: boolean;
  },
): Html[] {
  const rows = ticksBetween(y, 5).map((value) => {
    const place = at({ x: x[0], y: value }).y;
    return html`
      <path class="grid" d="M${plot.left} ${px(place)}H${plot
        .right}" />${textSvg(numberText(value), {
          x: plot.left - 6,
          y: place + 4,
          anchor: "end",
        })}
    `;
  });
  const places = ticksBetween(x, 7)
    .filter((value) => !hasWholeX || Number.isInteger(value));
  const columns = places.map((value) =>
    textSvg(numberText(value), {
      x: at({ x: value, y: y[0] }).x,
      y: plot.bottom + 16,
      anchor: "middle",
    })
  );
  const middle = (plot.left + plot.right) / 2;
  return [
    ...rows,
    ...columns,
    textSvg(xLabel, { x: middle, y: plot.bottom + 34, anchor: "middle" }),
  ];
}

function textSvg(
  text: string,
  { x, y, anchor }: Point & { anchor: "middle" | "end" },
): Html {
  return html`
    <text x="${px(x)}" y="${px(y)}"
      text-anchor="${anchor}">${text}</text>
  `;
}

function pathSvg({ points, style, isMain = false }: PageLine, { at }: Scale) {
  let isDrawing = false;
  const path = points.map(({ x, y }) => {
    if (y === undefined || !Number.isFinite(y)) {
      isDrawing = false;
      return "";
    }
    const place = at({ x, y });
    const step = `${isDrawing ? "L" : "M"}${px(place.x)} ${px(place.y)}`;
    isDrawing = true;
    return step;
  }).join("");
  // a single point is no line: a dot shows it
  const known = points.filter(({ y }) => y !== undefined);
  const dot = known.length === 1 && known[0].y !== undefined
    ? at({ x: known[0].x, y: known[0].y })
    : undefined;
  return html`
    <path class="${lineClass(style, isMain)}" ${dashOf(
      style,
    )} d="${path}" />${dot !== undefined &&
      html`
        <circle class="${lineClass(style, true)}" cx="${px(dot.x)}" cy="${px(
          dot.y,
        )}" r="2" />
      `}
  `;
}

function markSvg({ x }: { x: number }, { at, y }: Scale): Html {
  const place = at({ x, y: y[0] }).x;
  return html`
    <path class="mark" d="M${px(place)} ${plot.top}V${plot.bottom}" />
  `;
}

function legend(lines: readonly PageLine[], mark: string | undefined): Html {
  const rows = lines.map(({ name, style, isMain = false }) =>
    html`<li><svg viewBox="0 0 24 8"><path class="${lineClass(style, isMain)}"${
      dashOf(style)
    } d="M0 4H24"/></svg>${name}</li>`
  );
  const upright = mark === undefined ? [] : [
    html`<li><svg viewBox="0 0 24 8"><path class="mark" d="M12 0V8"/></svg>${mark}</li>`,
  ];
  return html`<ul class="legend chart">${[...rows, ...upright]}</ul>`;
}

function lineClass(style: number, isMain: boolean): string {
  return `line s${style % colours}${isMain ? " main" : ""}`;
}

function dashOf(style: number): Html {
  const dash = dashes[Math.floor(style / colours) % dashes.length];
  return dash === undefined ? html`` : html`
    stroke-dasharray="${dash}"
  `;
}

/** Round numbers inside a range, about as many as wanted. */
export function ticksBetween(
  [from, to]: readonly [number, number],
  wanted: number,
): number[] {
  const rough = (to - from) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power)
    .find((step) => step >= rough * 0.999) ?? 10 * power;
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  return Array.from(
    { length: count },
    (_, i) => Number(((first + i) * step).toPrecision(12)),
  );
}

/** Three digits at most, without trailing zeros. */
function numberText(value: number): string {
  if (value === 0) return "0";
  const isTiny = Math.abs(value) < 0.001;
  return isTiny
    ? value.toExponential(1).replace(".0e", "e").replace("-", "−")
    : String(Number(value.toPrecision(4)));
}

function px(value: number): string {
  return value.toFixed(1);
}
