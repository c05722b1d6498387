// The page of clicks to quality: what came out, curves, tables, the worst masks.

import type { Interval } from "../../../yolo/evaluation/bootstrap.ts";
import { meanByClicks } from "../../clicks_to_quality.ts";
import { secondsText } from "../../report/amounts.ts";
import { type Html, html } from "../../report/html.ts";
import { lineChart, type PageLine } from "../../report/line_chart.ts";
import { plainPage } from "../../report/plain_page.ts";
import { dataTable, factList, shareText } from "../../report/table.ts";
import {
  clickCounts,
  type ClickMeasures,
  type NamedIntervals,
  type PlacedTrial,
  qualities,
  type VideoMeasures,
} from "./click_measures.ts";
import { shownClicks, type WorstTrial } from "./worst_trials.ts";

/** What the page needs of an evaluation. */
export type ShownClicks = {
  readonly command: string | null;
  readonly model: {
    readonly id: string;
    readonly sha256: string;
    readonly licence: string;
    readonly side: number;
    readonly precision: string;
  };
  readonly settings: {
    readonly zoom: string;
    readonly maxClicks: number;
    readonly every: number;
    readonly device: string;
  };
  readonly notes: readonly string[];
  readonly stills: ClickMeasures | undefined;
  readonly video: VideoMeasures | undefined;
  readonly intervals: NamedIntervals;
  readonly tags: readonly MeasuredGroup[];
  readonly patients: readonly MeasuredGroup[];
  readonly trials: readonly PlacedTrial[];
};

type MeasuredGroup = {
  readonly name: string;
  readonly stills: ClickMeasures | undefined;
  readonly video: VideoMeasures | undefined;
};

const mostLines = 6; // of a chart, before it cannot be read

/** Makes the page as one text. */
export function clicksPage(
  shown: ShownClicks,
  { worst, date }: {
    readonly worst: readonly WorstTrial[];
    readonly date: string;
  },
): string {
  return plainPage({
    title: `Clicks to quality: ${shown.model.id}`,
    result: resultOf(shown),
    date,
    notes: shown.notes,
    sections: [
      section("Curves", charts(shown)),
      ...(shown.stills
        ? [section("Masks", stillsTable(shown.stills, shown))]
        : []),
      ...(shown.video
        ? [section("Clips", videoTable(shown.video, shown))]
        : []),
      section("By tag", groupTable("tag", shown.tags)),
      section("By patient", groupTable("patient", shown.patients)),
      section("Worst masks", pictures(worst)),
      section("How it was measured", facts(shown)),
    ],
  });
}

function resultOf({ stills, video, settings }: ShownClicks): string {
  const parts: string[] = [];
  if (stills) {
    const [, middle] = stills.noc;
    const three = stills.after.find(({ clicks }) => clicks === shownClicks);
    parts.push(
      `Dice ${
        shareText(three?.dice)
      } after ${shownClicks} clicks on ${stills.trials} masks; ` +
        `IoU ${middle.quality} takes ${middle.meanClicks.toFixed(1)} clicks, ` +
        `${middle.failures} masks do not get there in ${settings.maxClicks}`,
    );
  }
  const last = video?.after.at(-1);
  if (video && last) {
    parts.push(
      `clips have Dice ${
        shareText(video.after[0].dice)
      } after one clicked frame, ` +
        `${shareText(last.dice)} after ${last.corrected}`,
    );
  }
  return parts.join("; ") + ".";
}

function section(title: string, content: Html): Html {
  return html`<section><h2>${title}</h2>${content}</section>`;
}

function charts({ trials, video, tags }: ShownClicks): Html {
  const byTag = Map.groupBy(trials, ({ tag }) => tag ?? "(no tag)");
  const isSplit = byTag.size > 1 && byTag.size < mostLines;
  const lines: PageLine[] = [
    diceLine("all masks", trials, { style: 0, isMain: true }),
    ...(isSplit ? [...byTag] : []).map(([tag, own], i) =>
      diceLine(tag, own, { style: i + 1 })
    ),
  ];
  const most = Math.max(2, ...lines.map(({ points }) => points.length));
  const dice = lineChart({
    title: "Mean Dice",
    xLabel: "clicks",
    hasWholeX: true,
    x: [1, most],
    y: [0, 1],
    lines,
  });
  const reached = lineChart({
    title: "Share of masks that got there",
    xLabel: "clicks",
    hasWholeX: true,
    x: [1, most],
    y: [0, 1],
    lines: qualities.map((quality, i) => ({
      name: `IoU ${quality}`,
      style: i + 1,
      points: Array.from({ length: most }, (_, k) => ({
        x: k + 1,
        y: shareReached(trials, quality, k + 1),
      })),
    })),
  });
  return html`<div class="charts">${[
    dice,
    reached,
    ...(video ? [videoChart(video, tags)] : []),
  ]}</div>`;
}

