// How many clicks a good mask takes, as a curve and a table.

import {
  type ClickOptions,
  type ClicksNeeded,
  clicksNeeded,
  type ClickTrial,
  meanIouByClicks,
  simulateClicks,
} from "../work/clicks_to_quality.ts";
import { readTruthOf } from "../work/evaluate_clip.ts";
import { chartSvg, lineStyle } from "./chart.ts";
import { type Displayable, displayed } from "./display.ts";
import type { OpenClip } from "./open_clip.ts";
import { drawPicture } from "./picture.ts";
import { withProgress } from "./progress.ts";
import { tableLook } from "./table.ts";

/** Clicks as a cell shows them. */
export type ClicksView = Displayable & {
  readonly trials: readonly ClickTrial[];
  readonly needed: readonly ClicksNeeded[];
};

/**
 * Simulates a person who clicks on the worst place until each mask is good; the
 * clip stays as it is.
 *
 * @param truth a file or a folder of masks
 * @param options.qualities the IoUs that are asked for
 */
export async function clicksToQuality(
  clip: OpenClip,
  truth: string,
  { qualities = [0.7, 0.8, 0.85, 0.9], maxClicks = 20, ...options }:
    & Omit<ClickOptions, "until" | "onProgress">
    & { readonly qualities?: readonly number[] } = {},
): Promise<ClicksView> {
  const known = await readTruthOf(clip, truth);
  const until = Math.max(...qualities);
  const trials = await withProgress((onProgress) =>
    simulateClicks(clip, known, { ...options, maxClicks, until, onProgress })
  );
  const needed = qualities.map((quality) =>
    clicksNeeded(trials, quality, { maxClicks })
  );
  const lines = [...Map.groupBy(trials, ({ object }) => object)]
    .map(([object, own], i) => ({
      name: `object ${object}`,
      detail: `${own.length} frames`,
      ...lineStyle(i),
      points: meanIouByClicks(own).map((y, i) => ({ x: i + 1, y })),
    }));
  const most = Math.max(2, ...trials.map(({ ious }) => ious.length));
  const chart = {
    lines,
    xLabel: "clicks",
    yLabel: "mean IoU",
    fromX: 1,
    toX: most,
  };
  const picture = await drawPicture(chartSvg(chart));
  return displayed(
    { trials, needed },
    { picture, text: "mean IoU by clicks" },
    tableLook(needed),
  );
}
