// Training in a cell: curves that grow while it runs, then what it came to.

import { openRuntime } from "../runtime/runtime.ts";
import type { DeviceChoice } from "../runtime/runtime.ts";
import type { ResultsRow } from "../work/train/results_csv.ts";
import {
  trainDetector,
  type TrainOptions,
  type TrainPlan,
  type TrainResult,
} from "../work/train/train_detector.ts";
import { html } from "../work/report/html.ts";
import { type Chart, chartSvg, lineStyle } from "./chart.ts";
import { type Displayable, displayed } from "./display.ts";
import { findBroadcast } from "./kernel.ts";
import { drawPicture } from "./picture.ts";
import { tableLook } from "./table.ts";

/** A training as a cell shows it. */
export type TrainView = Displayable & TrainResult & {
  /** The curves, a row for each epoch of this sitting. */
  readonly rows: readonly ResultsRow[];
};

/**
 * Trains a detector, or goes on with the run in the folder; below the cell the
 * estimate is shown first, then the curves as they grow.
 *
 * @param options.device where it runs
 * @throws RangeError as trainDetector does
 */
export async function train(
  { device, ...options }:
    & Omit<TrainOptions, "onPlan" | "onEpoch" | "onProgress">
    & { readonly device?: DeviceChoice },
): Promise<TrainView> {
  const rows: ResultsRow[] = [];
  const live = openLive();
  let plan: TrainPlan | undefined;
  const runtime = await openRuntime({ device });
  try {
    const result = await trainDetector(runtime, {
      ...options,
      onPlan: (told) => {
        plan = told;
        live.show(planLine(told));
      },
      onEpoch: (_, row) => {
        rows.push(row);
        if (plan) live.show(epochLine(plan, rows), curves(rows, plan));
      },
    });
    await live.end(`trained ${result.epochs} epochs`);
    const picture = plan && rows.length > 0
      ? await drawPicture(chartSvg(curves(rows, plan)))
      : undefined;
    const { fitness, epoch } = result.best;
    const facts = {
      epochs: result.epochs,
      "best epoch": epoch,
      fitness,
      seconds: Math.round(result.seconds),
    };
    const marks = result.marks.length > 0
      ? [{ text: result.marks.join("\n") }]
      : [];
    return displayed(
      { ...result, rows },
      ...(picture ? [{ picture, text: "curves of the training" }] : []),
      tableLook([facts]),
      ...marks,
    );
  } finally {
    runtime.close();
  }
}

function planLine({ settings, images, estimate }: TrainPlan): string {
  const { epochs, side, batch } = settings;
  const minutes = estimate.seconds / 60;
  const about = minutes < 1.5
    ? `${Math.ceil(estimate.seconds)} s`
    : `${Math.round(minutes)} min`;
  return `${images.train} images, ${epochs} epochs at ${side} px, batch ${batch}: about ${about}`;
}

function epochLine(plan: TrainPlan, rows: readonly ResultsRow[]): string {
  const { epoch, time } = rows[rows.length - 1];
  const here = rows.length;
  const left = plan.settings.epochs - epoch;
  const before = rows[0].time - firstSeconds(rows);
  const seconds = Math.ceil((time - before) / here * left);
  return `epoch ${epoch}/${plan.settings.epochs} · ${seconds} s left`;
}

/** Seconds of the first epoch of this sitting, as far as the rows tell. */
function firstSeconds(rows: readonly ResultsRow[]): number {
  return rows.length > 1 ? rows[1].time - rows[0].time : rows[0].time;
}

/** mAP as it is, the loss as a share of its first value. */
function curves(rows: readonly ResultsRow[], { settings }: TrainPlan): Chart {
  const lossOf = (row: ResultsRow) =>
    Object.entries(row).reduce(
      (sum, [name, value]) => name.startsWith("train/") ? sum + value : sum,
      0,
    );
  const first = lossOf(rows[0]);
  const line = (
    name: string,
    i: number,
    value: (row: ResultsRow) => number | undefined,
  ) => ({
    name,
    ...lineStyle(i),
    points: rows.map((row) => ({ x: row.epoch, y: value(row) })),
  });
  const hasMasks = rows[0]["metrics/mAP50(M)"] !== undefined;
  return {
    lines: [
      line("mAP50", 0, (row) => row["metrics/mAP50(B)"]),
      line("mAP50-95", 1, (row) => row["metrics/mAP50-95(B)"]),
      ...(hasMasks
        ? [line("mask mAP50-95", 2, (row) => row["metrics/mAP50-95(M)"])]
        : []),
      line("loss / first", 3, (row) => Math.min(1, lossOf(row) / first)),
    ],
    xLabel: "epoch",
    yLabel: "validation",
    fromX: rows[0].epoch,
    toX: Math.max(settings.epochs, rows[0].epoch + 1),
  };
}

/** One display below the cell that changes while it runs; nothing outside of a notebook. */
function openLive() {
  const broadcast = findBroadcast();
  const transient = { display_id: crypto.randomUUID() };
  let sent: Promise<void> = Promise.resolve();
  let kind: "display_data" | "update_display_data" = "display_data";
  const send = (data: Record<string, string>) => {
    if (!broadcast) return;
    const message = kind;
    kind = "update_display_data";
    const content = { data, metadata: {}, transient };
    sent = sent.then(() => broadcast(message, content));
  };
  return {
    show: (line: string, chart?: Chart) => {
      if (!chart) return send({ "text/plain": line });
      const { size, content } = chartSvg(chart);
      const svg = html`
        <div>${line}</div>
        <svg width="${size.width}" height="${size.height}"
          viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif"
          font-size="12" fill="#333" style="background: #fff">${content}</svg>
      `;
      send({ "text/html": svg.html, "text/plain": line });
    },
    /** Leaves a line; the curves come with the value of the cell. */
    end: async (line: string) => {
      send({ "text/plain": line });
      await sent;
    },
  };
}
