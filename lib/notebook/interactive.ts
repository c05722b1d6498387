// A chart that answers to the mouse, for a cell that asks for it: plotly.js goes
// into the output, so that it needs no network; that is 5 MB of notebook.

import { fileURLToPath } from "node:url";
import { escapeHtml, html, scriptJson } from "../work/report/html.ts";
import type { Chart } from "./chart.ts";
import type { Look } from "./display.ts";

/** The chart in a frame of its own: the page around it may have other scripts. */
export function interactiveChart(chart: Chart): Look {
  const plotly = Deno.readTextFileSync(
    fileURLToPath(import.meta.resolve("plotly.js-dist-min")),
  );
  const page = html`
    <!doctype html>
    <meta charset="utf-8">
    <style>:root { color-scheme: only light } body { margin: 0; background: #fff }</style>
    <div id="chart"></div>
    <script>${{ html: plotly.replaceAll("</script", "<\\/script") }}</script>
    <script type="application/json" id="data">${scriptJson(
      dataOf(chart),
    )}</script>
    <script>${{ html: drawScript }}</script>
  `;
  return asFrame(page.html, { heightPx: 330 });
}

/** A page in a cell. */
export function asFrame(
  page: string,
  { heightPx }: { heightPx: number },
): Look {
  const frame = html`
    <iframe srcdoc="${page}"
      style="width: 100%; height: ${heightPx}px; border: 0"></iframe>
  `;
  return { html: frame.html, text: "the same, for the mouse" };
}

/** What plotly draws. */
export function dataOf({ lines, xLabel, yLabel }: Chart) {
  const traces = lines.map(({ name, colour, dash, points }) => ({
    name: escapeHtml(name), // plotly reads tags in texts
    mode: "lines",
    line: {
      width: 2,
      color: colour,
      dash: dash?.replaceAll(" ", "px,").concat("px"),
    },
    x: points.map(({ x }) => x),
    y: points.map(({ y }) => y ?? null),
    hovertemplate: "%{y:.3f}",
  }));
  const layout = {
    height: 320,
    margin: { l: 58, r: 12, t: 30, b: 44 },
    font: { family: "system-ui, sans-serif", size: 12, color: "#222" },
    hovermode: "x unified",
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    xaxis: { title: { text: xLabel }, gridcolor: "#ccc" },
    yaxis: { title: { text: yLabel }, gridcolor: "#ccc", range: [-0.02, 1.02] },
  };
  return { traces, layout };
}

/** Runs in the page. */
const drawScript = `(() => {
  const { traces, layout } = JSON.parse(document.getElementById("data").textContent);
  Plotly.newPlot("chart", traces, layout, { displayModeBar: false, responsive: true });
})();`;