function diceLine(
  name: string,
  trials: readonly PlacedTrial[],
  look: Pick<PageLine, "style" | "isMain">,
): PageLine {
  const points = meanByClicks(trials.map(({ dices }) => dices))
    .map((y, i) => ({ x: i + 1, y }));
  return { name, points, ...look };
}

function shareReached(
  trials: readonly PlacedTrial[],
  quality: number,
  clicks: number,
): number {
  const reached = trials.filter(({ ious }) =>
    ious.slice(0, clicks).some((value) => value >= quality)
  );
  return reached.length / trials.length;
}

function videoChart(
  video: VideoMeasures,
  tags: readonly MeasuredGroup[],
): Html {
  const lineOf = ({ after }: VideoMeasures) =>
    after.map(({ corrected, dice }) => ({ x: corrected, y: dice }));
  const own = tags.flatMap(({ name, video }) => video ? [{ name, video }] : []);
  const isSplit = own.length > 1 && own.length < mostLines;
  return lineChart({
    title: "Mean Dice of clips",
    xLabel: "corrected frames",
    hasWholeX: true,
    x: [1, Math.max(2, video.after.length)],
    y: [0, 1],
    lines: [
      { name: "all objects", points: lineOf(video), style: 0, isMain: true },
      ...(isSplit ? own : []).map(({ name, video }, i) => (
        { name, points: lineOf(video), style: i + 1 }
      )),
    ],
  });
}

function stillsTable(
  stills: ClickMeasures,
  { intervals, settings }: ShownClicks,
): Html {
  const needed = dataTable(
    ["to reach", "clicks", "95 %", "failures", "seconds, modelled"],
    stills.noc.map(({ quality, meanClicks, failures, seconds }) => [
      `IoU ${quality}`,
      meanClicks.toFixed(2),
      rangeText(intervals[`noc${Math.round(quality * 100)}`], 2),
      `${failures} of ${stills.trials}`,
      secondsText(seconds),
    ]),
  );
  const after = dataTable(
    ["after", "IoU", "95 %", "Dice", "95 %"],
    stills.after.map(({ clicks, iou, dice }) => [
      clicks === 1 ? "1 click" : `${clicks} clicks`,
      shareText(iou),
      rangeText(intervals[`iouAfter${clicks}`]),
      shareText(dice),
      rangeText(intervals[`diceAfter${clicks}`]),
    ]),
  );
  const note =
    `A mask that does not get there in ${settings.maxClicks} clicks counts with all of them.`;
  return html`${needed}<p class="soft">${note}</p>${after}`;
}

function videoTable(video: VideoMeasures, { intervals }: ShownClicks): Html {
  return dataTable(
    ["corrected frames", "Dice", "95 %", "clicks", "seconds, modelled"],
    video.after.map(({ corrected, dice, clicks, seconds }) => [
      String(corrected),
      shareText(dice),
      rangeText(intervals[`videoDiceAfter${corrected}`]),
      clicks.toFixed(1),
      secondsText(seconds),
    ]),
  );
}

function groupTable(what: string, groups: readonly MeasuredGroup[]): Html {
  const corrected = Math.max(
    0,
    ...groups.map(({ video }) => video?.after.length ?? 0),
  );
  const rounds = Array.from({ length: corrected }, (_, i) => i);
  return dataTable(
    [
      what,
      "masks",
      ...qualities.map((quality) => `NoC@${Math.round(quality * 100)}`),
      ...clickCounts.map((clicks) => `Dice@${clicks}`),
      ...rounds.map((i) => `clip Dice, ${i + 1}`),
    ],
    groups.map(({ name, stills, video }) => [
      name,
      String(stills?.trials ?? 0),
      ...qualities.map((_, i) => stills?.noc[i].meanClicks.toFixed(1) ?? "–"),
      ...clickCounts.map((_, i) => shareText(stills?.after[i].dice)),
      ...rounds.map((i) => shareText(video?.after[i]?.dice)),
    ]),
  );
}

function pictures(worst: readonly WorstTrial[]): Html {
  return html`
    <p
      class="soft">White: the true mask. Orange: the model's mask after ${shownClicks} clicks, where they overlap both. Green and red: the clicks.</p>
    <div class="clicks">${worst.map(({ picture: { src, size, caption } }) =>
      html`<figure><img src="${src}" width="${size.width}" height="${size.height}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`
    )}</div>
  `;
}

function facts({ model, settings, command }: ShownClicks): Html {
  return factList([
    ["model", `${model.id}, ${model.licence}`],
    ["sha256", html`<code>${model.sha256}</code>`],
    ["input", `${model.side} px, ${model.precision}, ${settings.device}`],
    ["zoom", settings.zoom],
    ["frames", `every ${settings.every} known one is clicked`],
    ...(command ? [["command", html`<code>${command}</code>`] as const] : []),
  ]);
}

/** The ends of an interval. */
export function rangeText(
  interval: Interval | undefined,
  digits = 3,
): string {
  const { low, high } = interval ?? { low: null, high: null };
  return low === null || high === null
    ? "–"
    : `${low.toFixed(digits)} to ${high.toFixed(digits)}`;
}
