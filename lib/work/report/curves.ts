// The curves of a run: drift, presence and area of every object over the frames.
//
// Drawn by plotly.js, whose text goes into the page, so that the page needs no
// network. Colours and sizes follow the page, also when it turns dark.

import { fileURLToPath } from "node:url";
import type { Size } from "../../base/tensor.ts";
import { hexColour } from "./amounts.ts";
import type { CurvePoint, ReportObject } from "./demo_report.ts";
import { escapeHtml, type Html, html, scriptJson } from "./html.ts";

/** The chart and the scripts that draw it. */
export function curvesHtml(
  objects: readonly ReportObject[],
  size: Size,
): Html {
  const plotly = Deno.readTextFileSync(
    fileURLToPath(import.meta.resolve("plotly.js-dist-min")),
  );
  return html`
    <div id="curves" role="img"
      aria-label="Drift, presence and area of each object over the frames"></div>
    <noscript><p class="note">The curves need JavaScript; the table has their figures.</p></noscript>
    <script>${{ html: plotly.replaceAll("</script", "<\\/script") }}</script>
    <script type="application/json" id="curves-data">${scriptJson(
      curveTraces(objects, size),
    )}</script>
    <script>${{ html: drawScript }}</script>
  `;
}

/** What plotly draws; each line has its colour for light and for dark pages. */
export function curveTraces(
  objects: readonly ReportObject[],
  { width, height }: Size,
) {
  const rows = [
    {
      yaxis: "y",
      label: "drift",
      // An absent object has no mask that could be doubted.
      of: (p: CurvePoint) => p.areaPx > 0 ? p.drift : undefined,
    },
    { yaxis: "y2", label: "presence", of: (p: CurvePoint) => p.presenceScore },
    {
      yaxis: "y3",
      label: "area %",
      of: (p: CurvePoint) => 100 * p.areaPx / (width * height),
    },
  ];
  return objects.flatMap(({ name, number, colour, curve }, i) => {
    const title = escapeHtml(name); // plotly reads tags in texts
    const colours = [hexColour(colour, { black: 0.3 }), hexColour(colour)];
    const lines = rows.map(({ yaxis, label, of }) => ({
      name: title,
      legendgroup: String(number),
      showlegend: yaxis === "y",
      yaxis,
      mode: "lines",
      line: { width: 2, dash: dashes[i % dashes.length] },
      x: curve.map(({ frame }) => frame),
      y: curve.map((point) => of(point) ?? null),
      hovertemplate: `${title}: ${label} %{y:.2f}<extra></extra>`,
      colours,
    }));
    const conditions = curve.filter(({ isCondition }) => isCondition);
    return [...lines, {
      name: title,
      legendgroup: String(number),
      showlegend: false,
      yaxis: "y",
      mode: "markers",
      marker: { symbol: "diamond", size: 11, line: { width: 1.5 } },
      x: conditions.map(({ frame }) => frame),
      y: conditions.map(() => 0),
      hovertemplate: `${title}: clicked or verified<extra></extra>`,
      colours,
    }];
  });
}

const dashes = ["solid", "dash", "dot", "dashdot"];

/** Runs in the page. */
const drawScript = `(() => {
  const box = document.getElementById("curves");
  const traces = JSON.parse(document.getElementById("curves-data").textContent);
  const last = Math.max(1, ...traces.map(({ x }) => x.length > 0 ? x[x.length - 1] : 0));
  const frames = [-0.02 * last, 1.02 * last]; // room for a diamond on the first and the last
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const draw = (printing) => {
    const style = getComputedStyle(document.documentElement);
    const ink = printing ? "#222" : style.getPropertyValue("--ink").trim();
    const line = printing ? "#ccc" : style.getPropertyValue("--line").trim();
    const paper = printing ? "#fff" : style.getPropertyValue("--paper").trim();
    const isDark = dark.matches && !printing;
    const data = traces.map(({ colours, ...trace }) => {
      const color = colours[isDark ? 1 : 0];
      if (trace.line) return { ...trace, line: { ...trace.line, color } };
      const rim = { ...trace.marker.line, color: paper };
      return { ...trace, marker: { ...trace.marker, color, line: rim } };
    });
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, fixedrange: true };
    const share = { ...axis, range: [-0.06, 1.06], tickvals: [0, 0.5, 1] };
    const side = (text) => ({ text, font: { size: 12 }, standoff: 6 });
    Plotly.react(box, data, {
      autosize: true,
      ...(printing ? { width: 660 } : {}),
      height: 480,
      margin: { l: 58, r: 12, t: 34, b: 44 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: ink },
      hovermode: "x unified",
      hoversubplots: "axis",
      hoverlabel: { bgcolor: paper, bordercolor: line, font: { color: ink } },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      xaxis: { ...axis, title: side("frame"), anchor: "y3", range: frames, unifiedhovertitle: { text: "frame %{x}" }, zeroline: false },
      yaxis: { ...share, title: side("drift"), domain: [0.5, 1], tickvals: [0, 0.25, 0.5, 0.75, 1] },
      yaxis2: { ...share, title: side("presence"), domain: [0.25, 0.44] },
      yaxis3: { ...axis, title: side("area, %"), domain: [0, 0.19], rangemode: "tozero", nticks: 4 },
    }, { displayModeBar: false });
  };
  draw(false);
  new ResizeObserver(() => Plotly.Plots.resize(box)).observe(box);
  dark.addEventListener("change", () => draw(false));
  addEventListener("beforeprint", () => draw(true));
  addEventListener("afterprint", () => draw(false));
})();`;
