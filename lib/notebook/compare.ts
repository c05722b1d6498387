// Several runs beside each other: one chart over the frames, one table of means.

import { meanOf } from "../work/evaluate_clip.ts";
import { chartSvg, lineStyle } from "./chart.ts";
import { type Displayable, displayed, type Look } from "./display.ts";
import { interactiveChart } from "./interactive.ts";
import { drawPicture } from "./picture.ts";
import { tableLook } from "./table.ts";

/** A run: its name and how good each of its masks is. */
export type ComparedRun = {
  readonly name: string;
  readonly rows: readonly ComparedMask[];
  /** Time for a frame, where it was taken. */
  readonly msPerFrame?: number;
};

/** How good one mask is; what was not measured is left out. */
export type ComparedMask = {
  readonly frame: number;
  /** Intersection over union, J. */
  readonly iou?: number;
  /** Agreement of the boundaries, F. */
  readonly f?: number;
};

/** The means of a run; of what was not measured they are left out. */
export type RunMeans = {
  readonly run: string;
  readonly masks: number;
  readonly meanIou?: number;
  readonly meanF?: number;
  /** J&F: the mean of both. */
  readonly meanJF?: number;
  readonly msPerFrame?: number;
};

/** Runs as a cell shows them. */
export type CompareView = Displayable & { readonly means: readonly RunMeans[] };

/**
 * Shows runs in one chart, and their means in a table.
 *
 * @param options.by which measure the chart shows: `iou` or `f`; the table has both
 * @param options.interactive adds a chart that answers to the mouse, 5 MB of notebook
 *
 * @example The second run is better on its only frame
 * ```ts
 * import { compare } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const { means } = await compare([
 *   { name: "128 px", rows: [{ frame: 0, iou: 0.5 }] },
 *   { name: "192 px", rows: [{ frame: 0, iou: 0.75 }] },
 * ]);
 * deepEqual(means.map(({ run, meanIou }) => [run, meanIou]), [["128 px", 0.5], ["192 px", 0.75]]);
 * ```
 */
export async function compare(
  runs: readonly ComparedRun[],
  { by = hasIou(runs) ? "iou" : "f", interactive = false }: {
    by?: "iou" | "f";
    interactive?: boolean;
  } = {},
): Promise<CompareView> {
  const frames = runs.flatMap(({ rows }) => rows.map(({ frame }) => frame));
  const chart = {
    lines: runs.map(({ name, rows }, i) => {
      const values = valuesOf(rows, by);
      const detail = values.length > 0
        ? `mean ${meanOf(values).toFixed(3)}`
        : undefined;
      return { name, detail, ...lineStyle(i), points: byFrame(rows, by) };
    }),
    xLabel: "frame",
    yLabel: by === "iou" ? "IoU (J)" : "boundary F",
    fromX: frames.length > 0 ? Math.min(...frames) : 0,
    toX: Math.max(0, ...frames),
  };
  const means = runs.map(meansOf);
  const picture = await drawPicture(chartSvg(chart));
  const looks: Look[] = [{
    picture,
    text: `${chart.yLabel} of ${runs.length} runs`,
  }, tableLook(means)];
  if (interactive) looks.push(interactiveChart(chart));
  return displayed({ means }, ...looks);
}

function hasIou(runs: readonly ComparedRun[]): boolean {
  return runs.some(({ rows }) => rows.some(({ iou }) => iou !== undefined));
}

/** The mean over the objects, for every frame. */
function byFrame(rows: readonly ComparedMask[], by: "iou" | "f") {
  return [...Map.groupBy(rows, ({ frame }) => frame)]
    .sort(([a], [b]) => a - b)
    .map(([x, masks]) => {
      const values = valuesOf(masks, by);
      return { x, y: values.length > 0 ? meanOf(values) : undefined };
    });
}

function valuesOf(rows: readonly ComparedMask[], by: "iou" | "f"): number[] {
  return rows.flatMap((row) => row[by] ?? []);
}

function meansOf({ name, rows, msPerFrame }: ComparedRun): RunMeans {
  const [ious, fs] = [valuesOf(rows, "iou"), valuesOf(rows, "f")];
  const meanIou = ious.length > 0 ? meanOf(ious) : undefined;
  const meanF = fs.length > 0 ? meanOf(fs) : undefined;
  const isBoth = meanIou !== undefined && meanF !== undefined;
  return {
    run: name,
    masks: rows.length,
    ...meanIou === undefined ? {} : { meanIou },
    ...meanF === undefined ? {} : { meanF },
    ...isBoth ? { meanJF: (meanIou + meanF) / 2 } : {},
    ...msPerFrame === undefined ? {} : { msPerFrame: Math.round(msPerFrame) },
  };
}
