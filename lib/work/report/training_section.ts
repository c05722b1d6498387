// The curves and the settings of a training.

import type { TrainingRecord } from "./experiment.ts";
import { secondsText } from "./amounts.ts";
import { type Html, html } from "./html.ts";
import { lineChart, type PageChart, type PageLine } from "./line_chart.ts";
import { factList, settingText } from "./table.ts";

/** The section of a training. */
export function trainingSection(training: TrainingRecord): Html {
  const { rows, bestEpoch, start, settings } = training;
  const last = rows.at(-1);
  const facts = [
    `start: ${start}`,
    ...(last
      ? [`${rows.length} epochs in ${secondsText(last.time ?? 0)}`]
      : ["no epoch has ended yet"]),
    ...(bestEpoch === null ? [] : [`best epoch ${bestEpoch}`]),
  ];
  return html`
    <section id="training">
      <h2>Training</h2>
      <p>${facts.join("; ")}.</p>
      <div class="charts">${chartsOf(training).map(lineChart)}</div>
      <details><summary>All settings</summary>${factList(
        Object.entries(settings).map(([name, value]) => [
          name,
          settingText(value),
        ]),
      )}</details>
    </section>
  `;
}

/** Losses of train and val, one chart each; then mAP, and the rates. */
function chartsOf({ rows, bestEpoch }: TrainingRecord): PageChart[] {
  if (rows.length === 0) return [];
  const columns = Object.keys(rows[0]);
  const line = (column: string, name: string, style: number): PageLine => ({
    name,
    style,
    points: rows.map((row) => ({ x: row.epoch, y: row[column] })),
  });
  const x = [
    rows[0].epoch,
    Math.max(rows[rows.length - 1].epoch, rows[0].epoch + 1),
  ] as const;
  const mark = bestEpoch === null
    ? undefined
    : { x: bestEpoch, name: "best epoch" };
  const chart = (
    title: string,
    lines: readonly PageLine[],
    y?: PageChart["y"],
  ) => ({ title, lines, xLabel: "epoch", x, y, mark }) satisfies PageChart;
  const losses = columns.filter((name) => name.startsWith("train/"))
    .map((column) => {
      const loss = column.slice("train/".length);
      return chart(loss.replaceAll("_", " "), [
        line(column, "train", 0),
        line(`val/${loss}`, "val", 1),
      ]);
    });
  const scores = columns.filter((name) => name.startsWith("metrics/mAP"));
  const rates = columns.filter((name) => name.startsWith("lr/"));
  return [
    chart(
      "validation",
      scores.map((column, i) => line(column, scoreName(column), i)),
      [0, 1],
    ),
    ...losses,
    chart(
      "learning rate",
      rates.map((column, i) => line(column, column.slice("lr/".length), i)),
    ),
  ];
}

/** `metrics/mAP50(B)` as `mAP50, boxes`. */
function scoreName(column: string): string {
  const what = column.endsWith("(M)") ? "masks" : "boxes";
  return `${column.replace("metrics/", "").replace(/\([BM]\)$/, "")}, ${what}`;
}
