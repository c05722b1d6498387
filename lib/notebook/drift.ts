// The drift of every object over the frames: where the masks are in doubt; with a
// truth also where they are wrong.
//
// Drawn as a static picture, because notebooks with their outputs are kept in
// git. The curves that answer to the mouse bring 5 MB of plotly.js with them
// and are added only when asked for.

import { listMasks } from "../store/masks.ts";
import { listObjects } from "../store/objects.ts";
import { reportObjects } from "../work/demo_report.ts";
import { type DriftRanking, rankDrift } from "../work/drift_ranking.ts";
import { evaluateClip, type FrameMeasure } from "../work/evaluate_clip.ts";
import { hexColour } from "../work/report/amounts.ts";
import { curvesHtml } from "../work/report/curves.ts";
import type { ReportObject } from "../work/report/demo_report.ts";
import { html } from "../work/report/html.ts";
import { type ChartLine, chartSvg } from "./chart.ts";
import { type Displayable, displayed, type Look } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";
import { asFrame } from "./interactive.ts";
import { drawPicture } from "./picture.ts";
import { withProgress } from "./progress.ts";

/** The curves as a cell shows them. */
export type DriftView = Displayable & {
  readonly objects: readonly ReportObject[];
  /** How well drift finds the masks that are wrong; undefined without a truth. */
  readonly ranking: DriftRanking | undefined;
};

/**
 * Shows the drift of every propagated mask, 0 (sure) to 1.
 *
 * @param options.truth a file or folder with the true masks: adds how wrong each mask is
 * @param options.interactive adds curves that answer to the mouse, 5 MB of notebook
 */
export async function drift(
  clip: OpenClip,
  { truth, interactive = false }: {
    truth?: string;
    interactive?: boolean;
  } = {},
): Promise<DriftView> {
  const { store, sequence } = clip;
  const objects = await reportObjects({
    objects: await listObjects(store, sequence.id),
    masks: await listMasks(store, sequence.id),
    store,
  });
  const measures = truth === undefined
    ? []
    : await withProgress((onProgress) =>
      evaluateClip(clip, truth, { onProgress })
    );
  const ranking = truth === undefined
    ? undefined
    : rankDrift(measures.flatMap(({ drift, iou }) =>
      drift === undefined ? [] : [{ drift, iou }]
    ));
  const chart = {
    lines: objects.flatMap((object) => linesOf(object, measures)),
    xLabel: "frame",
    yLabel: truth === undefined ? "drift" : "drift, 1 − IoU",
    toX: sequence.frameCount - 1,
  };
  const picture = await drawPicture(chartSvg(chart));
  const found = ranking ? [rankingText(ranking)] : [];
  const text = [...objects.map(textOf), ...found].join("\n");
  const looks: Look[] = [{ picture, text }, { text }];
  if (interactive) looks.push(interactiveCurves(objects, sequence));
  return displayed({ objects, ranking }, ...looks);
}

/** One object's drift, and what its masks lack where the truth is known; diamonds are conditions. */
export function linesOf(
  { name, number, colour, curve }: ReportObject,
  measures: readonly FrameMeasure[],
): readonly ChartLine[] {
  const ink = hexColour(colour, { black: 0.3 });
  const wrong = measures.filter(({ object }) => object === number)
    .map(({ frame, iou }) => ({ x: frame, y: 1 - iou }));
  const doubt: ChartLine = {
    name,
    detail: "drift",
    colour: ink,
    points: curve.map(({ frame, drift, areaPx, isCondition }) => ({
      x: frame,
      y: isCondition ? 0 : areaPx > 0 ? drift : undefined,
    })),
    marks: curve.filter(({ isCondition }) => isCondition)
      .map(({ frame }) => frame),
  };
  if (wrong.length === 0) return [doubt];
  return [doubt, {
    name: `${name}, wrong`,
    detail: "1 − IoU",
    colour: ink,
    dash: "5 3",
    points: wrong,
  }];
}

function interactiveCurves(
  objects: readonly ReportObject[],
  size: { readonly width: number; readonly height: number },
): Look {
  const page = html`<!doctype html><meta charset="utf-8">
<style>:root { --ink: #222; --line: #ccc; --paper: #fff; color-scheme: only light } body { margin: 0; background: #fff }</style>
${curvesHtml(objects, size)}`;
  return asFrame(page.html, { heightPx: 490 });
}

/** The highest drift of an object, for whoever sees no picture. */
function textOf({ name, curve }: ReportObject): string {
  const doubted = curve.filter(({ areaPx }) => areaPx > 0);
  const worst = doubted.reduce<typeof curve[number] | undefined>(
    (a, b) => (b.drift ?? 0) > (a?.drift ?? 0) ? b : a,
    undefined,
  );
  return worst?.drift === undefined
    ? `${name}: nothing propagated`
    : `${name}: highest drift ${
      worst.drift.toFixed(2)
    } on frame ${worst.frame}`;
}

function rankingText(
  { masks, wrong, precisionAtTenth, auc }: DriftRanking,
): string {
  const tenth = (precisionAtTenth * 100).toFixed(0);
  const area = auc === undefined ? "not defined" : auc.toFixed(2);
  return `${wrong} of ${masks} masks are wrong (IoU below 0.75): ${tenth} % of the tenth ` +
    `with the highest drift; area under ROC ${area}`;
}
